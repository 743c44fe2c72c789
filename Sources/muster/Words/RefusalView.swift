import MusterCommandLine
import MusterCore

/// Refusals and proofs as parts of results.
enum RefusalView {
    static let shape: ResultShape = .object([
        .init("code", .word(Refusal.Code.allCases.map(\.rawValue)), "what stands in the way"),
        .init("sentence", .text, "the same, for people"),
    ])

    static func value(_ refusal: Refusal) -> ResultValue {
        .object([
            "code": .text(refusal.code.rawValue), "sentence": .text(Wording.sentence(refusal)),
        ])
    }

    static let proofShape: ResultShape = .object([
        .init("group", .text, "the group that is changed"),
        .init("change", .word(Proof.Change.allCases.map(\.rawValue)), "what is done to it"),
        .init("node", .text, "the member that is changed"),
        .init("voters", .array(.text), "voters of the last committed configuration"),
        .init("healthy", .array(.text), "those of them that are healthy"),
        .init("needed", .number, "a majority of the voters"),
        .init("votersAfter", .number, "how many voters there are after the change"),
        .init("healthyAfter", .number, "how many of them are healthy then"),
        .init("neededAfter", .number, "a majority of the voters after the change"),
        .init("now", .text, "the same three, for people"),
        .init("after", .text, "the same three after the change, for people"),
        .init("floor", .number, "the voters that must remain"),
        .init("leader", .text, "who led", isOptional: true),
        .init("term", .id, "the Raft term"),
        .init("version", .text, "of the configuration: TERM.INDEX", isOptional: true),
        .init("age", .duration, "how old the observation was", isOptional: true),
        .init("verdict", .text, "allowed, or the code of the refusal"),
        .init("consequence", .text, "what one more failure would do after the change"),
        .init("refusal", shape, "why the change may not be made", isOptional: true),
        .init("overridden", .array(.text), "policies set aside by the request"),
    ])

    static let proofColumns: [ResultLayout.Column] = [
        .init("GROUP", "group"), .init("CHANGE", "change"), .init("NODE", "node", wide: true),
        .init("VOTERS", "voters"), .init("HEALTHY", "healthy"), .init("NOW", "now"),
        .init("AFTER", "after"), .init("FLOOR", "floor"),
        .init("LEADER", "leader", wide: true), .init("TERM", "term", wide: true),
        .init("VERSION", "version", wide: true), .init("SEEN BEFORE", "age", wide: true),
        .init("VERDICT", "verdict", tones: ["allowed": .good]), .init("THEN", "consequence"),
    ]

    /// `2 of 3 ok`, or `1 of 3, 2 needed`.
    private static func words(_ healthy: Int, _ voters: Int, _ needed: Int) -> String {
        "\(healthy) of \(voters)" + (healthy >= needed ? " ok" : ", \(needed) needed")
    }

    static func value(_ proof: Proof) -> ResultValue {
        .object([
            "group": .name(proof.group), "change": .text(proof.change.rawValue),
            "node": .name(proof.node), "voters": .names(proof.voters),
            "healthy": .names(proof.healthy), "needed": .number(Int64(proof.needed)),
            "votersAfter": .number(Int64(proof.votersAfter)),
            "healthyAfter": .number(Int64(proof.healthyAfter)),
            "neededAfter": .number(Int64(proof.neededAfter)),
            "now": .text(words(proof.healthy.count, proof.voters.count, Int(proof.needed))),
            "after": .text(
                words(Int(proof.healthyAfter), Int(proof.votersAfter), Int(proof.neededAfter))),
            "floor": .number(Int64(proof.floor)), "leader": proof.leader.map { .name($0) },
            "term": .id(proof.term), "version": proof.version.map { .text($0.description) },
            "age": proof.age.map { .duration($0) },
            "verdict": .text(proof.refusal?.code.rawValue ?? "allowed"),
            "consequence": .text(
                Wording.consequence(
                    healthy: Int(proof.healthyAfter), needed: Int(proof.neededAfter))),
            "refusal": proof.refusal.map { value($0) },
            "overridden": .texts(proof.overridden.map(\.rawValue)),
        ])
    }
}
