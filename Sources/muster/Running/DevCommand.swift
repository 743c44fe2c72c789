import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime
import MusterSimulation

/// `dev`: the first minute with Muster.
enum DevCommand {
    static let command = MusterCommandLine.Command(
        "dev", "watch membership being kept: a log, a manager and a small simulated fleet",
        discussion: """
            Tells a story of about 20 seconds as it happens: three voters form a cluster of two \
            groups, a fourth joins under load, one dies and is removed when its deadline passes \
            and quorum allows it, one returns in time. Then it prints the nodes and groups, and \
            commands to try. The log is a new file: in a folder of its own, or where --log on the \
            command line says.
            """,
        examples: [
            .init("dev", "the story"), .init("dev --stay", "and keep the fleet running after it"),
        ],
        options: [
            StoryStage.stay,
            CommandOption(
                "folder", value: "FOLDER", .directory,
                "where the log and the nodes' data directories go; without it a new temporary "
                    + "folder"),
        ],
        exitCodes: [.notPermitted, .interrupted, .terminated], shape: shape,
        layout: ResultLayout(
            [
                .table(
                    title: "nodes", rows: "nodes", columns: NodeView.columns, empty: "no nodes"),
                .table(
                    title: "groups", rows: "groups", columns: GroupView.columns,
                    empty: "no groups"),
                .lines("next"),
            ], rows: "nodes", name: "node")
    ) { call in
        let (url, folder) = try await place(call)
        return try await StoryStage.run { try await run(call, url, folder) }
    }

    private static let shape: ResultShape = .object([
        .init("log", .text, "the log that the story left"),
        .init("nodes", .array(NodeView.shape), "the nodes at the end, by name"),
        .init("groups", .array(GroupView.shape), "the groups at the end, by name"),
        .init("next", .array(.text), "commands to try"),
    ])

    private static let partitions: UInt32 = 4

    /// A log in the environment or a file is somebody's real one: only the command line counts.
    private static func place(
        _ call: Invocation
    ) async throws -> (url: String, folder: String) {
        let name = CommonOptions.log.name
        guard call.configuration[name].origin == .line(option: name) else {
            let folder = try DevFolder.make(call.text("folder"), call.context)
            return ("sqlite:" + folder + "/muster.db", folder)
        }
        let url = call.text(name) ?? ""
        let isNew = try await call.withLog(for: .write) { try await $0.describeTopics().isEmpty }
        guard isNew else {
            throw CommandError.usage(
                "the log \(url) is in use already",
                advice: "each story begins with a new log: leave --log out, or name a new file")
        }
        return (url, try DevFolder.make(call.text("folder"), call.context))
    }

    private static func run(_ call: Invocation, _ url: String, _ folder: String) async throws {
        let stage = try await StoryStage(call, url: url, partitions: partitions)
        let fleet = FleetService(
            log: stage.log, fleet: DevStory.fleet(), folder: folder + "/nodes",
            logger: call.logger.level <= .info ? call.logger : .silent)
        let story = DevStory(
            log: stage.log, fleet: fleet, partitions: partitions, tell: stage.tell)
        try await stage.play(
            beside: [Service("fleet") { try await fleet.run() }], staying: "the fleet goes on"
        ) {
            try await story.run()
            try await end(call, stage)
        }
    }

    private static func end(_ call: Invocation, _ stage: StoryStage) async throws {
        let query = Query(
            call: call, log: stage.log, projection: try await ProjectionLoader().load(stage.log))
        let state =
            query.projection.reader.state(of: DevStory.cluster)
            ?? ClusterState(id: DevStory.cluster, genesis: .zero)
        let evidence = try await query.evidence(of: state)
        let name = "muster --log \(stage.log.url)"
        try stage.show(
            .object([
                "log": .text(stage.log.url), "nodes": .array(NodeView.all(of: state)),
                "groups": .array(GroupView.all(of: state, evidence, now: query.now)),
                "next": .texts([
                    "Try next:", "  \(name) why n4", "  \(name) log --node n4",
                    "  \(name) replay",
                ]),
            ]))
    }
}
