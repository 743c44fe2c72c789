import MusterCore

/// Runs a script: blocks of commands, a line `----`, and what came of them; blocks are apart by an
/// empty line. Lines that begin with `#` are prose.
struct ScriptRunner {
    var world = ScriptWorld()
    private var requestCount = 0
    private var storeCount: UInt64 = 0

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
        case "announce": announce(words)
        case "contact": world.inContact.formUnion(nodes(words))
        case "lag": lag(words)
        case "compact": world.compacts = Int(words[0]) ?? 1
        case "truncate":
            for name in world.groups.keys {
                world.groups.update(name) { $0.firstIndex = UInt64(words[0]) ?? 1 }
            }
        case "carry": world.carriesOut = words == ["on"]
        case "fail": world.failures[words[0]] = CommandFailure.Code(rawValue: words[1])
        case "wait": world.wait(try Self.duration(words[0]))
        case "gap": world.now = world.now + (try Self.duration(words[0]))
        case "request": try request(words)
        case "state": state()
        default: throw Failure(description: "unknown command \(command)")
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
            case "addNeedsAllVoters": world.capabilities.addNeedsAllVoters = true
            case "learners2": world.capabilities.learnersMax = 2
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
            boot: Identifier(high: 2, low: storeCount), role: role, blank: blank, engine: nil,
            address: "", zone: "", groupsVersion: 1,
            groups: groups.map {
                NodeGroup(group: $0, capabilities: world.capabilities, applied: applied)
            })
    }

    /// `up n4 [applied=NNN] [role=readonly]`: a new node.
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
        announce(name)
    }

    private mutating func announce(_ name: NodeID) {
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
        let node = NodeID(unchecked: words[1])
        switch words[0] {
        case "add":
            let role = words.first { $0.hasPrefix("role=") }
                .flatMap { Role(rawValue: String($0.dropFirst(5))) }
            ask(
                .add(node: node, role: role ?? .voter, groups: .all, wipe: nil), flags, id: id)
        case "remove": ask(.remove(node: node), flags, id: id)
        case "cancel": ask(.cancel(node: node), flags, id: id)
        case "extend": ask(.extend(node: node, by: try Self.duration(words[2])), flags, id: id)
        default: throw Failure(description: "unknown request \(words[0])")
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
                    validFor: .seconds(60), onlyAt: nil, overrides: overrides, action: action)))
    }

    // MARK: State

    private mutating func state() {
        for (node, known) in world.state.nodes {
            let membership = world.state.membership(of: node)?.rawValue ?? "-"
            let removal = known.removal == nil ? "" : ", removal pending"
            world.output.append("\(node): \(membership), \(known.liveness.rawValue)\(removal)")
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
