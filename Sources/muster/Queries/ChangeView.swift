import MusterCommandLine
import MusterCore

/// A change that is under way, as part of a result: what `node` and `at` show.
enum ChangeView {
    static let shape: ResultShape = .object([
        .init("kind", .word(Saga.Kind.allCases.map(\.rawValue)), "what is under way"),
        .init("node", .text, "whose change it is"),
        .init("newcomer", .text, "who comes in for it", isOptional: true),
        .init("reason", .word(Saga.Reason.allCases.map(\.rawValue)), "why it was begun"),
        .init("principal", .text, "who asked for it", isOptional: true),
        .init("began", .time, "when it was begun"),
        .init("phase", .word(["active", "rollingBack", "stalled"]), "how it goes"),
        .init("trouble", RefusalView.shape, "why it does not go on", isOptional: true),
        .init("retry", .time, "when it is tried again by itself", isOptional: true),
        .init("steps", .array(ChangeProgress.shape), "where it stands in each group"),
    ])

    static let columns: [ResultLayout.Column] = [
        .init("NODE", "node"), .init("CHANGE", "kind"), .init("WITH", "newcomer"),
        .init("BECAUSE OF", "reason"), .init("ASKED BY", "principal"), .init("BEGAN", "began"),
        .init("PHASE", "phase", tones: ["stalled": .bad, "rollingBack": .warning]),
        .init("TROUBLE", "trouble.sentence"),
    ]

    static func value(_ saga: Saga) -> ResultValue {
        let (phase, trouble, retry): (String, Refusal?, Timestamp?) =
            switch saga.phase {
            case .active: ("active", nil, nil)
            case .rollingBack(let refusal): ("rollingBack", refusal, nil)
            case .stalled(let refusal, let retry): ("stalled", refusal, retry)
            }
        return .object([
            "kind": .text(saga.kind.rawValue), "node": .name(saga.node),
            "newcomer": saga.newcomer.map { .name($0.node) }, "reason": .text(saga.reason.rawValue),
            "principal": saga.principal.map { .name($0) }, "began": .time(saga.began),
            "phase": .text(phase), "trouble": trouble.map { RefusalView.value($0) },
            "retry": retry.map { .time($0) }, "steps": .array(ChangeProgress.rows(saga)),
        ])
    }
}
