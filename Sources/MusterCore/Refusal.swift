/// Why something is not done: a code for programs and the numbers of the sentence for people.
///
/// `sentence` makes the text; the same text stands in a dry run, in the refusal and in `why`.
package struct Refusal: Hashable, Sendable {
    package var code: Code
    package var group: GroupID?
    /// The nodes that the sentence is about, in the order in which it names them.
    package var nodes: [NodeID]
    /// The numbers of the sentence, in the order in which it says them.
    package var numbers: [Int64]
    /// Free text, for instance a command's name or another request's id; empty when there is none.
    package var text: String

    package init(
        _ code: Code, group: GroupID? = nil, nodes: [NodeID] = [], numbers: [Int64] = [],
        text: String = ""
    ) {
        self.code = code
        self.group = group
        self.nodes = nodes
        self.numbers = numbers
        self.text = text
    }

    /// Whether that was said already: the same of the same, whatever the numbers are by now. Until
    /// when somebody holds or pauses is a number that changes only when somebody says so.
    ///
    /// - Parameter anyGroup: whether it is the same whatever group it names: a step is blocked by
    ///   one thing at a time, and of several groups any may be looked at first.
    func isSaid(by old: Refusal?, anyGroup: Bool = false) -> Bool {
        guard let old, old.code == code, old.nodes == nodes, anyGroup || old.group == group else {
            return false
        }
        return code != .held && code != .paused || old.numbers == numbers
    }

    /// What stands in the way.
    package enum Code: String, CaseIterable, Hashable, Sendable {
        // Quorum and its proof
        case quorumNow, quorumLost, quorumAfter, criticalNewcomer, floor, votersMax, lastVoter
        // What is known of the group
        case stale, unconfirmed, noLeader, newTerm, changeNotPermitted, changeInFlight, inDoubt
        case closed, disputed
        // The node
        case stillInContact, notCaughtUp, notHealthy, noTransferTarget, isLeader
        case storeChanged, storeRegressed, identityConflict, foreign, tombstoned, notListed
        case nodeDown, notSeeded, returning
        // Queues and slots
        case learnerSlot, syncSlot, busy, slotTaken, allVotersNeeded, waitingForPartner, noSpare
        // Guards and modes
        case frozen, blind, damped, held, paused, standalone, observing, backlog, evidenceTooShort
        // Requests
        case expired, changed, duplicate, unknownNode, unknownGroup, notMember, alreadyMember
        case invalidPolicy, nothingToCancel, tooLate, unsupported
        case notHeld, notStalled, outOfRange, noProposal, notGone
        // Sagas
        case attemptsUsedUp, logCompactedDuringSync, catchUpTimeout, copyStalled, commandRejected
        case superseded, nodeReplaced, noReplacement, othersUnhealthy, lapsed, otherLeader
    }
}
