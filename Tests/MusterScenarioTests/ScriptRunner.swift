import MusterCore

/// Runs a script: blocks of commands, a line `----`, and what came of them; blocks are apart by an
/// empty line. Lines that begin with `#` are prose.
struct ScriptRunner {
    var world = ScriptWorld()
    private var requestCount = 0
    private var storeCount: UInt64 = 0
    private var onlyAt: MembershipVersion?

    /// What is wrong with a script's line.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The script with its expectations replaced by what really came.
    mutating func run(_ script: String) throws -> String {
        var result: [String] = []
        var isExpectation = false
        var commands = 0
        for raw in script.split(separator: "\n", omittingEmptySubsequences: false) {
            let line = String(raw)
            if isExpectation {
                if !line.isEmpty { continue }
                isExpectation = false
            }
            if line == "----" {
                isExpectation = true
                commands = 0
                result.append(line)
                result += world.output
                world.output = []
                continue
            }
            result.append(line)
            if line.isEmpty || line.hasPrefix("#") { continue }
            commands += 1
            try perform(line)
        }
        return result.joined(separator: "\n")
    }

    private mutating func perform(_ line: String) throws {
        var words = line.split(separator: " ").map(String.init)
        let command = words.removeFirst()
        switch command {
        case "cluster": cluster(words)
        case "engine": engine(words)
        case "policy": try policy(words)
        case "up": up(words)
        case "silence": world.silent.formUnion(nodes(words))
        case "return": world.silent.subtract(nodes(words))
        case "restart": restart(words)
        case "wipe": wipe(words)
        case "leave":
            for name in nodes(words) {
                guard let identity = world.nodes[name]?.identity else { continue }
                world.take(.fact(.nodeLeaving(identity, reason: "script")))
            }
        case "announce": announce(words)
        case "contact": world.inContact.formUnion(nodes(words))
        case "lag": lag(words)
        case "compact": world.compacts = Int(words[0]) ?? 1
        case "truncate":
            for name in world.groups.keys {
                world.groups.update(name) { $0.firstIndex = UInt64(words[0]) ?? 1 }
            }
        case "carry": world.carriesOut = words == ["on"]
        case "fail":
            world.failures[words[0]] = CommandFailure.Code(rawValue: words[1])
            if words.last == "always" { world.failing.insert(words[0]) }
        case "wait": world.wait(try Self.duration(words[0]))
        case "behind": world.fallBehind(by: try Self.duration(words[0]))
        case "takeover": world.takeOver()
        case "managers": world.takeovers = try Self.duration(words[0])
        case "blind": world.see(Blindness(kind: .fleet, count: 30, of: 90))
        case "sight": world.see(nil)
        case "lead":
            // `lead n2 g1`: in these groups; without any, in all.
            let name = NodeID(unchecked: words[0])
            let wanted = words.dropFirst().map { GroupID(unchecked: $0) }
            for group in wanted.isEmpty ? world.groups.keys : wanted {
                world.groups.update(group) { $0.lead(name) }
            }
        case "gap": world.now = world.now + (try Self.duration(words[0]))
        case "request": try request(words)
        case "state": state()
        default:
            if try performMischief(command, words) { return }
            throw Failure(description: "unknown command \(command)")
        }
    }

    static func duration(_ text: String) throws -> Duration {
        guard let number = Int64(text.dropLast()), let unit = text.last else {
            throw Failure(description: "\(text) is no duration")
        }
        switch unit {
        case "s": return .seconds(number)
        case "m": return .seconds(number * 60)
        case "h": return .seconds(number * 3600)
        default: throw Failure(description: "\(text) is no duration")
        }
    }

    private func nodes(_ words: [String]) -> [NodeID] { words.map(NodeID.init(unchecked:)) }

    // MARK: The world

    /// `cluster n1 n2 n3 groups g1 g2`: voters that run, and are heard from now on.
    private mutating func cluster(_ words: [String]) {
        let parts = words.split(separator: "groups")
        let names = nodes(Array(parts[0]))
        let groups = parts.count > 1 ? parts[1].map(GroupID.init(unchecked:)) : []
        var seats = SortedMap<NodeID, ScriptGroup.Seat>()
        for name in names {
            add(name, groups: groups, applied: LogIndex(1000), blank: false, role: .voter)
            guard let store = world.nodes[name]?.identity.store else { continue }
            seats[name] = ScriptGroup.Seat(store: store, role: .voter, match: 1000)
            world.running[name] = groups
        }
        for group in groups {
            world.groups[group] = ScriptGroup(members: seats, leader: names[0])
        }
        for name in names { announce(name) }
    }

    private mutating func engine(_ words: [String]) {
        for word in words {
            switch word {
            case "startsAfterAdd": world.capabilities.startsAfterAdd = true
            case "external": world.capabilities.seed = .external
            case "demote": world.capabilities.demote = true
            case "noTransfer": world.capabilities.transfer = false
            case "addNeedsAllVoters": world.capabilities.addNeedsAllVoters = true
            case "copyStopsWrites": world.capabilities.copyStopsWrites = true
            case "selfPromotes": world.capabilities.selfPromotes = true
            case let word where word.hasPrefix("learners"):
                world.capabilities.learnersMax = UInt32(word.dropFirst(8)) ?? 1
            default: break
            }
        }
    }

