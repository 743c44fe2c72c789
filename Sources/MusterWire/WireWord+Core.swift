package import MusterCore

// The words of the core's enumerations. They are the names that the core has for the cases, so that
// one word stands for a thing everywhere; a test goes through all of them.

extension Role: WireWord {
    package static let words = JSONWords<Self>([
        ("voter", .voter), ("replica", .replica), ("readonly", .readonly),
    ])
}

extension MemberRole: WireWord {
    package static let words = JSONWords<Self>([
        ("voter", .voter), ("learner", .learner),
    ])
}

extension Capabilities.Seed: WireWord {
    package static let words = JSONWords<Self>([
        ("raft", .raft), ("external", .external),
    ])
}

extension Capabilities.VersionSource: WireWord {
    package static let words = JSONWords<Self>([
        ("index", .index), ("readPoint", .readPoint),
    ])
}

extension ServerState: WireWord {
    package static let words = JSONWords<Self>([
        ("stopped", .stopped), ("follower", .follower), ("learner", .learner),
        ("candidate", .candidate), ("leader", .leader),
    ])
}

extension CommandFailure.Code: WireWord {
    package static let words = JSONWords<Self>([
        ("notLeader", .notLeader), ("preconditionFailed", .preconditionFailed),
        ("expired", .expired), ("rejected", .rejected), ("unsupported", .unsupported),
        ("failed", .failed),
    ])
}

extension Policy.Mode: WireWord {
    package static let words = JSONWords<Self>([
        ("observe", .observe), ("propose", .propose), ("act", .act),
    ])
}

extension Policy.JoinPolicy: WireWord {
    package static let words = JSONWords<Self>([
        ("open", .open), ("listed", .listed),
    ])
}

extension Request.Override: WireWord {
    package static let words = JSONWords<Self>([
        ("belowFloor", .belowFloor), ("frozen", .frozen), ("damped", .damped), ("held", .held),
        ("paused", .paused), ("votersMax", .votersMax),
    ])
}

extension Command.AddedRole: WireWord {
    package static let words = JSONWords<Self>([
        ("voter", .voter), ("learner", .learner), ("nonVoter", .nonVoter),
    ])
}

extension Command.CopyScope: WireWord {
    package static let words = JSONWords<Self>([
        ("full", .full), ("log", .log),
    ])
}

extension Proof.Change: WireWord {
    package static let words = JSONWords<Self>([
        ("addLearner", .addLearner), ("addVoter", .addVoter), ("promote", .promote),
        ("removeVoter", .removeVoter), ("removeLearner", .removeLearner), ("demote", .demote),
        ("transfer", .transfer), ("sync", .sync), ("prepare", .prepare), ("start", .start),
        ("stop", .stop), ("replaceVoter", .replaceVoter),
    ])
}

extension Saga.Kind: WireWord {
    package static let words = JSONWords<Self>([
        ("join", .join), ("remove", .remove), ("leave", .leave), ("promote", .promote),
        ("demote", .demote), ("transfer", .transfer), ("replace", .replace),
    ])
}

extension Saga.Reason: WireWord {
    package static let words = JSONWords<Self>([
        ("request", .request), ("policy", .policy), ("silence", .silence), ("leave", .leave),
        ("replaced", .replaced),
    ])
}

extension Step.Name: WireWord {
    package static let words = JSONWords<Self>([
        ("clear", .clear), ("seed", .seed), ("start", .start), ("learner", .learner),
        ("catchUp", .catchUp), ("promote", .promote), ("transfer", .transfer), ("remove", .remove),
        ("stop", .stop), ("demote", .demote), ("takeBack", .takeBack), ("done", .done),
    ])
}

extension Event.GapReason: WireWord {
    package static let words = JSONWords<Self>([
        ("silence", .silence), ("clock", .clock),
    ])
}

extension Event.RescheduleReason: WireWord {
    package static let words = JSONWords<Self>([
        ("gap", .gap), ("thaw", .thaw), ("evidence", .evidence), ("extended", .extended),
        ("released", .released),
    ])
}

extension Event.ReleaseReason: WireWord {
    package static let words = JSONWords<Self>([
        ("request", .request), ("expired", .expired),
    ])
}

extension Rule: WireWord {
    package static let words = JSONWords<Self>([
        ("join", .join), ("promotion", .promotion), ("removal", .removal),
        ("replacement", .replacement),
    ])
}

