internal import MusterCore
internal import MusterWire

// Which branch of `decide` an event came from, as far as it tells: its kind with the word that says
// why, or of what. That is the measure of what schedules reach: a branch that says nothing of its
// own is not seen by it.

extension Event {
    /// The event's kind and the words in it that a rule chose.
    var branch: String {
        let words = branchWords
        return words.isEmpty ? "\(typeName)" : "\(typeName) \(words)"
    }

    private var branchWords: String {
        switch self {
        case .timeGap(_, _, let why): why.rawValue
        case .blinded(let why): why.kind.rawValue
        case .automationResumed(let why), .nodeReleased(_, let why): why.rawValue
        case .nodeStarted(_, let replaced): replaced == nil ? "" : "on another store"
        case .nodeSuspected(_, _, let by): by == nil ? "" : "by word of another"
        case .syncChanged(_, _, let status): status.word
        case .requestAccepted(_, let node): node == nil ? "" : "into what is under way"
        case .requestCompleted(_, let refusal): refusal == nil ? "done" : "failed"
        case .changeWithheld(let rule, _, _, _, _), .changeProposed(let rule, _, _, _),
            .proposalEnded(let rule, _, _):
            rule.rawValue
        case .removalRescheduled(_, _, let why): why.rawValue
        case .removalCancelled(_, let why): why.rawValue
        default: sagaWords
        }
    }

    private var sagaWords: String {
        switch self {
        case .sagaStarted(let saga, _):
            "\(saga.kind.rawValue) \(saga.reason.rawValue)" + (saga.isCancelled ? " half way" : "")
                + (saga.isInPlace ? " in place" : "")
        case .stepStarted(_, _, let name): name.rawValue
        case .commandIssued(let command, _): command.action.name
        case .commandFailed(_, _, _, let failure, _): failure.code.rawValue
        case .doubtResolved(_, _, _, let effect): effect ? "effect" : "no effect"
        case .stepDone(_, _, let name, _), .stepFailed(_, _, let name, _): name.rawValue
        case .sagaSuperseded(_, let by): "by \(by.rawValue)"
        case .sagaEnded(_, let refusal): refusal == nil ? "done" : "given up"
        case .nodeRemoved(_, _, let reason): reason.rawValue
        default: ""
        }
    }

    /// Why something is not done, where the event says so.
    var refusal: Refusal? {
        switch self {
        case .nodeRefused(_, _, let refusal), .identityConflict(_, let refusal),
            .requestRejected(_, let refusal, _), .changeWithheld(_, _, _, let refusal, _),
            .removalBlocked(_, let refusal, _), .joinRefused(_, _, let refusal),
            .stepBlocked(_, _, let refusal, _), .stepFailed(_, _, _, let refusal),
            .sagaRollingBack(_, let refusal), .sagaStalled(_, let refusal, _):
            refusal
        case .requestCompleted(_, let refusal), .proposalEnded(_, _, let refusal),
            .sagaEnded(_, let refusal):
            refusal
        default: nil
        }
    }
}

extension SyncStatus {
    fileprivate var word: String {
        switch self {
        case .notStarted: "notStarted"
        case .syncing: "syncing"
        case .synced: "synced"
        case .failed: "failed"
        }
    }
}
