import MusterAgent
import MusterCommandLine
import MusterCore
import MusterLog
import MusterRuntime

/// `agent`: works beside one node until it is stopped; or watches services that have none.
enum AgentCommand {
    static let command = MusterCommandLine.Command(
        "agent", "run beside a node: publish its facts, carry out its commands",
        discussion: """
            Announces the node, beats, publishes what its servers show, and carries out the \
            commands that managers issue for it, each at most once. Who the node is, and what was \
            begun, is kept in files muster-… of its data directory, so that a lost disk is a new \
            node. Commands are carried out by programs in the directory --hooks, one named after \
            each kind of command, or, with --etcd, by etcd's own interface, hooks starting and \
            stopping the server. SIGTERM and SIGINT stop it in order; with --leave the node asks \
            to be taken out first, and waits for it.

            With --watch it has no node: it looks at services that have no agent, and publishes \
            as an observer whether they answer.
            """,
        examples: [
            .init(
                "agent --cluster orders --node n1 --data /var/lib/orders --hooks /etc/muster/hooks",
                "beside a node whose commands are carried out by programs"),
            .init(
                "agent -c kv --node e1 --data /var/lib/etcd --hooks /etc/muster/hooks "
                    + "--etcd http://127.0.0.1:2379 --etcd-peer http://10.0.0.1:2380",
                "beside a member of etcd"),
            .init(
                "agent --cluster orders --watch n1=tcp://10.0.0.1:6379 "
                    + "--watch n2=http://10.0.0.2/health",
                "an observer of two services"),
        ],
        options: [CommonOptions.cluster] + node + etcd + security + watch,
        exitCodes: [.unreachable, .conflict, .notPermitted, .interrupted, .terminated]
    ) { call in
        guard let cluster: ClusterID = try call.name(option: CommonOptions.cluster.name) else {
            throw CommandError.usage("--cluster is missing", advice: "name the node's cluster")
        }
        return call.texts("watch").isEmpty
            ? try await runBesideNode(call, cluster) : try await runAsObserver(call, cluster)
    }

    private static let node: [CommandOption] = [
        CommandOption("node", "n", value: "NODE", .text, "the node's name", isSetting: true),
        CommandOption(
            "data", value: "FOLDER", .directory, "the node's data directory", isSetting: true),
        CommandOption(
            "role", value: "ROLE", .word(Role.allCases.map(\.rawValue)),
            "what the node is meant to be", default: Role.voter.rawValue, isSetting: true),
        CommandOption(
            "address", value: "ADDRESS", .text,
            "where its server is reached; with --etcd the URL of --etcd-peer", isSetting: true),
        CommandOption("zone", value: "ZONE", .text, "its failure domain", isSetting: true),
        CommandOption(
            "hooks", value: "FOLDER", .directory,
            "the directory of the programs that carry commands out; absolute, and writable by "
                + "nobody else", isSetting: true),
        CommandOption(
            "hook-limit", value: "TIME", .duration,
            "how long a program may run; a copy as long as it says that it moves", default: "60s",
            isSetting: true),
        CommandOption(
            "beat-every", value: "TIME", .duration, "how often to beat", default: "3s",
            isSetting: true),
        CommandOption(
            "observe-every", value: "TIME", .duration, "how often to look at the node's servers",
            default: "2s", isSetting: true),
        CommandOption(flag: "leave", summary: "ask to be taken out of the cluster when stopped"),
    ]

    private static let etcd: [CommandOption] = [
        CommandOption(
            "etcd", value: "URL", .text, "the client URL of the node's own etcd", isSetting: true),
        CommandOption(
            "etcd-peer", value: "URL", .text, "the URL by which other members reach it",
            isSetting: true),
        CommandOption(
            "etcd-other", value: "URL", .text,
            "the client URL of another member, for a node that is none yet", repeats: true,
            isSetting: true),
        CommandOption(
            "etcd-metrics", value: "URL", .text, "where its metrics are; default: its client URL",
            isSetting: true),
        CommandOption(
            "etcd-group", value: "NAME", .text, "what its one Raft group is called",
            default: "etcd", isSetting: true),
        CommandOption(
            "etcd-prefix", value: "PREFIX", .text,
            "the keys in etcd that agents keep: which disk each member is on", default: "muster/",
            isSetting: true),
        CommandOption(
            "etcd-user", value: "NAME", .text, "who the agent is to etcd", isSetting: true),
        CommandOption(
            "etcd-password-file", value: "FILE", .file, "where its password is", isSetting: true),
    ]