extension Blindness.Kind: WireWord {
    package static let words = JSONWords<Self>([
        ("fleet", .fleet), ("lag", .lag),
    ])
}

extension Event.CancelReason: WireWord {
    package static let words = JSONWords<Self>([
        ("heard", .heard), ("contact", .contact), ("request", .request), ("removed", .removed),
        ("policy", .policy),
    ])
}

extension Tombstone.Reason: WireWord {
    package static let words = JSONWords<Self>([
        ("request", .request), ("leave", .leave), ("silence", .silence), ("external", .external),
        ("replaced", .replaced),
    ])
}

extension NodeState.Liveness: WireWord {
    package static let words = JSONWords<Self>([
        ("unknown", .unknown), ("up", .up), ("suspect", .suspect), ("down", .down),
    ])
}

extension Membership: WireWord {
    package static let words = JSONWords<Self>([
        ("known", .known), ("joining", .joining), ("member", .member), ("leaving", .leaving),
        ("removing", .removing), ("removed", .removed),
    ])
}

extension Topic: WireWord {
    package static let words = JSONWords<Self>([
        ("events", .events), ("heartbeats", .heartbeats), ("requests", .requests),
        ("journal", .journal), ("commands", .commands), ("members", .members),
        ("snapshots", .snapshots), ("quarantine", .quarantine),
    ])
}

extension Refusal.Code: WireWord {
    package static let words = JSONWords<Self>([
        ("quorumNow", .quorumNow), ("quorumLost", .quorumLost), ("quorumAfter", .quorumAfter),
        ("criticalNewcomer", .criticalNewcomer), ("floor", .floor), ("votersMax", .votersMax),
        ("lastVoter", .lastVoter), ("stale", .stale), ("unconfirmed", .unconfirmed),
        ("noLeader", .noLeader), ("newTerm", .newTerm),
        ("changeNotPermitted", .changeNotPermitted),
        ("changeInFlight", .changeInFlight), ("inDoubt", .inDoubt), ("closed", .closed),
        ("disputed", .disputed),
        ("stillInContact", .stillInContact), ("notCaughtUp", .notCaughtUp),
        ("notHealthy", .notHealthy), ("noTransferTarget", .noTransferTarget),
        ("isLeader", .isLeader), ("storeChanged", .storeChanged),
        ("storeRegressed", .storeRegressed), ("identityConflict", .identityConflict),
        ("foreign", .foreign), ("tombstoned", .tombstoned), ("notListed", .notListed),
        ("nodeDown", .nodeDown), ("notSeeded", .notSeeded), ("returning", .returning),
        ("learnerSlot", .learnerSlot), ("syncSlot", .syncSlot), ("busy", .busy),
        ("slotTaken", .slotTaken), ("allVotersNeeded", .allVotersNeeded),
        ("waitingForPartner", .waitingForPartner), ("noSpare", .noSpare), ("frozen", .frozen),
        ("blind", .blind),
        ("damped", .damped), ("held", .held), ("paused", .paused), ("standalone", .standalone),
        ("observing", .observing), ("backlog", .backlog), ("evidenceTooShort", .evidenceTooShort),
        ("expired", .expired), ("changed", .changed), ("duplicate", .duplicate),
        ("unknownNode", .unknownNode), ("unknownGroup", .unknownGroup), ("notMember", .notMember),
        ("alreadyMember", .alreadyMember), ("invalidPolicy", .invalidPolicy),
        ("nothingToCancel", .nothingToCancel), ("tooLate", .tooLate), ("unsupported", .unsupported),
        ("notHeld", .notHeld), ("notStalled", .notStalled), ("outOfRange", .outOfRange),
        ("noProposal", .noProposal), ("notGone", .notGone),
        ("attemptsUsedUp", .attemptsUsedUp), ("logCompactedDuringSync", .logCompactedDuringSync),
        ("catchUpTimeout", .catchUpTimeout), ("copyStalled", .copyStalled),
        ("commandRejected", .commandRejected), ("superseded", .superseded),
        ("nodeReplaced", .nodeReplaced), ("noReplacement", .noReplacement),
        ("othersUnhealthy", .othersUnhealthy), ("lapsed", .lapsed), ("otherLeader", .otherLeader),
    ])
}
