// DOMAIN §7, the sentences: the same text in a dry run, in the refusal and in `why`. Names stand
// in them as they came: whoever shows them escapes them.

extension Refusal {
    /// The refusal as a sentence without a full stop: what is so, with its numbers.
    package var sentence: String {
        switch code {
        case .quorumNow, .quorumLost, .quorumAfter, .criticalNewcomer, .floor, .votersMax,
            .lastVoter:
            quorumSentence
        case .stale, .unconfirmed, .noLeader, .newTerm, .changeNotPermitted, .changeInFlight,
            .inDoubt, .closed, .disputed:
            viewSentence
        case .stillInContact, .notCaughtUp, .notHealthy, .noTransferTarget, .isLeader,
            .nodeDown, .notSeeded, .returning:
            nodeSentence
        case .storeChanged, .storeRegressed, .identityConflict, .foreign, .tombstoned, .notListed:
            identitySentence
        case .learnerSlot, .syncSlot, .busy, .slotTaken, .allVotersNeeded, .waitingForPartner,
            .noSpare:
            slotSentence
        case .frozen, .blind, .damped, .held, .paused, .standalone, .observing, .backlog,
            .evidenceTooShort:
            guardSentence
        case .expired, .changed, .duplicate, .unknownNode, .unknownGroup, .notMember,
            .alreadyMember, .invalidPolicy, .nothingToCancel, .tooLate, .unsupported:
            requestSentence
        case .notHeld, .notStalled, .outOfRange, .noProposal, .notGone:
            keepingSentence
        case .attemptsUsedUp, .logCompactedDuringSync, .catchUpTimeout, .copyStalled,
            .commandRejected, .superseded, .nodeReplaced:
            sagaSentence
        case .noReplacement, .othersUnhealthy, .lapsed, .otherLeader:
            replacementSentence
        }
    }

    private var quorumSentence: String {
        switch code {
        case .quorumNow:
            "\(place) has \(number(0)) of \(number(1)) voters healthy\(among(nodes)), "
                + "\(number(2)) are needed to change anything"
        case .quorumLost:
            "\(place) has lost its quorum\(among(nodes)): nothing Muster can do is safe"
        case .quorumAfter where text == "held":
            "with \(node(0)) held, \(place) has \(number(1)) of \(number(0)) voters left that "
                + "count\(among(Array(nodes.dropFirst()))), \(number(2)) are needed"
        case .quorumAfter:
            "without \(node(0)), \(place) has \(number(0)) voters and \(number(1)) healthy"
                + "\(among(Array(nodes.dropFirst()))), \(number(2)) are needed"
        case .criticalNewcomer:
            "\(node(0)) would make \(number(0)) voters of \(place), \(number(1)) are needed, "
                + "\(number(2)) of the old are healthy: its loss would stop \(place)"
                + (nodes.count > 1 ? "; remove \(list(Array(nodes.dropFirst()))) first" : "")
        case .floor:
            "without \(node(0)), \(place) has \(number(0)) voters, below the wanted "
                + "\(number(1))"
        case .votersMax:
            "\(place) would have \(number(0)) voters, at most \(number(1)) are wanted"
        default: "\(node(0)) is the last voter of \(place)"
        }
    }

    private var viewSentence: String {
        switch code {
        case .stale:
            "the newest view of \(place) is \(length(0)) old (limit \(length(1)))"
        case .unconfirmed:
            "the newest view of \(place) comes from \(node(0)) without a majority"
        case .noLeader:
            number(0) == 0
                ? "nobody is known to lead \(place)"
                : "no leader's view of \(place) has come since term \(number(0))"
        case .newTerm:
            "\(node(0)) leads \(place) since term \(number(0)) and was seen once in it; who keeps "
                + "up with it shows in its next view"
        case .changeNotPermitted:
            "the leader of \(place) has committed nothing of its term \(number(0)) yet"
        case .changeInFlight:
            "\(place) is changing (\(text)" + (numbers.isEmpty ? ")" : ", \(length(0)))")
        case .inDoubt:
            "the outcome of \(text) in \(place) is unknown; looking since \(length(0))"
        case .disputed:
            "version \(text) of \(place) was reported with two lists of members; nothing is "
                + "changed until a newer one is observed"
        default: "\(place) was changed, and no view newer than \(text) has come"
        }
    }

    private var nodeSentence: String {
        switch code {
        case .stillInContact where nodes.count > 1:
            "\(node(0))'s agent is silent for \(length(0)), but leader \(node(1)) of \(place) "
                + "reached \(node(0)) \(length(1)) ago: the agent is down, not the node"
        case .stillInContact: "the leader of a group is in contact with \(node(0)) again"
        case .notCaughtUp:
            "\(node(0)) has \(number(0)), \(number(1)) was committed in \(place); stable for "
                + "\(length(2)) of \(length(3))"
        case .notHealthy: "\(node(0)) is not healthy in \(place)"
        case .noTransferTarget:
            "\(node(0)) leads \(place) and no other voter may take it"
                + (nodes.count > 1 ? ": " + laggards : "")
        case .isLeader: "\(node(0)) leads \(place) already"
        case .nodeDown: "\(node(0)) is not up"
        case .notSeeded: "\(node(0)) does not run a server of \(place) with its data yet"
        default:
            "\(node(0)) came back a moment ago; it is trusted in "
                + (numbers.isEmpty ? "a while" : length(0))
        }
    }