    private static let security: [CommandOption] = [
        CommandOption(
            "tls-authority", value: "FILE", .file,
            "the authorities to trust for https; default: those of the system", isSetting: true),
        CommandOption(
            "tls-certificate", value: "FILE", .file, "the agent's own certificate",
            isSetting: true),
        CommandOption(
            "tls-key", value: "FILE", .file, "its key; default: in the same file",
            isSetting: true),
    ]

    private static let watch: [CommandOption] = [
        CommandOption(
            "watch", value: "NODE=URL", .text,
            "look at a service without an agent: tcp://HOST:PORT or an http URL", repeats: true,
            isSetting: true),
        CommandOption(
            "watch-every", value: "TIME", .duration, "how often to look", default: "3s",
            isSetting: true),
        CommandOption(
            "observer", value: "NAME", .text, "who says it", default: "watch", isSetting: true),
    ]

    // MARK: Beside a node

    private static func runBesideNode(
        _ call: Invocation, _ cluster: ClusterID
    ) async throws -> ExitCode {
        guard let node: NodeID = try call.name(option: "node") else {
            throw CommandError.usage("--node is missing", advice: "name the node, or give --watch")
        }
        guard let data = call.text("data") else {
            throw CommandError.usage(
                "--data is missing", advice: "name the node's data directory")
        }
        let settings = try settings(call, cluster)
        let makeExecutor = try executor(call, data)
        let supervisor = Supervisor(environment: call.context.environment)
        return try await call.withExistingLog { log in
            // A slip in an option or in the log's name costs no start of the node.
            let folder: NodeFolder
            do throws(LocalProblem) {
                folder = try NodeFolder(data, cluster: cluster, node: node)
            } catch {
                throw CommandError(error, "the data directory cannot be used")
            }
            let executor = makeExecutor(folder)
            let agent = Agent(
                log: log, settings: settings, folder: folder, executor: executor,
                logger: call.logger, leaves: call.flag("leave"),
                onReady: { supervisor?.tell(.ready) })
            // A node that leaves has its own limit; a second signal ends it at once.
            try await run("agent", call, stopLimit: call.flag("leave") ? nil : .seconds(30)) {
                try await agent.run()
            }
            return .ok
        }
    }

    private static func run(
        _ name: String, _ call: Invocation, stopLimit: Duration? = .seconds(30),
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        do {
            let supervisor = Supervisor(environment: call.context.environment)
            try await ServiceRun(
                [Service(name, run: body)], stopLimit: stopLimit, logger: call.logger
            )
            .run(stoppingOn: StopRequest(telling: supervisor))
        } catch let failure as ServiceFailure {
            if let error = failure.error as? AgentError {
                throw CommandError(error)
            }
            throw failure.error
        }
    }

    private static func settings(
        _ call: Invocation, _ cluster: ClusterID
    ) throws -> AgentSettings {
        var settings = AgentSettings(cluster: cluster)
        settings.role = call.text("role").flatMap(Role.init(rawValue:)) ?? .voter
        settings.address = call.text("address") ?? call.text("etcd-peer") ?? ""
        settings.zone = call.text("zone") ?? ""
        settings.heartbeatInterval = try interval(call, "beat-every")
        settings.observationInterval = try interval(call, "observe-every")
        return settings
    }

    /// A length of time that a loop can be run by.
    private static func interval(_ call: Invocation, _ option: String) throws -> Duration {
        let value = call.duration(option) ?? .seconds(3)
        if value < .milliseconds(50) {
            throw CommandError.usage("--\(EscapedText(option)) needs at least 50ms")
        }
        return value
    }

