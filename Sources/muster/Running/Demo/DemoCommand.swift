import MusterCommandLine
import MusterCore
import MusterLog
import MusterRuntime

/// `demo`: Muster at work on a system that is not ours.
enum DemoCommand {
    static let command = MusterCommandLine.Command(
        "demo", "watch the membership of a real system being kept", commands: [etcd])

    private static let etcd = MusterCommandLine.Command(
        "etcd", "watch a real etcd grow, lose machines and be healed while a client writes",
        discussion: """
            Starts three etcd servers on this machine, a manager, and an agent beside each, and \
            tells in parts what befalls them: machines are added, lost, returned and replaced, the \
            leader is removed, all restart, somebody changes members with etcdctl, manager and \
            agents are killed, the log stands still. A client writes throughout; after every part \
            each write that was acknowledged is looked for. The story fails where a part does not \
            end as it must. About three minutes; --part tells some of it.

            The programs etcd (3.4 or later) and etcdctl must be on the PATH: Debian's etcd-server \
            and etcd-client have them. Everything lies in one folder and is ended with the command.
            """,
        examples: [
            .init("demo etcd", "the whole story"),
            .init("demo etcd --list", "its parts"),
            .init("demo etcd --part lose --part leader", "two of them"),
            .init("demo etcd --part join --stay", "and keep etcd running"),
        ],
        options: [
            CommandOption(
                "part", value: "PART", .word(EtcdPart.all.map(\.name)),
                "tell only this part, behind the first one", repeats: true),
            CommandOption(flag: "list", summary: "list the parts, and tell none"),
            StoryStage.stay,
            CommandOption(
                "folder", value: "FOLDER", .directory,
                "where log and data go; without it a new temporary folder"),
            CommandOption(
                "port", value: "PORT", .number(1...65_000),
                "the first of \(EtcdServers.portsMax) ports on 127.0.0.1 that the servers use",
                default: "23790"),
        ],
        exitCodes: [.notPermitted, .interrupted, .terminated], shape: shape, layout: layout
    ) { call in
        if call.flag("list") {
            try call.show(
                .object(["parts": .array(EtcdPart.all.map { EtcdStory.Told.listed($0) })]))
            return .ok
        }
        return try await StoryStage.run { try await run(call) }
    }

    private static let shape: ResultShape = .object([
        .init("log", .text, "the log that the story left", isOptional: true),
        .init("parts", .array(EtcdStory.Told.shape), "the parts, in order"),
        .init(
            "written", .number, "how many writes were acknowledged, all of them found",
            isOptional: true),
        .init(
            "longestGap", .duration, "the longest time between two acknowledged writes",
            isOptional: true),
        .init(
            "nodes", .array(NodeView.shape), "the nodes at the end, by name", isOptional: true),
        .init("next", .array(.text), "commands to try", isOptional: true),
    ])

    private static let layout = ResultLayout(
        [
            .table(
                title: "parts", rows: "parts",
                columns: [
                    .init("PART", "part"), .init("DETECTED", "detected"),
                    .init("DECIDED", "decided"), .init("COMMANDED", "commanded"),
                    .init("DONE", "done"), .init("LOOK", "look"), .init("WHAT BEFALLS", "sentence"),
                ], empty: "no parts"),
            .facts([.init("writes, none lost", "written"), .init("longest gap", "longestGap")]),
            .table(title: "nodes", rows: "nodes", columns: NodeView.columns, empty: ""),
            .lines("next"),
        ], rows: "parts", name: "part")

    private static func run(_ call: Invocation) async throws {
        let folder = try DevFolder.make(call.text("folder"), call.context)
        let stage = try await StoryStage(call, url: "sqlite:\(folder)/muster.db", isManaged: false)
        let servers = try EtcdServers(
            folder: folder, port: Int(call.number("port") ?? 23_790), log: stage.log.url,
            call: call)
        defer { servers.endAll() }
        let chosen = call.texts("part")
        let parts = EtcdPart.all.filter { part in
            chosen.isEmpty || chosen.contains(part.name) || part.name == EtcdPart.first.name
        }
        let story = EtcdStory(log: stage.log, servers: servers, tell: stage.tell)
        try await stage.play(staying: "etcd goes on") {
            story.say("in another terminal: export MUSTER_LOG=\(stage.log.url)")
            try servers.startManager()
            let told = try await story.run(parts)
            try await end(stage, story, told)
        }
    }

    private static func end(
        _ stage: StoryStage, _ story: EtcdStory, _ told: [EtcdStory.Told]
    ) async throws {
        let (count, _) = try await story.writer.check()
        let projection = try await ProjectionLoader().load(stage.log)
        let nodes = projection.reader.state(of: EtcdStory.cluster).map { NodeView.all(of: $0) }
        let name = "muster --log \(stage.log.url)"
        try stage.show(
            .object([
                "log": .text(stage.log.url), "parts": .array(told.map(\.value)),
                "written": .number(Int64(count)),
                "longestGap": .duration(story.writer.longestGap.milliseconds),
                "nodes": .array(nodes ?? []),
                "next": .texts(["Try next:", "  \(name) log", "  \(name) verify"]),
            ]))
    }
}
