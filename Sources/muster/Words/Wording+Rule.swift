import MusterCore

// The rules by which things are decided, one sentence each, with the values of the policy under
// which a decision was made. Whoever has never seen Muster learns from them why an event followed.

extension Wording {
    /// The rule behind an event; nil when the event says all there is to say.
    ///
    /// - Parameter policy: as it was then; nil when there was none, or it is not known: then the
    ///   sentence has no values.
    static func rule(_ event: Event, _ policy: Policy?) -> String? {
        let values = Values(policy)
        return livenessRule(event, values) ?? removalRule(event, values)
            ?? sagaRule(event, values) ?? refusalRule(event, values)
    }

    /// The values of a policy in brackets; nothing where it is not known.
    fileprivate struct Values {
        let policy: Policy?

        init(_ policy: Policy?) { self.policy = policy }

        func length(_ name: String, _ path: KeyPath<Policy, Duration>) -> String {
            policy.map { " (\(name) \(Wording.length($0[keyPath: path])))" } ?? ""
        }

        func count(_ name: String, _ path: KeyPath<Policy, UInt32>) -> String {
            policy.map { " (\(name) \($0[keyPath: path]))" } ?? ""
        }
    }

    private static func livenessRule(_ event: Event, _ values: Values) -> String? {
        switch event {
        case .nodeSuspected(_, _, let by?):
            "another's word makes a node suspect at most; \(by.text) shortens nothing"
        case .nodeSuspected:
            "a node that is silent for \(Policy.suspectLeases) lease is suspected"
                + values.length("lease", \.lease)
        case .nodeDown:
            "a node that is silent for \(Policy.downLeases) leases is down"
                + values.length("lease", \.lease)
        case .nodeSeenUp:
            "another's word is a sign of life: silence counts from it, a pending removal starts again in "
                + "full, and nothing is begun for it"
                + values.length("removal-delay", \.removalDelay)
        case .nodeReturned:
            "who comes back gets neither leadership nor promotion for a while"
                + values.length("trust-delay", \.trustDelay)
        case .timeGap:
            "where two heartbeats of a cluster lie more than a lease apart nobody was heard: every "
                + "pending removal starts again in full" + values.length("lease", \.lease)
        case .frozen:
            "while at least 2 members and at least half of them are silent nobody is removed: the "
                + "manager may be the blind one"
        case .calmed, .thawed:
            "a freeze ends when its condition was false for a whole lease; then deadlines start "
                + "again in full" + values.length("lease", \.lease)
        case .driftDetected:
            "a change that nobody here asked for is adopted and reported, never undone by itself"
        case .identityConflict:
            "nothing is done with a node as long as two claim to be it"
        default: nil
        }
    }

    private static func removalRule(_ event: Event, _ values: Values) -> String? {
        switch event {
        case .removalScheduled:
            "a silent member is removed when the delay has passed, its leaders had no contact with "
                + "it all that time, and a majority is healthy without it"
                + values.length("removal-delay", \.removalDelay)
        case .removalRescheduled(_, _, .extended): "a person may put a removal off"
        case .removalRescheduled:
            "a deadline starts again in full, never with what was left of it"
                + values.length("removal-delay", \.removalDelay)
        case .removalCancelled(_, .heard), .removalCancelled(_, .contact):
            "any sign of life of that disk, from its agent or from a leader, cancels its removal"
        case .sagaStarted(let saga, _): begin(saga, values)
        case .nodeRemoved(_, _, .silence):
            "a disk that was removed for silence may join again under the join policy"
        case .nodeRemoved:
            "a disk that was removed by a person, by its own wish or by others comes back only by "
                + "`add`"
        default: nil
        }
    }

    private static func begin(_ saga: Saga, _ values: Values) -> String {
        if saga.isCancelled {
            return "what is cancelled half way goes no further; the node joins again what it left"
        }
        return switch (saga.kind, saga.reason) {
        case (.join, .request): "a person asked for it, and the node's identity is sound"
        case (.join, _):
            "a node may join by saying that it is up where the join policy admits it"
                + (values.policy.map { " (join-policy \($0.joinPolicy.rawValue))" } ?? "")
        case (.replace, .silence):
            "the delay has passed and too few voters would remain: another comes in first, and "
                + "group by group the old one goes" + values.count("voters-min", \.votersMin)
        case (.replace, _):
            "another catches up in all groups first; then, group by group, the old one goes"
        case (_, .silence):
            "the delay has passed, the leaders had no contact all that time, and every group of "
                + "the node has a proof" + values.length("removal-delay", \.removalDelay)
        case (.remove, _), (.leave, _):
            "a removal begins only with a proof for every group that the node is in"
        default: "a person asked for it"
        }
    }

    private static func sagaRule(_ event: Event, _ values: Values) -> String? {
        switch event {
        case .commandIssued(let command, _): commandRule(command, values)
        case .commandFailed:
            "what failed without effect is tried again after a pause that doubles"
                + values.count("attempts-max", \.attemptsMax)
        case .commandInDoubt:
            "an unknown outcome is looked at, never repeated: the group is closed until a settled "
                + "view shows what became of it"
        case .sagaStalled:
            "a stalled change keeps what is safe; a new start of the node or the time tries it "
                + "again"
                + values.length("stall-retry", \.stallRetry)
        case .sagaRollingBack:
            "only what this change added is taken back, and only where it is still a learner"
        case .stepDone(_, _, .catchUp, _):
            "caught up is who has, in every observation for that long, what was committed one "
                + "observation before" + values.length("stabilization", \.stabilization)
        case .stepDone(_, _, let name, _) where name != .seed && name != .start && name != .stop:
            "a step is done when a confirmed observation shows its effect, whatever was reported"
        case .desiredChanged:
            "how many voters a group is meant to have rises by joins and is lowered by a person "
                + "only"
        default: nil
        }
    }

