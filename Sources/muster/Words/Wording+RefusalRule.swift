import MusterCore

// Why each code stands in the way, one sentence each, with the values of the policy. Switched
// without a default: whoever adds a code says which rule is behind it, or that its sentence says
// all there is to say.

extension Wording {
    /// What an event refuses, holds back or gives up; nil when it does nothing of the kind.
    static func refusal(of event: Event) -> Refusal? {
        switch event {
        case .requestRejected(_, let refusal, _), .requestCompleted(_, let refusal?),
            .removalBlocked(_, let refusal, _), .stepBlocked(_, _, let refusal, _),
            .stepFailed(_, _, _, let refusal), .joinRefused(_, _, let refusal),
            .nodeRefused(_, _, let refusal), .changeWithheld(_, _, _, let refusal, _),
            .proposalEnded(_, _, let refusal?), .sagaEnded(_, let refusal?):
            refusal
        default: nil
        }
    }

    /// Why a code stands in the way, and what would end that; nil when its sentence says it all.
    static func rule(_ code: Refusal.Code, _ values: Values) -> String? {
        switch code {
        case .quorumNow, .quorumLost, .quorumAfter, .criticalNewcomer, .floor, .votersMax,
            .lastVoter:
            quorumRule(code, values)
        case .stale, .newTerm, .unconfirmed, .noLeader, .changeNotPermitted, .changeInFlight,
            .closed, .inDoubt, .disputed:
            viewRule(code, values)
        case .learnerSlot, .syncSlot, .noSpare, .slotTaken, .busy, .allVotersNeeded,
            .waitingForPartner:
            slotRule(code, values)
        case .notCaughtUp, .returning, .notHealthy, .noTransferTarget, .nodeDown, .notSeeded,
            .stillInContact, .isLeader:
            nodeRule(code, values)
        case .storeChanged, .storeRegressed, .identityConflict, .foreign, .tombstoned, .notListed:
            identityRule(code, values)
        case .frozen, .blind, .damped, .held, .paused, .standalone, .observing, .backlog,
            .evidenceTooShort:
            guardRule(code, values)
        case .catchUpTimeout, .attemptsUsedUp, .logCompactedDuringSync, .copyStalled,
            .commandRejected, .superseded, .nodeReplaced, .noReplacement, .othersUnhealthy,
            .lapsed, .otherLeader:
            changeRule(code, values)
        case .expired, .changed, .duplicate, .unknownNode, .unknownGroup, .notMember,
            .alreadyMember, .invalidPolicy, .nothingToCancel, .tooLate, .unsupported, .notHeld,
            .notStalled, .outOfRange, .noProposal, .notGone:
            requestRule(code)
        }
    }

    private static func quorumRule(_ code: Refusal.Code, _ values: Values) -> String? {
        switch code {
        case .criticalNewcomer:
            "no promotion that makes a group depend on the newcomer; no flag sets this aside"
        case .floor:
            "a group keeps the voters that it is meant to have, up to the wanted number"
                + values.count("voters-min", \.votersMin)
        case .votersMax:
            "a group has no more voters than wanted" + values.count("voters-max", \.votersMax)
        case .lastVoter: "a group keeps its last voter"
        default:
            "no change without a healthy majority before it and after it; no flag sets this aside"
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
        case .inDoubt: "a group whose last command has an unknown outcome is changed by nobody"
        case .disputed:
            "a group of which two different lists of members were reported is changed by nobody"
        default:
            "one change at a time for a group, and the next only after the last one was seen"
        }
    }

