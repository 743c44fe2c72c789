import MusterCommandLine
import MusterCore

/// One group as part of a result: what `groups` and `at` show.
struct GroupView {
    let state: ClusterState
    let group: GroupID
    let register: GroupState
    /// nil where the past is shown: what was heard then is not known any more.
    let health: GroupHealth?
    let now: Timestamp

    static func all(
        of state: ClusterState, _ evidence: Evidence?, now: Timestamp
    ) -> [ResultValue] {
        state.groups.map { group, register in
            GroupView(
                state: state, group: group, register: register,
                health: evidence.map {
                    state.health(of: group, evidence: $0, at: $0.moment(now, of: state))
                }, now: now
            ).value
        }
    }

    static let shape: ResultShape = .object([
        .init("cluster", .text, "the cluster's name"),
        .init("group", .text, "the group's name"),
        .init("leader", .text, "who leads", isOptional: true),
        .init("term", .id, "the Raft term"),
        .init("version", .text, "of the configuration: TERM.INDEX", isOptional: true),
        .init("voters", .array(.text), "voters of the last committed configuration"),
        .init("learners", .array(.text), "its learners"),
        .init("pending", .flag, "whether a newer configuration is written, not committed"),
        .init("desired", .number, "how many voters it is meant to have"),
        .init("floor", .number, "how many voters must remain"),
        .init(
            "healthy", .array(.text), "voters that are heard, in contact and caught up",
            isOptional: true),
        .init("needed", .number, "a majority of the voters"),
        .init(
            "spare", .number, "how many more healthy voters may fail", isOptional: true),
        .init(
            "oneMoreFailure", .text, "what the failure of one more voter would do",
            isOptional: true),
        .init("observed", .time, "when a leader's view last came", isOptional: true),
        .init("closed", .flag, "whether it waits for a view newer than its last change"),
        .init(
            "unusable", RefusalView.shape, "why nothing can be proved of it now",
            isOptional: true),
        .init("seq", .id, "the decision as of which this holds"),
    ])

    static let columns: [ResultLayout.Column] = [
        .init("GROUP", "group"), .init("LEADER", "leader"), .init("VOTERS", "voters"),
        .init("LEARNERS", "learners"), .init("HEALTHY", "healthy"), .init("NEEDED", "needed"),
        .init("SPARE", "spare", tones: ["0": .warning]),
        .init("TROUBLE", "unusable.code"), .init("CLUSTER", "cluster", wide: true),
        .init("TERM", "term", wide: true), .init("VERSION", "version", wide: true),
        .init("DESIRED", "desired", wide: true), .init("FLOOR", "floor", wide: true),
        .init("OBSERVED", "observed", wide: true), .init("PENDING", "pending", wide: true),
        .init("CLOSED", "closed", wide: true), .init("SEQ", "seq", wide: true),
        .init("ONE MORE FAILURE", "oneMoreFailure", wide: true),
    ]

    var value: ResultValue {
        let members = register.configuration?.members ?? []
        let known = health.flatMap { $0.isUnknown ? nil : $0 }
        return .object([
            "cluster": .name(state.id), "group": .name(group),
            "leader": register.leader.map { .name($0) }, "term": .id(register.term),
            "version": register.configuration.map { .text($0.version.description) },
            "voters": .names(register.voters),
            "learners": .names(members.filter { $0.role == .learner }.map(\.node)),
            "pending": .flag(register.configuration?.pending ?? false),
            "desired": .number(Int64(register.desired)),
            "floor": .number(state.floor(of: group)),
            "healthy": known.map { .names($0.healthy) },
            "needed": .number(Proof.quorum(of: register.voters.count)),
            "spare": known.map { .number($0.spare) },
            "oneMoreFailure": known.map { .text(Wording.oneMoreFailure($0)) },
            "observed": health?.observed.map { .time($0) },
            "closed": .flag(register.closedAt != nil),
            "unusable": health?.unusable.map { RefusalView.value($0) },
            "seq": .id(state.head.sequence),
        ])
    }
}

extension Wording {
    /// What the failure of one more voter would do to a group, in a sentence.
    static func oneMoreFailure(_ health: GroupHealth) -> String {
        let (healthy, voters) = (health.healthy.count, health.voters.count)
        if voters == 0 { return "no voter is known" }
        switch health.spare {
        case ..<0:
            return "finds it stopped already: \(healthy) of \(voters) voters healthy, "
                + "\(health.needed) needed"
        case 0 where voters == 1: return "stops it: it has one voter"
        case 0:
            return "stops it: the loss of any of "
                + health.healthy.map(\.text).joined(separator: " ")
        case 1: return "is borne: \(healthy - 1) of \(voters) remain; then none may fail"
        default:
            return "is borne: \(healthy - 1) of \(voters) remain; then \(health.spare - 1) may fail"
        }
    }
}
