/// A change that automation would have made and did not: the policy only observes or proposes,
/// automation is paused, or the node is held. At most one for each rule and node.
package struct Proposal: Hashable, Sendable {
    /// The decision that wrote it: what an approval names.
    package var id: Sequence
    package var rule: Rule
    package var node: NodeID
    /// The request that an approval sends.
    package var action: Request.Action
    package var since: Timestamp
    /// Why it is only said, and cannot be approved; nil: it waits for an approval.
    package var withheld: Refusal?

    package init(
        id: Sequence, rule: Rule, node: NodeID, action: Request.Action, since: Timestamp,
        withheld: Refusal?
    ) {
        self.id = id
        self.rule = rule
        self.node = node
        self.action = action
        self.since = since
        self.withheld = withheld
    }

    /// A proposal that can no longer be approved, and why.
    package struct Past: Hashable, Sendable {
        package var id: Sequence
        package var why: Refusal

        package init(id: Sequence, why: Refusal) {
            self.id = id
            self.why = why
        }
    }

    /// How many there are at most.
    package static let countMax = 256
    /// How many of those that are over are remembered.
    package static let pastMax = 32
}
