import MusterCore
import MusterWire

extension Wording {
    /// What an event says, in one line.
    static func sentence(_ event: Event) -> String {
        clusterSentence(event) ?? nodeSentence(event) ?? groupSentence(event)
            ?? removalSentence(event) ?? stepSentence(event) ?? keepingSentence(event)
            ?? "\(event.typeName)"
    }

    private static func clusterSentence(_ event: Event) -> String? {
        switch event {
        case .policyConfigured: "the policy is configured"
        case .clusterIdentified(let engine):
            "the cluster is \(engine.cluster), epoch \(engine.recoveryEpoch)"
        case .timeGap(let from, let to, let why):
            "nobody was heard for \(length(to - from)) (\(why.rawValue)); removal deadlines start "
                + "again"
        case .frozen(let silent):
            "removals are frozen: \(list(silent)) fell silent, Muster may be the blind one"
        case .calmed: "the nodes are heard again; the freeze ends after a calm lease"
        case .thawed: "removals are no longer frozen"
        case .requestAccepted(let id, _): "request \(id.text) is accepted"
        case .requestRejected(let id, let refusal, _):
            "request \(id.text) is refused: \(sentence(refusal))"
        case .requestCompleted(let id, nil): "request \(id.text) is done"
        case .requestCompleted(let id, let refusal?):
            "request \(id.text) has failed: \(sentence(refusal))"
        default: nil
        }
    }

    private static func nodeSentence(_ event: Event) -> String? {
        switch event {
        case .nodeStarted(let up, let replaced):
            "\(up.identity.node.text) is up (\(up.role.rawValue), start \(up.identity.start)"
                + (replaced.map { ", a new store instead of \($0)" } ?? "") + ")"
        case .nodeGroupsChanged(let node, _, let groups):
            "\(node.text) now has \(groups.count) groups"
        case .nodeStopAnnounced(let node): "\(node.text) says that it stops"
        case .nodeLeaveAnnounced(let node, let reason):
            "\(node.text) asks to leave" + (reason.isEmpty ? "" : ": \(reason)")
        case .nodeSuspected(let node, _, let by):
            "\(node.text) is suspected" + (by.map { " by \($0.text)" } ?? ": it is silent")
        case .nodeDown(let node, let heard): "\(node.text) is down, last heard \(moment(heard))"
        case .nodeReturned(let node): "\(node.text) is back"
        case .nodeSeenUp(let node, let by):
            "\(node.text) is silent, but up by the word of \(by.text)"
        case .nodeRefused(let node, _, let refusal), .joinRefused(let node, _, let refusal):
            "\(node.text) may not take part: \(sentence(refusal))"
        case .identityConflict(let node, let refusal):
            "two claim to be \(node.text): \(sentence(refusal))"
        case .conflictEnded(let node): "only one is \(node.text) again"
        case .matchNoted(let node, _, let matches):
            "\(node.text) is known to hold "
                + matches.map { "\($0.group.text) to \($0.index)" }.joined(separator: ", ")
        case .nodeJoined(let node): "\(node.text) has joined"
        case .nodeRemoved(let node, _, let reason):
            "\(node.text) is removed (\(reason.rawValue))"
        default: nil
        }
    }

    private static func groupSentence(_ event: Event) -> String? {
        switch event {
        case .leaderObserved(let group, let leader, let term):
            "\(leader.text) leads \(group.text) in term \(term)"
        case .configurationObserved(let group, let version, let members, let pending):
            "\(group.text) has \(members.map { word($0) }.joined(separator: " ")) as of \(version)"
                + (pending ? ", a change is pending" : "")
        case .driftDetected(let group, let appeared, let vanished, let changed):
            "\(group.text) was changed by others:"
                + part(" appeared", appeared) + part(" vanished", vanished)
                + part(" changed", changed)
        case .configurationDisputed(let group, let version, let members):
            "\(group.text): version \(version) is said to have also "
                + members.map { word($0) }.joined(separator: " ")
                + "; it is not changed until a newer one is seen"
        case .groupDeleted(let group): "\(group.text) is deleted"
        case .desiredChanged(let group, let count):
            "\(group.text) is meant to have \(count) voters"
        case .syncChanged(let node, let group, let status):
            "\(group.text) on \(node.text): \(sync(status))"
        default: nil
        }
    }