    /// How the node's commands are carried out, as soon as its folder is taken.
    private static func executor(
        _ call: Invocation, _ data: String
    ) throws -> @Sendable (NodeFolder) -> any Executor {
        var hooks: HookExecutor?
        if let path = call.text("hooks") {
            do throws(LocalProblem) {
                hooks = HookExecutor(
                    folder: try HookFolder(path), data: data,
                    timeMax: call.duration("hook-limit") ?? .seconds(60))
            } catch {
                throw CommandError(error, "the hooks cannot be used")
            }
        }
        guard let endpoint = call.text("etcd") else {
            guard let hooks else {
                throw CommandError.usage(
                    "neither --hooks nor --etcd is given",
                    advice: "say how the node's commands are carried out")
            }
            return { _ in hooks }
        }
        let (options, programs) = (try etcd(call, endpoint), hooks)
        return { EtcdExecutor(options: options, folder: $0, hooks: programs) }
    }

    private static func etcd(_ call: Invocation, _ endpoint: String) throws -> EtcdOptions {
        guard let peer = call.text("etcd-peer") else {
            throw CommandError.usage(
                "--etcd-peer is missing", advice: "say by which URL other members reach this one")
        }
        for url in [endpoint, peer] + call.texts("etcd-other") where !isURL(url) {
            throw CommandError.usage("etcd's URLs begin with http:// or https://, not \(url)")
        }
        var options = EtcdOptions(endpoint: bare(endpoint), peer: peer)
        options.security = try tls(call)
        options.others = call.texts("etcd-other").map(bare)
        options.metrics = call.text("etcd-metrics").map(bare)
        options.group = try call.name(option: "etcd-group") ?? options.group
        options.prefix = call.text("etcd-prefix") ?? options.prefix
        if let name = call.text("etcd-user") {
            guard let path = call.text("etcd-password-file") else {
                throw CommandError.usage("--etcd-user needs --etcd-password-file")
            }
            do {
                let bytes = try call.context.readFile(path)
                let text = String(decoding: bytes, as: UTF8.self)
                options.credentials = EtcdCredentials(
                    name: name, password: String(text.prefix { !$0.isNewline }))
            } catch {
                throw error.commandError(path)
            }
        }
        return options
    }

    private static func tls(_ call: Invocation) throws -> TLSContext {
        do throws(LocalProblem) {
            return try TLSContext(
                authority: call.text("tls-authority"), certificate: call.text("tls-certificate"),
                key: call.text("tls-key"))
        } catch {
            throw CommandError.usage("\(error.description)")
        }
    }

    private static func isURL(_ text: String) -> Bool {
        text.hasPrefix("http://") || text.hasPrefix("https://")
    }

    private static func bare(_ url: String) -> String {
        url.hasSuffix("/") ? String(url.dropLast()) : url
    }

    // MARK: As an observer

    private static func runAsObserver(
        _ call: Invocation, _ cluster: ClusterID
    ) async throws -> ExitCode {
        var ofNodes = ["node", "data", "hooks", "etcd"].filter { call.text($0) != nil }
        if call.flag("leave") { ofNodes.append("leave") }
        if let option = ofNodes.first {
            throw CommandError.usage(
                "--watch is for an observer, which has no node, and --\(EscapedText(option)) is "
                    + "for an agent beside one",
                advice: "run one agent beside the node and another one with --watch")
        }
        let probes = try call.texts("watch").map { text -> Probe in
            guard let equals = text.firstIndex(of: "=") else {
                throw CommandError.usage("--watch needs NODE=URL, not \(text)")
            }
            let node: NodeID = try call.name(String(text[..<equals]), "node")
            do throws(LocalProblem) {
                return try Probe(node: node, url: String(text[text.index(after: equals)...]))
            } catch {
                throw CommandError.usage("--watch \(node) \(error.description)")
            }
        }
        let every = try interval(call, "watch-every")
        let observer: Principal = try call.name(option: "observer") ?? Principal(unchecked: "watch")
        let security = try tls(call)
        return try await call.withExistingLog { log in
            let watcher = Watcher(
                log: log, cluster: cluster, observer: observer, probes: probes, every: every,
                security: security, logger: call.logger)
            let supervisor = Supervisor(environment: call.context.environment)
            try await run("watch", call) {
                supervisor?.tell(.ready)
                try await watcher.run()
            }
            return .ok
        }
    }
}
