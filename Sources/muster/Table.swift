package import MusterCommandLine

/// All commands of `muster`.
package enum Table {
    /// The program as parser, help, completion, manual and reference know it.
    package static let program = Program(
        "muster", "keeps the membership of clustered services right, and says why",
        version: "0.2.0",
        discussion: """
            Nodes and services publish what happens to them. A manager folds these facts into a \
            projection of the membership and issues commands to add, synchronise, promote and \
            remove members, never without a proof that the cluster keeps its quorum. Whatever it \
            decides is in one log, the journal, and can be asked why, replayed and verified.
            """,
        examples: [
            .init("status", "say whether all is well"), .init("nodes", "list the nodes"),
        ],
        options: [CommonOptions.log, CommonOptions.kafka],
        sections: [
            .init(
                "Run",
                [
                    DevCommand.command, DemoCommand.command, ManagerCommand.command,
                    AgentCommand.command,
                ]),
            .init(
                "Look",
                [
                    StatusCommand.command, ListCommands.clusters, NodeCommands.nodes,
                    NodePage.command, ListCommands.groups, ListCommands.removals,
                    ProposalCommand.command, CommandsCommand.command,
                ]),
            .init(
                "Ask back",
                [
                    LogCommand.command, WhyCommand.command, AtCommand.command, DiffCommand.command,
                    ReplayCommand.command, VerifyCommand.command, BacktestCommand.command,
                    SimulateCommand.command,
                    WatchCommand.command, WaitCommand.command,
                ]),
            .init("Say", [PublishCommands.command]),
            .init("Ask", RequestCommands.all),
            .init(
                "Keep",
                [
                    DoctorCommand.command, QuarantineCommands.command, TopicCommands.command,
                    RebaseCommand.command,
                ]),
        ])
}