    private mutating func add(
        _ name: NodeID, groups: [GroupID], applied: LogIndex?, blank: Bool, role: Role
    ) {
        storeCount += 1
        world.nodes[name] = NodeUp(
            identity: NodeIdentity(
                node: name, store: Identifier(high: 1, low: storeCount), start: Start(1)),
            boot: Identifier(high: 2, low: storeCount), role: role, blank: blank,
            engine: blank ? nil : world.mischief.engine,
            address: "", zone: "", groupsVersion: 1,
            groups: groups.map {
                NodeGroup(group: $0, capabilities: world.capabilities, applied: applied)
            })
    }

    /// A node of that name on a new, blank disk.
    mutating func fresh(_ name: NodeID, role: Role) -> NodeUp {
        storeCount += 1
        return NodeUp(
            identity: NodeIdentity(
                node: name, store: Identifier(high: 1, low: storeCount), start: Start(1)),
            boot: Identifier(high: 2, low: storeCount), role: role, blank: true, engine: nil,
            address: "", zone: "", groupsVersion: 1,
            groups: world.groups.keys.map {
                NodeGroup(group: $0, capabilities: world.capabilities, applied: nil)
            })
    }

    /// `up n4 [applied=NNN] [in=g1] [role=readonly] [data=CLUSTER]`: a new node.
    private mutating func up(_ words: [String]) {
        let name = NodeID(unchecked: words[0])
        var (applied, role): (LogIndex?, Role) = (nil, .voter)
        for word in words.dropFirst() {
            let pair = word.split(separator: "=").map(String.init)
            if pair[0] == "applied" { applied = UInt64(pair[1]).map { LogIndex($0) } }
            if pair[0] == "role" { role = Role(rawValue: pair[1]) ?? .voter }
        }
        add(
            name, groups: world.groups.keys, applied: applied, blank: applied == nil, role: role)
        if let only = words.first(where: { $0.hasPrefix("in=") })?.dropFirst(3) {
            world.nodes.update(name) { up in
                for place in up.groups.indices where up.groups[place].group.text != only {
                    up.groups[place].applied = nil
                }
            }
        }
        if let data = words.first(where: { $0.hasPrefix("data=") }) {
            let engine = EngineIdentity(cluster: String(data.dropFirst(5)), recoveryEpoch: 2)
            world.nodes.update(name) {
                $0.engine = engine
                $0.blank = false
            }
        }
        announce(name)
    }

    mutating func announce(_ name: NodeID) {
        guard let up = world.nodes[name] else { return }
        world.take(.fact(.nodeUp(up)))
    }

    private mutating func restart(_ words: [String]) {
        for name in nodes(words) {
            world.nodes.update(name) {
                $0.identity.start = $0.identity.start.next
                $0.boot = Identifier(high: $0.boot.high + 1, low: $0.boot.low)
            }
            world.silent.remove(name)
            announce(name)
        }
    }

    /// `wipe n3`: the node comes back on another, blank disk.
    private mutating func wipe(_ words: [String]) {
        for name in nodes(words) {
            let role = world.nodes[name]?.role ?? .voter
            add(name, groups: world.groups.keys, applied: nil, blank: true, role: role)
            world.running[name] = []
            world.silent.remove(name)
            announce(name)
        }
    }

    private mutating func announce(_ words: [String]) {
        for name in nodes(words) {
            guard let identity = world.nodes[name]?.identity else { continue }
            world.take(.fact(.nodeStopping(identity)))
            world.silent.insert(name)
        }
    }

    private mutating func lag(_ words: [String]) {
        let name = NodeID(unchecked: words[0])
        for group in world.groups.keys {
            world.groups.update(group) {
                $0.members.update(name) { $0.lag = UInt64(words[1]) ?? 0 }
            }
        }
    }

    // MARK: Requests

    private mutating func policy(_ words: [String]) throws {
        var patch = PolicyPatch()
        for word in words {
            let pair = word.split(separator: "=").map(String.init)
            switch pair[0] {
            case "join": patch.joinPolicy = Policy.JoinPolicy(rawValue: pair[1])
            case "minVoters": patch.votersMin = UInt32(pair[1])
            case "joins": patch.join = Policy.Mode(rawValue: pair[1])
            case "promotion": patch.promotion = Policy.Mode(rawValue: pair[1])
            case "replacement": patch.replacement = Policy.Mode(rawValue: pair[1])
            case "removal": patch.removal = Policy.Mode(rawValue: pair[1])
            case "listed":
                patch.listed = pair[1].split(separator: ",").map { NodeID(unchecked: String($0)) }
            case "maxVoters": patch.votersMax = UInt32(pair[1])
            case "removalDelay": patch.removalDelay = try Self.duration(pair[1])
            case "catchUpTimeout": patch.catchUpTimeout = try Self.duration(pair[1])
            case "learnersMax": patch.learnersMax = UInt32(pair[1])
            default: throw Failure(description: "unknown policy \(pair[0])")
            }
        }
        ask(.configure(patch), [], id: nil)
    }

