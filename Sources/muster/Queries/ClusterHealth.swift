import MusterCommandLine
import MusterCore

/// One cluster as `status` shows it: what `clusters` shows, and how well it is.
enum ClusterHealth {
    enum Word: String, CaseIterable {
        /// A group has no healthy majority.
        case lost
        /// Half of the members are silent, or the manager may be blind: nobody is removed.
        case frozen
        case troubled
        /// A group has fewer voters than it had.
        case degraded
        case well
    }

    static let shape: ResultShape = .object(
        ClusterView.fields + [
            .init("health", .word(Word.allCases.map(\.rawValue)), "how well it is"),
            .init("frozen", .text, "why nobody is removed now", isOptional: true),
            .init("degraded", .array(.text), "groups with fewer voters than they had or need"),
            .init("stalled", .array(.text), "nodes whose change does not go on"),
            .init(
                "automation", .text, "what is done without being asked: observe, propose or act"),
        ])

    static let columns: [ResultLayout.Column] =
        ClusterView.columns.prefix(2) + [
            .init(
                "HEALTH", "health",
                tones: [
                    "well": .good, "degraded": .warning, "troubled": .bad, "frozen": .bad,
                    "lost": .bad,
                ])
        ] + ClusterView.columns.dropFirst(2) + [
            .init("DEGRADED", "degraded", wide: true), .init("STALLED", "stalled", wide: true),
            .init("AUTOMATION", "automation", wide: true),
            .init("FROZEN", "frozen", wide: true),
        ]

    static func value(_ state: ClusterState, _ problems: [Problem]) -> ResultValue {
        let degraded = state.groups.filter {
            $0.value.configuration != nil
                && $0.value.voters.count < max(Int($0.value.desired), state.floor(of: $0.key))
        }.map(\.key)
        let stalled = state.sagas.filter { $0.value.isStalled }.map(\.key)
        let more: ResultValue = .object([
            "health": .text(word(state, problems, degraded).rawValue),
            "frozen": state.guarded.map { .text(Wording.sentence($0)) },
            "degraded": .names(degraded), "stalled": .names(stalled),
            "automation": .text(automation(state.policy)),
        ])
        guard case .object(let members) = more else { return more }
        return .object(ClusterView.members(state) + members)
    }

    private static func word(
        _ state: ClusterState, _ problems: [Problem], _ degraded: [GroupID]
    ) -> Word {
        if problems.contains(where: \.isLoss) { return .lost }
        if state.guarded != nil { return .frozen }
        if problems.contains(where: { $0.weight == .trouble }) { return .troubled }
        return degraded.isEmpty ? .well : .degraded
    }

    private static func automation(_ policy: Policy?) -> String {
        guard let policy else { return "none: no policy" }
        let modes = [
            ("join", policy.join), ("promotion", policy.promotion), ("removal", policy.removal),
            ("replacement", policy.replacement),
        ]
        if modes.allSatisfy({ $0.1 == modes[0].1 }) { return modes[0].1.rawValue }
        return modes.map { "\($0.0) \($0.1.rawValue)" }.joined(separator: ", ")
    }
}
