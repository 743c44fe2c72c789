import MusterCommandLine
import MusterCore
import MusterLog
import MusterRuntime

/// `demo`: Muster at work on a system that is not ours.
enum DemoCommand {
    static let command = MusterCommandLine.Command(
        "demo", "watch the membership of a real system being kept", commands: [etcd])

    private static let etcd = MusterCommandLine.Command(
        "etcd", "watch a real etcd grow, lose its leader and be healed",
        discussion: """
            Starts three etcd servers on this machine, a manager, an agent beside each, and a \
            client that writes throughout. A fourth and a fifth join as learners and are promoted \
            when they have caught up; a machine is lost and returns in time, which cancels its \
            removal; the machine of the leader is lost, and is removed from etcd when its deadline \
            has passed. At the end every write that etcd has acknowledged is looked for. About a \
            minute. The program etcd must be on the PATH (3.4 or later; Debian's etcd-server has \
            it). Everything lies in one folder and is ended with the command.
            """,
        examples: [
            .init("demo etcd", "the story"), .init("demo etcd --stay", "and keep etcd running"),
        ],
        options: [
            StoryStage.stay,
            CommandOption(
                "folder", value: "FOLDER", .directory,
                "where log and data go; without it a new temporary folder"),
            CommandOption(
                "port", value: "PORT", .number(1...65_000),
                "the first of ten ports on 127.0.0.1 that the servers use", default: "23790"),
        ],
        exitCodes: [.notPermitted, .interrupted, .terminated], shape: shape,
        layout: ResultLayout(
            [
                .table(
                    title: "nodes", rows: "nodes", columns: NodeView.columns, empty: "no nodes"),
                .lines("next"),
            ], rows: "nodes", name: "node")
    ) { call in
        try await StoryStage.run { try await run(call) }
    }

    private static let shape: ResultShape = .object([
        .init("log", .text, "the log that the story left"),
        .init("nodes", .array(NodeView.shape), "the nodes at the end, by name"),
        .init("next", .array(.text), "commands to try"),
    ])

    private static func run(_ call: Invocation) async throws {
        let folder = try DevFolder.make(call.text("folder"), call.context)
        let stage = try await StoryStage(call, url: "sqlite:\(folder)/muster.db")
        let servers = try EtcdServers(
            folder: folder, port: Int(call.number("port") ?? 23_790), call: call)
        defer { servers.endAll() }
        let story = EtcdStory(log: stage.log, servers: servers, tell: stage.tell)
        try await stage.play(staying: "etcd goes on") {
            try await story.run()
            try await end(stage)
        }
    }

    private static func end(_ stage: StoryStage) async throws {
        let projection = try await ProjectionLoader().load(stage.log)
        let nodes = projection.reader.state(of: EtcdStory.cluster).map { NodeView.all(of: $0) }
        let name = "muster --log \(stage.log.url)"
        try stage.show(
            .object([
                "log": .text(stage.log.url), "nodes": .array(nodes ?? []),
                "next": .texts(["Try next:", "  \(name) log", "  \(name) verify"]),
            ]))
    }
}
