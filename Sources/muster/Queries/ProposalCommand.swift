import MusterCommandLine
import MusterCore
import MusterRuntime

/// `proposals`: what automation would do and leaves to people.
enum ProposalCommand {
    static let command = Command(
        "proposals", "list what automation would do and leaves to people",
        discussion: """
            Under the mode propose, automation writes the request that it would have sent; \
            `muster approve` sends it. A proposal vanishes when it no longer applies. With --all \
            also what was only observed.
            """,
        examples: [
            .init("proposals", "what waits for an approval"),
            .init("proposals --all", "also what the policy only observes"),
        ],
        options: [
            CommonOptions.cluster,
            CommandOption(flag: "all", summary: "also what cannot be approved"),
        ],
        exitCodes: [.notFound],
        shape: .object([.init("proposals", .array(shape), "oldest first")]),
        layout: .table(
            "proposals", name: "proposal", empty: "nothing is proposed",
            [
                .init("PROPOSAL", "proposal"), .init("RULE", "rule"), .init("NODE", "node"),
                .init("WHAT", "sentence"), .init("SINCE", "since"),
                .init("WITHHELD", "withheld.sentence"),
                .init("CLUSTER", "cluster", wide: true),
            ])
    ) { call in
        try await Query.run(call) { query in
            let state = try query.cluster()
            let all = call.flag("all")
            let shown = state.proposals.filter { all || $0.withheld == nil }
            try call.show(
                .object(["proposals": .array(shown.map { value($0, state.id) })]))
            return .ok
        }
    }

    private static let shape: ResultShape = .object([
        .init("cluster", .text, "the cluster's name"),
        .init("proposal", .id, "its number, which an approval names"),
        .init("rule", .word(Rule.allCases.map(\.rawValue)), "the rule that it comes from"),
        .init("node", .text, "the node that would be changed"),
        .init("sentence", .text, "what would be asked for"),
        .init("since", .time, "since when it is proposed"),
        .init("withheld", RefusalView.shape, "why it cannot be approved", isOptional: true),
    ])

    private static func value(_ entry: Proposal, _ cluster: ClusterID) -> ResultValue {
        .object([
            "cluster": .name(cluster), "proposal": .id(entry.id),
            "rule": .text(entry.rule.rawValue), "node": .name(entry.node),
            "sentence": .text(Wording.asked(entry.action)), "since": .time(entry.since),
            "withheld": entry.withheld.map { RefusalView.value($0) },
        ])
    }
}