    private var laggards: String {
        zip(nodes.dropFirst(), numbers).map { node, lag in
            switch lag {
            case 0: "\(node) is not healthy"
            case -1: "\(node) is held"
            case -2: "\(node) came and went too often"
            case -3: "\(node) came back a moment ago"
            case ..<0: "\(node) is held until \(Self.clock(milliseconds: 0 &- lag))"
            default: "\(node) lags \(lag) entries"
            }
        }.joined(separator: ", ")
    }

    private var identitySentence: String {
        switch code {
        case .storeChanged where text.isEmpty:
            "\(node(0)) came back with another disk; as a voter it could vote twice: replace it"
        case .storeChanged where text == "data":
            "the other disk that \(node(0)) came back with holds data; only a blank one comes in "
                + "for the one before"
        case .storeChanged: "the disk of \(node(0)) is \(text), not the one that was named"
        case .storeRegressed:
            "\(node(0))'s log ends at \(number(0)), it had acknowledged \(number(1))"
        case .identityConflict where group != nil:
            "\(list(nodes)) both say that they lead \(place) in term \(number(0))"
        case .identityConflict: "another process or disk (\(text)) also says that it is \(node(0))"
        case .foreign:
            "\(node(0)) holds data of another cluster: \(text), epoch \(number(0))"
        case .tombstoned: "the disk of \(node(0)) was removed for good (\(text)); add it by request"
        default: "\(node(0)) is not among the nodes that may join; list or add it"
        }
    }

    private var slotSentence: String {
        switch code {
        case .learnerSlot where text == "readonly":
            "\(place) allows \(learners), and a readonly node may not take the last place"
                + (nodes.isEmpty ? "" : "; \(list(nodes)) has one")
        case .learnerSlot where text == "queue":
            "\(place) allows \(learners), and \(node(0)) waits for the next place already"
        case .learnerSlot:
            "\(place) allows \(learners)" + (nodes.isEmpty ? "" : "; \(list(nodes)) ")
                + (nodes.isEmpty ? "" : nodes.count > 1 ? "have the places" : "has the place")
        case .syncSlot where text.isEmpty:
            "the cluster allows \(copies) at a time" + getting
        case .syncSlot: "\(text) gives \(copies) at a time" + getting
        case .busy:
            "\(node(0)) is busy" + (text.isEmpty ? "" : ": a \(text) is under way")
        case .slotTaken: "the removal of \(node(0)) is under way"
        case .allVotersNeeded:
            "\(place) adds members only while every voter is healthy; \(list(nodes)) is not"
        case .noSpare:
            "a copy of \(place) stops its writes, and none of its voters may fail meanwhile: "
                + "\(number(0)) of \(number(1)) are healthy, \(number(2)) are needed; "
                + "\(list(nodes)) is not"
        default: "\(place) waits for \(node(0)), to be promoted together"
        }
    }

    private var guardSentence: String {
        switch code {
        case .frozen:
            "\(number(0)) of \(number(1)) nodes fell silent\(among(nodes)): Muster may be the "
                + "blind one; deadlines start again after \(length(2)) of calm"
        case .blind where text == Blindness.Kind.lag.rawValue:
            "the manager reads what was said \(length(0)) ago (limit \(length(1))): deadlines "
                + "start again when it has caught up"
        case .blind:
            "\(number(0)) of the \(number(1)) nodes that the manager serves fell silent at once: "
                + "it may be the blind one; deadlines start again after a calm lease"
        case .damped:
            "\(node(0)) came and went too often"
                + (numbers.count > 1
                    ? " (score \(number(0))); it counts again in \(length(1))" : "")
        case .held: "\(node(0)) is held" + until
        case .paused: "automation is paused" + until
        case .standalone: "the cluster has no policy yet; configure it first"
        case .observing:
            "the policy only observes: no \(text.isEmpty ? "promotion" : text) of \(node(0)) "
                + "without a request"
        case .backlog: "inputs are still waiting to be read"
        default:
            "the leader of \(place) has been without contact to \(node(0)) for \(length(0)) of "
                + length(1)
        }
    }