    private static func commandRule(_ command: MusterCore.Command, _ values: Values) -> String {
        switch command.action {
        case .addMember:
            "a newcomer is a learner first, which counts in no majority"
                + values.count("learners-max", \.learnersMax)
        case .promoteMember:
            "a learner that has caught up votes when a majority of the larger group is healthy "
                + "without it" + values.length("stabilization", \.stabilization)
        case .removeMember:
            "a voter goes when a majority of the rest is healthy and enough remain"
                + values.count("voters-min", \.votersMin)
        case .syncGroup:
            "data first, then membership; few copies at a time, few from one source"
                + values.count("concurrent-syncs-max", \.concurrentSyncsMax)
        case .transferLeadership:
            "a leader is never removed: its leadership moves to a healthy voter first"
        case .stopMember: "what is in no configuration any more is stopped, or it would campaign"
        case .startMember: "a server is started on the disk that was named, on no other"
        case .prepareNode: "data is thrown away only of a disk that is in no configuration"
        case .demoteMember: "as for a removal: a majority of the rest is healthy, enough remain"
        case .observeGroup: "a look changes nothing"
        }
    }

    private static func refusalRule(_ event: Event, _ values: Values) -> String? {
        switch event {
        case .requestRejected(_, let refusal, _), .requestCompleted(_, let refusal?),
            .removalBlocked(_, let refusal, _), .stepBlocked(_, _, let refusal, _),
            .stepFailed(_, _, _, let refusal), .joinRefused(_, _, let refusal),
            .nodeRefused(_, _, let refusal):
            rule(refusal.code, values)
        default: nil
        }
    }

    /// Why a code stands in the way, and what would end that.
    private static func rule(_ code: Refusal.Code, _ values: Values) -> String? {
        quorumRule(code, values) ?? viewRule(code, values) ?? nodeRule(code, values)
    }

    private static func quorumRule(_ code: Refusal.Code, _ values: Values) -> String? {
        switch code {
        case .quorumNow, .quorumLost, .quorumAfter:
            "no change without a healthy majority before it and after it; no flag sets this aside"
        case .criticalNewcomer:
            "no promotion that makes a group depend on the newcomer; no flag sets this aside"
        case .floor:
            "a group keeps the voters that it is meant to have, up to the wanted number"
                + values.count("voters-min", \.votersMin)
        case .votersMax:
            "a group has no more voters than wanted" + values.count("voters-max", \.votersMax)
        case .lastVoter: "a group keeps its last voter"
        case .learnerSlot:
            "a group has as many learners at a time as its engine allows, unless the policy says "
                + "fewer" + values.count("learners-max", \.learnersMax)
        case .syncSlot:
            "few copies at a time" + values.count("concurrent-syncs-max", \.concurrentSyncsMax)
        case .noSpare:
            "a copy that stops its group's writes is made only while a voter may fail meanwhile"
        case .slotTaken: "one removal at a time in a cluster"
        case .busy: "one change at a time for a node"
        default: nil
        }
    }

    private static func viewRule(_ code: Refusal.Code, _ values: Values) -> String? {
        switch code {
        case .stale:
            "a proof needs a fresh view" + values.length("observation-age-max", \.observationAgeMax)
        case .newTerm:
            "healthy is who has what was committed one view before, of the same leader"
        case .unconfirmed, .noLeader, .changeNotPermitted:
            "a proof needs the view of a leader that has just checked with a majority that it leads"
        case .changeInFlight, .closed:
            "one change at a time for a group, and the next only after the last one was seen"
        case .inDoubt: "a group whose last command has an unknown outcome is changed by nobody"
        case .frozen:
            "nobody is removed for silence while half of the members are silent"
        case .stillInContact:
            "silence counts only where the leaders have no contact either"
        case .evidenceTooShort:
            "the leaders must have had no contact for the whole delay, without a gap"
                + values.length("removal-delay", \.removalDelay)
        default: nil
        }
    }

    private static func nodeRule(_ code: Refusal.Code, _ values: Values) -> String? {
        switch code {
        case .notCaughtUp:
            "caught up is who has, in every observation for that long, what was committed one "
                + "observation before" + values.length("stabilization", \.stabilization)
        case .returning:
            "who came back gets neither leadership nor promotion for a while"
                + values.length("trust-delay", \.trustDelay)
        case .catchUpTimeout:
            "a learner without progress gives its place up"
                + values.length("catch-up-timeout", \.catchUpTimeout)
        case .attemptsUsedUp:
            "a command is tried so often" + values.count("attempts-max", \.attemptsMax)
        case .storeChanged, .storeRegressed:
            "a voter that lost what it had acknowledged could vote twice; it is replaced, not "
                + "trusted"
        case .identityConflict, .foreign:
            "nothing is done with a node whose identity is not sound"
        case .noReplacement:
            "a replica that has the groups comes in, else a voter that waits to join"
        case .othersUnhealthy:
            "a replacement takes a voter out only while all the others are healthy; one that is "
                + "dead goes also beside others where the group keeps to its floor"
        case .lapsed, .otherLeader:
            "a wish for a leader is not tried again after somebody else won, or half a minute"
        case .tombstoned: "a disk that a person removed comes back only by `add`"
        case .notListed:
            "only listed nodes join by themselves"
                + (values.policy.map { " (join-policy \($0.joinPolicy.rawValue))" } ?? "")
        case .standalone: "without a policy facts are folded and nothing is commanded"
        case .expired: "a request is decided in time or not at all"
        case .changed: "a request may say which membership it was meant for"
        default: nil
        }
    }
}