    private mutating func request(_ words: [String]) throws {
        let flags = words.filter { $0.hasPrefix("--") }.compactMap {
            Request.Override(rawValue: String($0.dropFirst(2)))
        }
        let id = words.first { $0.hasPrefix("id=") }.map { String($0.dropFirst(3)) }
        let version = words.first { $0.hasPrefix("version=") }.flatMap { UInt64($0.dropFirst(8)) }
        onlyAt = version.map { MembershipVersion($0) }
        if let action = try keeping(words) { return ask(action, flags, id: id) }
        let node = NodeID(unchecked: words[1])
        switch words[0] {
        case "add":
            let role = words.first { $0.hasPrefix("role=") }
                .flatMap { Role(rawValue: String($0.dropFirst(5))) }
            let wipe = words.contains("wipe") ? world.nodes[node]?.identity.store : nil
            let other = words.contains("wipe-other") ? Identifier(high: 9, low: 9) : nil
            let list = words.first { $0.hasPrefix("groups=") }?.dropFirst(7).split(separator: ",")
            let wish = list.map { GroupWish.list($0.map { GroupID(unchecked: String($0)) }) }
            ask(
                .add(node: node, role: role ?? .voter, groups: wish ?? .all, wipe: wipe ?? other),
                flags, id: id)
        case "remove": ask(.remove(node: node), flags, id: id)
        case "promote": ask(.promote(node: node), flags, id: id)
        case "demote": ask(.demote(node: node), flags, id: id)
        case "transfer":
            ask(
                .transfer(group: GroupID(unchecked: words[1]), to: NodeID(unchecked: words[2])),
                flags, id: id)
        case "replace":
            let newcomer = words.dropFirst(2).first { !$0.contains("=") && !$0.hasPrefix("--") }
            ask(
                .replace(node: node, with: newcomer.map(NodeID.init(unchecked:))), flags, id: id)
        case "cancel": ask(.cancel(node: node), flags, id: id)
        case "extend": ask(.extend(node: node, by: try Self.duration(words[2])), flags, id: id)
        default: throw Failure(description: "unknown request \(words[0])")
        }
    }

    /// What changes no members; nil when it is another request.
    private func keeping(_ words: [String]) throws -> Request.Action? {
        let node = words.dropFirst().first { !$0.hasPrefix("--") && !$0.contains("=") }
            .map { NodeID(unchecked: $0) }
        let name = node ?? NodeID(unchecked: "")
        let length = try words.first { $0.hasPrefix("for=") }
            .map { try Self.duration(String($0.dropFirst(4))) }
        switch words[0] {
        case "hold": return .hold(node: name, lasting: length ?? Interval.lengthDefault)
        case "release": return .release(node: name)
        case "pause": return .pause(lasting: length ?? Interval.lengthDefault)
        case "resume": return .resume
        case "retry": return .retry(node: name)
        case "adopt": return .adopt(node: node)
        case "forget": return .forget(node: name)
        case "approve":
            // `approve first` names the oldest that waits, `approve past` the last that is over,
            // `approve withheld` the oldest that was only said.
            let known =
                words[1] == "past"
                ? world.state.proposalsPast.last?.id
                : world.state.proposals.first {
                    ($0.withheld == nil) == (words[1] != "withheld")
                }?.id
            return .approve(UInt64(words[1]).map { MusterCore.Sequence($0) } ?? known ?? .init(0))
        default: return nil
        }
    }

    private mutating func ask(
        _ action: Request.Action, _ overrides: [Request.Override], id: String?
    ) {
        requestCount += 1
        world.take(
            .request(
                Request(
                    id: RequestID(unchecked: id ?? "r\(requestCount)"),
                    principal: Principal(unchecked: "ann"), reason: "script",
                    validFor: .seconds(60), onlyAt: onlyAt, overrides: overrides,
                    action: action)))
        onlyAt = nil
    }

    // MARK: State

    private mutating func state() {
        for (node, known) in world.state.nodes {
            let membership = world.state.membership(of: node)?.rawValue ?? "-"
            var line = "\(node): \(membership), \(known.liveness.rawValue)"
            if known.removal != nil { line += ", removal pending" }
            if world.state.isHeld(node, at: world.now) { line += ", held" }
            let points = known.flaps.points(at: world.now)
            if points > 0 { line += ", flap score \(points)" }
            if world.state.isDamped(node, at: world.now) { line += " (damped)" }
            world.output.append(line)
        }
        for entry in world.state.proposals {
            let word = entry.withheld == nil ? "proposed" : "withheld"
            world.output.append("\(word): \(entry.rule.rawValue) of \(entry.node)")
        }
        for (group, known) in world.state.groups {
            let members = known.configuration?.members ?? []
            let text = members.map { $0.node.text + ($0.role == .voter ? "" : "?") }
            world.output.append(
                "\(group): \(text.joined(separator: " ")), desired \(known.desired), "
                    + "floor \(world.state.floor(of: group))")
        }
    }
}
