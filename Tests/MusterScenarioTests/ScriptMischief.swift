import MusterCore

/// What goes wrong in a script's world beside silence: a second process of a node, executors that
/// are held up, outcomes that nobody knows, a journal that lost its end.
struct ScriptMischief {
    /// Processes that have no right to a node's name and speak all the same.
    var rivals: [Heartbeat] = []
    /// Executors that have their commands and do not act on them yet.
    var heldUp: Set<NodeID> = []
    /// How the next command of that name comes to an unknown outcome: with its effect or without.
    var unknown: [String: Bool] = [:]
    /// What agents have begun, by id: none is carried out twice.
    var begun: Set<CommandID> = []
    /// The disks that were taken out of their machines.
    var oldDisks = SortedMap<NodeID, NodeUp>()
    /// Entries a second that clients write.
    var writes: UInt64 = 10
    /// The state before each decision, oldest first.
    var past: [ClusterState] = []
    /// What the leaders' views lack, or have too much: unconfirmed, forbidden, pending; none: no
    /// leader says anything.
    var views: Set<String> = []
    /// Announcements that were appended and are read late, each with when that was.
    var announced: [(up: NodeUp, appended: Timestamp)] = []
    /// Whether no manager is there, until one takes over, and what waits for it.
    var isAway = false
    var waiting: [(content: Input.Content, appended: Timestamp)] = []
    /// Reports that come late, behind newer ones.
    var late: [GroupsReport] = []
    /// Whose data the nodes hold that are not blank.
    var engine: EngineIdentity?
}

extension ScriptWorld {
    /// What an agent finds when it looks at the command before it acts; nil: nothing is against it.
    func objection(to command: Command) -> CommandFailure.Code? {
        if now > command.notAfter { return .expired }
        guard let require = command.require, let name = command.group else { return nil }
        guard let group = groups[name], group.leader == command.executor.node else {
            return .notLeader
        }
        guard require.term == Term(group.term), require.version == group.version,
            activeAfter(command, group) >= Int(require.activeAfterMin)
        else { return .preconditionFailed }
        if let seat = group.members[command.node], seat.store != command.store {
            return .preconditionFailed
        }
        return nil
    }

    /// How many voters would be in contact with the leader after the change.
    private func activeAfter(_ command: Command, _ group: ScriptGroup) -> Int {
        var voters = group.members.filter { $0.value.role == .voter }.map(\.key)
        switch command.action {
        case .removeMember, .demoteMember: voters.removeAll { $0 == command.node }
        case .promoteMember, .addMember(.voter):
            if !voters.contains(command.node) { voters.append(command.node) }
        default: break
        }
        return voters.filter { isAlive($0) && (running[$0] ?? []).contains(command.group ?? none) }
            .count
    }

    private var none: GroupID { GroupID(unchecked: "") }

    func isAlive(_ node: NodeID) -> Bool { !silent.contains(node) || inContact.contains(node) }

    /// The log lost its last decisions, and agents have read them; whoever takes over has heard
    /// nothing yet.
    mutating func loseTail(_ count: Int) {
        guard count <= mischief.past.count else { return }
        state = mischief.past[mischief.past.count - count]
        mischief.past.removeLast(count)
        evidence = Evidence()
        output.append(
            "(the journal lost its last \(count) decisions; the next is "
                + "\(state.head.sequence.next) again)")
    }
}
