internal import MusterAgent
package import MusterCore
package import MusterWire

/// A fleet of nodes with their groups, as a value on a clock of its own. It knows nothing of the
/// manager.
///
/// Either it has small agents of its own: time and commands go in, messages come out. Or agents
/// stand beside it, and each looks at its node and has commands carried out by a
/// `SimulatedExecutor`; then nothing comes out of itself.
package struct Fleet: Sendable {
    package let cluster: ClusterID
    /// Whether it has agents of its own.
    package let speaks: Bool
    package var settings: Settings
    package private(set) var now: Timestamp
    package internal(set) var nodes = SortedMap<NodeID, SimulatedNode>()
    package internal(set) var groups = SortedMap<GroupID, SimulatedGroup>()
    var outgoing: [InputMessage] = []
    var ended: [Ended] = []
    private var random: UInt64

    /// How fast things go.
    package struct Settings: Sendable {
        package var heartbeatInterval: Duration = .milliseconds(200)
        package var observationInterval: Duration = .milliseconds(100)
        package var electionTimeout: Duration = .milliseconds(300)
        /// Entries a second that clients write to each group.
        package var writes: UInt64 = 50
        /// Entries a second that a member that lags can take.
        package var catchUp: UInt64 = 20_000
        /// Bytes a second of a copy.
        package var copyRate: UInt64 = 20_000_000

        package init() {}
    }

    /// - Parameters:
    ///   - seed: decides stores and boots.
    ///   - speaks: whether it has agents of its own.
    package init(
        cluster: ClusterID, now: Timestamp, seed: UInt64, settings: Settings, speaks: Bool = true
    ) {
        self.cluster = cluster
        self.speaks = speaks
        self.now = now
        self.settings = settings
        random = seed
    }

    // MARK: What a person does

    /// A new node with a blank disk; it is not started.
    package mutating func add(_ node: NodeID, role: Role = .voter) {
        let identity = NodeIdentity(node: node, store: identifier(), start: Start(0))
        nodes[node] = SimulatedNode(identity: identity, boot: identifier(), role: role)
    }

    /// Founds a group whose only member is that node.
    package mutating func found(
        _ group: GroupID, on node: NodeID, capabilities: Capabilities, commit: UInt64,
        bytes: UInt64
    ) {
        guard let store = nodes[node]?.identity.store else { return }
        groups[group] = SimulatedGroup(
            id: group, capabilities: capabilities, founder: node, store: store, commit: commit,
            bytes: bytes)
        nodes.update(node) {
            $0.servers[group] = SimulatedNode.Server(isRunning: true, log: commit)
        }
    }

    /// Makes every group's data that large.
    package mutating func grow(to bytes: UInt64) {
        for group in groups.keys { groups.update(group) { $0.bytes = bytes } }
    }

    /// Starts the node's process, as a new start on its disk. What its agent had begun and not
    /// ended has an unknown outcome.
    package mutating func start(_ node: NodeID) {
        let boot = identifier()
        var begun: [(CommandID, NodeIdentity)] = []
        nodes.update(node) {
            begun = $0.copies.values.map { ($0.command, $0.executor) }
            begun += $0.proposals.map { ($0.command, $0.executor) }
            $0.copies = SortedMap()
            $0.proposals = []
            $0.identity.start = $0.identity.start.next
            $0.boot = boot
            $0.isUp = true
            $0.heartbeatDue = .zero
            $0.observationDue = .zero
            $0.told = SortedMap()
        }
        for group in groups.keys { groups.update(group) { $0.stepDown(node) } }
        announce(node)
        for (command, executor) in begun {
            end(command, executor, .unknown(detail: "the process was started again meanwhile"))
        }
    }

    /// Starts the node's process beside its agent, which knows the disk by that identity.
    package mutating func boot(_ identity: NodeIdentity) {
        let node = identity.node
        nodes.update(node) {
            $0.copies = SortedMap()
            $0.proposals = []
            $0.identity = identity
            $0.isUp = true
        }
        for group in groups.keys { groups.update(group) { $0.stepDown(node) } }
    }

    /// Stops the node's process. With a word before, it means to come back.
    package mutating func stop(_ node: NodeID, announced: Bool) {
        guard let known = nodes[node], known.isUp else { return }
        if announced { say(.fact(.nodeStopping(known.identity))) }
        nodes.update(node) { $0.isUp = false }
    }

    /// Lets a process that was only held up go on, under the same start.
    package mutating func resume(_ node: NodeID) {
        nodes.update(node) { $0.isUp = true }
    }

    /// Puts an empty disk into a node whose process does not run: another store, no data.
    package mutating func wipe(_ node: NodeID) {
        guard let known = nodes[node], !known.isUp else { return }
        let identity = NodeIdentity(node: node, store: identifier(), start: Start(0))
        nodes[node] = SimulatedNode(identity: identity, boot: known.boot, role: known.role)
    }

    // MARK: Time

    /// Moves everything on to that moment.
    ///
    /// - Returns: what nodes and agents have to say, in order.
    package mutating func advance(to moment: Timestamp) -> [InputMessage] {
        let tick = Duration.milliseconds(10)
        while now < moment {
            let next = min(moment, now + tick)
            step(to: next)
        }
        defer { outgoing.removeAll() }
        return outgoing
    }

    private mutating func step(to moment: Timestamp) {
        let elapsed = moment - now
        now = moment
        for group in groups.keys { stepGroup(group, elapsed) }
        for node in nodes.keys {
            guard let known = nodes[node], known.isUp else { continue }
            stepCopies(node, elapsed)
            settle(node)
            if !speaks { continue }
            if now >= known.observationDue { observe(node) }
            if now >= known.heartbeatDue { beat(node) }
        }
    }

    /// What the servers of the group that run have on their disks.
    func running(_ group: GroupID) -> SimulatedGroup.Disks {
        var result = SimulatedGroup.Disks()
        for (node, known) in nodes where known.isUp {
            if let server = known.servers[group], server.isRunning {
                result[node] = SimulatedGroup.Disk(
                    store: known.identity.store, last: server.log ?? 0, term: server.term)
            }
        }
        return result
    }

    /// Does something to a group whose servers may write to their disks.
    mutating func with<Result>(
        _ group: GroupID, _ body: (inout SimulatedGroup, inout SimulatedGroup.Disks) -> Result
    ) -> Result? {
        let before = running(group)
        var disks = before
        let result = groups.update(group) { body(&$0, &disks) }
        for (node, disk) in disks where before[node] != disk {
            nodes.update(node) {
                $0.servers[group] = SimulatedNode.Server(
                    isRunning: true, log: disk.last, term: disk.term)
            }
        }
        return result
    }

    private mutating func stepGroup(_ group: GroupID, _ elapsed: Duration) {
        let world = SimulatedGroup.World(
            now: now, elapsed: elapsed, electionTimeout: settings.electionTimeout,
            writes: settings.writes, catchUp: settings.catchUp, snapshotRate: settings.copyRate)
        with(group) { $0.step(world, &$1) }
    }

    private mutating func stepCopies(_ node: NodeID, _ elapsed: Duration) {
        guard let known = nodes[node], !known.copies.isEmpty else { return }
        let moved = settings.copyRate * UInt64(max(0, elapsed.milliseconds)) / 1000
        for (group, copy) in known.copies {
            guard running(group)[copy.source] != nil else {
                abandon(copy, of: group, on: known)
                continue
            }
            let bytes = min(copy.bytesTotal, copy.bytes + moved)
            nodes.update(node) { $0.copies.update(group) { $0.bytes = bytes } }
            if bytes == copy.bytesTotal { finish(copy, of: group, on: known) }
        }
    }

    private mutating func finish(
        _ copy: SimulatedNode.Copy, of group: GroupID, on known: SimulatedNode
    ) {
        nodes.update(known.id) {
            $0.copies[group] = nil
            $0.servers[group] = SimulatedNode.Server(
                isRunning: false, log: copy.index, term: copy.term)
        }
        let index = LogIndex(copy.index)
        say(.fact(.synced(known.identity, group: group, index: index)))
        end(copy.command, copy.executor, .succeeded(detail: "", index: index))
    }

    private mutating func abandon(
        _ copy: SimulatedNode.Copy, of group: GroupID, on known: SimulatedNode
    ) {
        nodes.update(known.id) { $0.copies[group] = nil }
        let reason = "the source \(copy.source) does not answer"
        say(
            .fact(
                .syncFailed(known.identity, group: group, reason: reason, retryable: true)))
        end(copy.command, copy.executor, .failed(.failed, retryable: true, reason))
    }

    /// An agent of its own says so.
    mutating func say(_ content: InputMessage.Content) {
        guard speaks else { return }
        outgoing.append(InputMessage(cluster, content))
    }

    mutating func identifier() -> Identifier {
        Identifier(high: word(), low: word())
    }

    /// SplitMix64.
    private mutating func word() -> UInt64 {
        random &+= 0x9E37_79B9_7F4A_7C15
        var mixed = random
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
