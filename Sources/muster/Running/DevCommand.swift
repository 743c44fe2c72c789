import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterManager
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
            CommandOption(flag: "stay", summary: "keep everything running after the story"),
            CommandOption(
                "folder", value: "FOLDER", .directory,
                "where the log goes; without it a new temporary folder"),
            CommandOption(
                "seed", value: "NUMBER", .number(0...Int64.max),
                "decides stores and boots of the fleet", default: "1"),
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
        let url = try await url(call)
        do {
            try await run(call, url)
        } catch let failure as ServiceFailure {
            throw CommandError.of(failure.error)
        } catch {
            throw CommandError.of(error)
        }
        return .ok
    }

    private static let shape: ResultShape = .object([
        .init("log", .text, "the log that the story left"),
        .init("nodes", .array(NodeView.shape), "the nodes at the end, by name"),
        .init("groups", .array(GroupView.shape), "the groups at the end, by name"),
        .init("next", .array(.text), "commands to try"),
    ])

    private static let partitions: UInt32 = 4

    /// A log in the environment or a file is somebody's real one: only the command line counts.
    private static func url(_ call: Invocation) async throws -> String {
        let name = CommonOptions.log.name
        guard call.configuration[name].origin == .line(option: name) else {
            return "sqlite:" + (try DevFolder.make(call.text("folder"), call.context))
                + "/muster.db"
        }
        let url = call.text(name) ?? ""
        let isNew = try await call.withLog(for: .write) { try await $0.describeTopics().isEmpty }
        guard isNew else {
            throw CommandError.usage(
                "the log \(url) is in use already",
                advice: "each story begins with a new log: leave --log out, or name a new file")
        }
        return url
    }

    private static func run(_ call: Invocation, _ url: String) async throws {
        var options = ManagerOptions()
        options.partitions = Int32(partitions)
        options.allowsShortRemovalDelay = true
        options.version = call.program.version
        let managed = try await LogEngines.open(url, for: .write)
        try await JournalFounder(log: managed, partitions: options.partitions).found()
        let log = try await LogEngines.open(url, for: .write)
        let fleet = FleetService(
            log: log, fleet: DevStory.fleet(seed: UInt64(call.number("seed") ?? 1)),
            partitions: partitions)
        let manager = Manager(log: managed, options: options, logger: call.logger)
        let teller = StoryTeller(call)
        let services = [
            Service("manager") { try await manager.run() },
            Service("fleet") { try await fleet.run() },
            Service("story") {
                try await DevStory(
                    log: log, fleet: fleet, partitions: partitions, tell: teller.tell
                ).run()
                try await end(call, log)
                if call.flag("stay") { try await stay(call) }
            },
        ]
        try await ServiceRun(services, logger: call.logger).run()
        await log.close()
    }

    private static func end(_ call: Invocation, _ log: any EventLog) async throws {
        let query = Query(
            call: call, log: log, projection: try await ProjectionLoader().load(log))
        let state =
            query.projection.reader.state(of: DevStory.cluster)
            ?? ClusterState(id: DevStory.cluster, genesis: .zero)
        let evidence = try await query.evidence(of: state)
        if call.output.form == .table || call.output.form == .wide {
            try call.output.print("")
        }
        let name = "muster --log \(log.url)"
        try call.show(
            .object([
                "log": .text(log.url), "nodes": .array(NodeView.all(of: state)),
                "groups": .array(GroupView.all(of: state, evidence, now: query.now)),
                "next": .texts([
                    "Try next:", "  \(name) why n4", "  \(name) log --node n4",
                    "  \(name) replay",
                ]),
            ]))
    }

    private static func stay(_ call: Invocation) async throws {
        call.output.note("the fleet goes on; stop it with Ctrl-C")
        let end = ContinuousClock()
        while !Task.isCancelled { try await end.sleep(for: .seconds(3600)) }
    }
}

/// Prints the lines of a story as they come: on standard output where people read, else beside the
/// result.
private struct StoryTeller: Sendable {
    private let call: Invocation
    private let start: Int64

    init(_ call: Invocation) {
        self.call = call
        start = call.context.now()
    }

    func tell(_ line: StoryLine) {
        let tenths = max(0, line.at.milliseconds - start) / 100
        let time = "\(tenths / 10).\(tenths % 10)"
        let padding = EscapedText(trusted: String(repeating: " ", count: max(0, 5 - time.count)))
        let text: EscapedText =
            line.subject == "story"
            ? "\(padding)\(time) s  -- \(line.text)"
            : "\(padding)\(time) s  \(line.subject): \(line.text)"
        switch call.output.form {
        case .table, .wide:
            // Nobody reads any more: the story goes on to its end all the same.
            try? call.output.print(text)
        case .json, .jsonl, .yaml, .name: call.output.note(text)
        }
    }
}
