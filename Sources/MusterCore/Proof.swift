/// The arithmetic behind one change of one group: what was seen, what it would become, and whether
/// it may be done. Written into the decision that rests on it.
package struct Proof: Hashable, Sendable {
    package var group: GroupID
    package var change: Change
    /// The member that is changed, or the target of a transfer.
    package var node: NodeID
    /// The voters of the last committed configuration, in node order.
    package var voters: [NodeID]
    /// Those of them that are healthy, in node order.
    package var healthy: [NodeID]
    /// A majority of the voters.
    package var needed: UInt32
    package var votersAfter: UInt32
    package var healthyAfter: UInt32
    package var neededAfter: UInt32
    package var floor: UInt32
    /// Who led, as seen; nil when nobody was seen to lead.
    package var leader: NodeID?
    package var term: Term
    package var version: ConfigurationVersion?
    /// How old the observation was; nil when there was none.
    package var age: Duration?
    /// Nil when the change is allowed.
    package var refusal: Refusal?
    /// The policies that were set aside by request for it.
    package var overridden: [Request.Override]

    /// Which kind of change is proved.
    package enum Change: String, CaseIterable, Hashable, Sendable {
        case addLearner, addVoter, promote, removeVoter, removeLearner, demote, transfer, sync
        case prepare, start, stop
        /// Of a voter for whom somebody comes in at once.
        case replaceVoter
    }

    package init(
        group: GroupID, change: Change, node: NodeID, voters: [NodeID], healthy: [NodeID],
        needed: UInt32, votersAfter: UInt32, healthyAfter: UInt32, neededAfter: UInt32,
        floor: UInt32, leader: NodeID?, term: Term, version: ConfigurationVersion?,
        age: Duration?, refusal: Refusal?, overridden: [Request.Override]
    ) {
        self.group = group
        self.change = change
        self.node = node
        self.voters = voters
        self.healthy = healthy
        self.needed = needed
        self.votersAfter = votersAfter
        self.healthyAfter = healthyAfter
        self.neededAfter = neededAfter
        self.floor = floor
        self.leader = leader
        self.term = term
        self.version = version
        self.age = age
        self.refusal = refusal
        self.overridden = overridden
    }

    /// What has to be said with a change that is allowed; nil when nothing has: which policies are
    /// set aside for it, and that it leaves a number of voters that bears no more failures than one
    /// less.
    ///
    /// A copy is made of a group without a voter to spare where it does not stop the writes, or
    /// where the group is so small that it never has one.
    package var warning: String? {
        if refusal != nil { return nil }
        var said = overridden.map { "as asked, " + setAside($0) }
        if change == .sync && healthy.count <= Int(needed) {
            said.append("no voter of \(group.text) may fail during the copy")
        }
        if let even = Self.evenSize(Int(votersAfter)), changesSize {
            said.append("\(group.text) will have \(even)")
        }
        return said.isEmpty ? nil : said.joined(separator: "; ")
    }

    /// In words that an even number of voters gains nothing; nil of an odd one.
    package static func evenSize(_ voters: Int) -> String? {
        guard voters > 0, voters % 2 == 0 else { return nil }
        return "\(voters) voters, which bear no more failures than \(voters - 1)"
    }

    private var changesSize: Bool {
        switch change {
        case .addVoter, .promote, .removeVoter, .demote: true
        case .addLearner, .removeLearner, .transfer, .sync, .prepare, .start, .stop: false
        // Somebody comes in at once.
        case .replaceVoter: false
        }
    }

    private func setAside(_ policy: Request.Override) -> String {
        switch policy {
        case .belowFloor:
            "\(group.text) falls to \(votersAfter) voters, below the wanted \(floor)"
        case .votersMax: "\(group.text) grows to \(votersAfter) voters, more than wanted"
        case .frozen: "though many nodes are silent at once"
        case .damped: "though \(node.text) came and went too often"
        case .held: "though \(node.text) is held"
        case .paused: "though automation is paused"
        }
    }

    /// A majority of `count` voters.
    package static func quorum(of count: Int) -> Int { count / 2 + 1 }
}