    private var requestSentence: String {
        switch code {
        case .expired: "asked \(length(0)) ago, valid for \(length(1))"
        case .changed: "the membership is at version \(number(0)), not \(number(1))"
        case .duplicate: "the request's id was used before"
        case .unknownNode: "there is no node \(node(0))"
        case .unknownGroup: "there is no group \(place)"
        case .notMember: "\(node(0)) is no member" + (group == nil ? "" : " of \(place)")
        case .alreadyMember:
            "\(node(0)) is a member" + (group == nil ? "" : " of \(place)") + " already"
        case .invalidPolicy: text
        case .nothingToCancel: "nothing is planned or under way for \(node(0))"
        case .tooLate: "the removal of \(node(0)) has gone too far to be cancelled"
        default:
            text == "demote"
                ? "the engine of \(place) cannot make a voter a learner; remove \(node(0)) and add "
                    + "it as a replica"
                : "the engine of \(place) cannot do that" + (text.isEmpty ? "" : " (\(text))")
        }
    }

    private var keepingSentence: String {
        switch code {
        case .notHeld where nodes.isEmpty: "automation is not paused"
        case .notHeld: "\(node(0)) is not held"
        case .notStalled: "nothing of \(node(0)) is stalled"
        case .outOfRange:
            "\(length(0)) is no time to hold or pause for; from 1 ms to \(length(1))"
        case .noProposal:
            "there is no proposal \(number(0)) to approve" + (text.isEmpty ? "" : ": \(text)")
        default:
            switch text {
            case "member": "\(node(0)) is a member; remove it first"
            case "unseen":
                "nobody has said yet who is in \(place), so \(node(0)) may be a member of it"
            default: "\(node(0)) is up; only what is gone can be forgotten"
            }
        }
    }

    private var sagaSentence: String {
        switch code {
        case .attemptsUsedUp: "\(text) of \(node(0)) failed \(number(0)) times"
        case .logCompactedDuringSync:
            "the log of \(place) begins at \(number(2)), the copy on \(node(0)) ends at "
                + "\(number(1)); tried \(number(0)) times"
        case .catchUpTimeout: "\(node(0)) made no progress in \(place) for \(length(0))"
        case .copyStalled: "the copy to \(node(0)) made no progress"
        case .commandRejected: "the agent rejected \(text) of \(node(0))"
        case .superseded: "something else was asked for" + (text.isEmpty ? "" : " (\(text))")
        default: "\(node(0)) came back as another"
        }
    }

    private var replacementSentence: String {
        switch code {
        case .noReplacement:
            "nobody can come in for \(node(0)): no replica has its groups, and no voter waits"
        case .othersUnhealthy:
            "\(list(Array(nodes.dropFirst()))) of \(place) is not healthy: \(node(0)) is replaced "
                + "only while every other voter is, or once dead where the floor is kept without it"
        case .lapsed:
            "the wish that \(node(0)) leads \(place) lapsed after \(length(0))"
        default: "\(node(0)) won \(place) in term \(number(0)), not \(node(1))"
        }
    }

    // MARK: Words

    private var place: String { group?.text ?? "the cluster" }

    private func node(_ index: Int) -> String {
        index < nodes.count ? nodes[index].text : "the node"
    }

    private func number(_ index: Int) -> Int64 { index < numbers.count ? numbers[index] : 0 }

    private func length(_ index: Int) -> String { Self.length(milliseconds: number(index)) }

    private var learners: String { number(0) == 1 ? "1 learner" : "\(number(0)) learners" }

    private var copies: String { number(0) == 1 ? "1 copy" : "\(number(0)) copies" }

    /// Who gets the copies that are being made, each named once.
    private var getting: String {
        let names = nodes.enumerated().filter { !nodes.prefix($0.offset).contains($0.element) }
        return nodes.isEmpty
            ? "" : "; \(list(names.map(\.element))) gets \(nodes.count > 1 ? "them" : "it")"
    }

    /// Until when; journals of version 0.1 have the rest of the time there, a day at most.
    private var until: String {
        if numbers.isEmpty { return "" }
        return number(0) <= Interval.lengthMax.milliseconds
            ? " for another \(length(0))" : " until \(Self.clock(milliseconds: number(0)))"
    }

    private func list(_ nodes: [NodeID]) -> String {
        nodes.map(\.text).joined(separator: " ")
    }

    private func among(_ nodes: [NodeID]) -> String {
        nodes.isEmpty ? "" : " (\(list(nodes)))"
    }

    /// The time of day of a moment; a hold or a pause ends within a day.
    private static func clock(milliseconds: Int64) -> String {
        let second = milliseconds / 1000 % 86_400
        return [second / 3600, second / 60 % 60, second % 60]
            .map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":") + " UTC"
    }

    /// The two largest parts of a length of time: `6 m 10 s`, `1.2 s`, `250 ms`.
    private static func length(milliseconds: Int64) -> String {
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        if milliseconds < 10_000 {
            let tenths = milliseconds / 100
            return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
        }
        let seconds = milliseconds / 1000
        if seconds < 60 { return "\(seconds) s" }
        let (large, small, names) =
            seconds < 3600
            ? (seconds / 60, seconds % 60, ("m", "s"))
            : (seconds / 3600, seconds / 60 % 60, ("h", "m"))
        return small == 0 ? "\(large) \(names.0)" : "\(large) \(names.0) \(small) \(names.1)"
    }
}
