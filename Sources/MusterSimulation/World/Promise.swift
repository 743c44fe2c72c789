/// What must hold in a world whatever happens. Those of the journal's protocol are named as in its
/// specification, docs/spec; the others are about membership, which it leaves out.
package enum Promise: String, CaseIterable, Sendable {
    case noInputTwice = "NoInputTwice"
    case noInputSkipped = "NoInputSkipped"
    case readersAgree = "ReadersAgree"
    case snapshotsAgree = "SnapshotsAgree"
    case inputsInOrder = "InputsInOrder"
    case onlyAcceptedCommands = "OnlyAcceptedCommands"
    case noCommandTwice = "NoCommandTwice"
    case checkpointsAreTrue = "CheckpointsAreTrue"
    case noDeadlineEarly = "NoDeadlineEarly"
    case nobodyWaitsForNothing = "NobodyWaitsForNothing"
    case booksAreRight = "BooksAreRight"
    case decidedOnWhatItExtends = "DecidedOnWhatItExtends"
    case noStaleInput = "NoStaleInput"
    case noStorm = "NoStorm"
    case everyInputIsDecided = "EveryInputIsDecided"
    case everyCommandIsPublished = "EveryCommandIsPublished"

    /// What cannot be read is in quarantine, with its bytes.
    case unreadableIsKept = "UnreadableIsKept"
    /// A manager stops only when it is told to, and finds in the log what it read there.
    case nobodyGivesUp = "NobodyGivesUp"
    /// Every state keeps the invariants of `ClusterState`.
    case statesAreSound = "StatesAreSound"
    /// Each change has a proof that counts right, on a view that allows it, after the last change.
    case changesAreProved = "ChangesAreProved"
    /// The executor looks again, and proposes nothing on another configuration.
    case changesAreCheckedAgain = "ChangesAreCheckedAgain"
    /// At most one change of a group is in flight.
    case oneChangeAtATime = "OneChangeAtATime"
    /// Automation never takes a group below its floor.
    case neverBelowTheFloor = "NeverBelowTheFloor"
    /// Nobody votes who has not caught up, and nobody copies from who may be behind.
    case onlyWhoCaughtUpVotes = "OnlyWhoCaughtUpVotes"
    /// Raft loses no write that was acknowledged, but by the vote of a disk that lost some.
    case noWriteIsLost = "NoWriteIsLost"
    /// No change takes a group its quorum.
    case quorumsAreKept = "QuorumsAreKept"
    /// Nobody is removed for silence whom a leader reaches, or while the manager may be blind.
    case silenceIsProved = "SilenceIsProved"
    /// Each removal rests on a command, a proof, a view, a policy and a reason that lie in the log.
    case removalsHaveReasons = "RemovalsHaveReasons"
    /// After a gap every deadline starts again, in full.
    case gapsRestartDeadlines = "GapsRestartDeadlines"
    /// What an earlier start of a node says changes nothing.
    case noStaleIncarnation = "NoStaleIncarnation"
    /// Another disk is not the same voter, nor is one that is known to have lost entries; no other
    /// is called so.
    case disksAreToldApart = "DisksAreToldApart"
    /// A change whose outcome is unknown is looked at, not repeated.
    case doubtIsResolved = "DoubtIsResolved"
    /// What holds a step back is written when it changes.
    case refusalsAreSaidOnce = "RefusalsAreSaidOnce"
    /// Whoever began a command says how it ended.
    case everyCommandIsAnswered = "EveryCommandIsAnswered"
    /// Once the faults stop: the projection is what Raft has and what policy wants.
    case everythingConverges = "EverythingConverges"
}

/// A promise that does not hold.
struct Breach: CustomStringConvertible {
    let promise: Promise
    let text: String

    init(_ promise: Promise, _ text: String) {
        self.promise = promise
        self.text = text
    }

    var description: String { "\(promise.rawValue): \(text)" }
}