    private static func warnings(_ proofs: [Proof]) -> String {
        proofs.compactMap(\.warning).map { "; " + $0 }.joined()
    }

    private static func removalSentence(_ event: Event) -> String? {
        switch event {
        case .removalScheduled(let node, _, let due):
            "\(node.text) is to be removed at \(moment(due))"
        case .removalRescheduled(let node, let due, let why):
            "the removal of \(node.text) is put off to \(moment(due)) (\(why.rawValue))"
        case .removalCancelled(let node, let why):
            "the removal of \(node.text) is cancelled (\(why.rawValue))"
        case .removalBlocked(let node, let refusal, _):
            "the removal of \(node.text) is held back: \(sentence(refusal))"
        case .sagaStarted(let saga, _) where saga.isCancelled:
            "the removal of \(saga.node.text) is cancelled half way: no other group loses it"
        case .sagaStarted(let saga, let proofs):
            "the \(saga.kind.rawValue) of \(saga.node.text) begins (\(saga.reason.rawValue))"
                + warnings(proofs)
        case .sagaRollingBack(let node, let refusal):
            "\(node.text): what was begun is taken back: \(sentence(refusal))"
        case .sagaStalled(let node, let refusal, let retryAt):
            "\(node.text): stalled until \(moment(retryAt)): \(sentence(refusal))"
        case .sagaResumed(let node): "\(node.text): goes on"
        case .sagaSuperseded(let node, let kind):
            "\(node.text): gives way to a \(kind.rawValue)"
        case .sagaEnded(let node, nil): "\(node.text): done"
        case .sagaEnded(let node, let refusal?): "\(node.text): ended: \(sentence(refusal))"
        default: nil
        }
    }

    private static func stepSentence(_ event: Event) -> String? {
        switch event {
        case .stepStarted(let node, let group, let name):
            place(node, group) + "step \(name.rawValue) begins"
        case .stepBlocked(let node, let group, let refusal, _):
            place(node, group) + "waits: \(sentence(refusal))"
        case .commandIssued(let command, let proofs):
            "command: \(action(command))" + warnings(proofs)
        case .commandReported(let id, let node, let group):
            place(node, group) + "command \(id) is over, its agent reports"
        case .commandFailed(let id, let node, let group, let failure, _):
            place(node, group) + "command \(id) failed: \(failure.code.rawValue)"
        case .commandInDoubt(let id, let node, let group):
            place(node, group) + "the outcome of command \(id) is unknown"
        case .doubtResolved(let id, let node, let group, let effect):
            place(node, group) + "command \(id) has had \(effect ? "its" : "no") effect"
        case .stepDone(let node, let group, let name, let next):
            place(node, group) + "step \(name.rawValue) is done"
                + (next.map { ", \($0.rawValue) is next" } ?? "")
        case .stepFailed(let node, let group, let name, let refusal):
            place(node, group) + "step \(name.rawValue) failed: \(sentence(refusal))"
        case .observationAsked(let command): "a look is asked for: \(action(command))"
        default: nil
        }
    }

    private static func place(_ node: NodeID, _ group: GroupID?) -> String {
        node.text + (group.map { " in \($0.text)" } ?? "") + ": "
    }

    private static func list(_ nodes: [NodeID]) -> String {
        nodes.map(\.text).joined(separator: " ")
    }

    private static func part(_ word: String, _ nodes: [NodeID]) -> String {
        nodes.isEmpty ? "" : word + " " + list(nodes)
    }

    private static func word(_ member: Member) -> String {
        member.node.text + (member.role == .learner ? "(learner)" : "")
    }

    /// The proofs that stand in an event.
    static func proofs(_ event: Event) -> [Proof] {
        switch event {
        case .requestRejected(_, _, let proofs), .removalBlocked(_, _, let proofs),
            .sagaStarted(_, let proofs), .commandIssued(_, let proofs),
            .changeWithheld(_, _, _, _, let proofs), .changeProposed(_, _, _, let proofs):
            proofs
        case .stepBlocked(_, _, _, let proof?): [proof]
        default: []
        }
    }
}