    private static func slotRule(_ code: Refusal.Code, _ values: Values) -> String? {
        switch code {
        case .learnerSlot:
            "a group has as many learners at a time as its engine allows, unless the policy says "
                + "fewer" + values.count("learners-max", \.learnersMax)
        case .syncSlot:
            "few copies at a time" + values.count("concurrent-syncs-max", \.concurrentSyncsMax)
        case .noSpare:
            "a copy that stops its group's writes is made only while a voter may fail meanwhile"
        case .slotTaken: "one removal at a time in a cluster"
        case .allVotersNeeded:
            "this engine refuses every newcomer while one of its voters cannot be reached"
        case .waitingForPartner:
            "a group of one voter takes two newcomers in back to back: two voters bear no failure"
        default: "one change at a time for a node"
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
        case .notHealthy:
            "healthy is a voter that is heard, in contact with its leader and caught up, and that "
                + "is neither held nor damped" + values.length("lease", \.lease)
        case .noTransferTarget:
            "leadership goes only to a healthy voter that is neither held, damped, just back nor "
                + "leaving"
        case .nodeDown: "what needs a node's own process is begun only while that is heard"
        case .notSeeded:
            "a group without learners takes a voter in only when its server runs and has the data"
        case .stillInContact:
            "silence counts only where the leaders have no contact either"
        default: nil
        }
    }

    private static func identityRule(_ code: Refusal.Code, _ values: Values) -> String? {
        switch code {
        case .storeChanged, .storeRegressed:
            "a voter that lost what it had acknowledged could vote twice; it is replaced, not "
                + "trusted"
        case .tombstoned: "a disk that a person removed comes back only by `add`"
        case .notListed:
            "only listed nodes join by themselves"
                + (values.policy.map { " (join-policy \($0.joinPolicy.rawValue))" } ?? "")
        default: "nothing is done with a node whose identity is not sound"
        }
    }

    private static func guardRule(_ code: Refusal.Code, _ values: Values) -> String? {
        switch code {
        case .frozen:
            "nobody is removed for silence while half of the members are silent"
        case .blind:
            "nobody is removed for silence while the manager may be the blind one: while many "
                + "nodes of its fleet fell silent at once, or while it reads what is older than a "
                + "lease" + values.length("lease", \.lease)
        case .damped:
            "a node that came and went too often is neither counted on nor removed by itself: from "
                + "a score of \(FlapScore.dampedFrom) until it is below \(FlapScore.dampedUntil), "
                + "and it halves every \(length(FlapScore.halfLife))"
        case .held:
            "automation leaves a held node alone, and no proof about another one counts on it; its "
                + "deadline starts again in full when it is released"
        case .paused:
            "while automation is paused it only watches; requests work, and deadlines start again "
                + "in full afterwards"
        case .standalone: "without a policy facts are folded and nothing is commanded"
        case .observing: "a rule that only observes says what it would do, and does nothing"
        case .backlog: "nothing is decided by the clock before all that was said has been read"
        default:
            "the leaders must have had no contact for the whole delay, without a gap"
                + values.length("removal-delay", \.removalDelay)
        }
    }

    private static func changeRule(_ code: Refusal.Code, _ values: Values) -> String? {
        switch code {
        case .catchUpTimeout:
            "a learner without progress gives its place up"
                + values.length("catch-up-timeout", \.catchUpTimeout)
        case .attemptsUsedUp:
            "a command is tried so often" + values.count("attempts-max", \.attemptsMax)
        case .logCompactedDuringSync:
            "a copy must reach the log that its leader still has; it is made anew a few times only"
        case .copyStalled:
            "a copy without progress is given up" + values.length("copy-limit", \.copyLimit)
        case .commandRejected: "what an agent refuses for good is not asked of it again"
        case .superseded: "a removal goes before what else is under way for the node"
        case .noReplacement:
            "a replica that has the groups comes in, else a voter that waits to join"
        case .othersUnhealthy:
            "a replacement takes a voter out only while all the others are healthy; one that is "
                + "dead goes also beside others where the group keeps to its floor"
        case .lapsed, .otherLeader:
            "a wish for a leader is not tried again after somebody else won, or half a minute"
        default: nil
        }
    }

    private static func requestRule(_ code: Refusal.Code) -> String? {
        switch code {
        case .expired: "a request is decided in time or not at all"
        case .changed: "a request may say which membership it was meant for"
        case .tooLate: "a removal can be cancelled until a group is first told to let the node go"
        case .noProposal: "a proposal is approved as it was written, and only while it holds"
        case .unsupported: "what an engine cannot do, as its agent says, is refused"
        default: nil
        }
    }
}
