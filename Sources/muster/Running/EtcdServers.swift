import Glibc
import MusterAgent
import MusterCommandLine
import MusterCore
import MusterRuntime

/// The etcd servers of a demonstration: where they listen, and how they are started and ended.
///
/// They are started by the same hook that starts a newcomer's server, each in a session of its own.
struct EtcdServers: Sendable {
    static let names = ["e1", "e2", "e3", "e4", "e5"]
    private let folder: String
    private let port: Int
    private let context: ProcessContext
    private let program: String
    /// The hooks of the agents.
    let hooks: HookFolder
    /// What starts a server and an agent the first time.
    private let first: HookFolder

    /// Puts the hooks into the folder.
    init(folder: String, port: Int, call: Invocation) throws {
        context = call.context
        self.port = port
        let absolute = try Self.resolve(folder)
        self.folder = absolute
        program = try Self.resolve("/proc/self/exe")
        guard Self.isOnPath("etcd") else {
            throw CommandError(
                .failed, "there is no program etcd",
                advice: "install it, on Debian with: apt-get install etcd-server")
        }
        // A server of somebody else would be taken for one of ours.
        let ports = port..<port + 2 * Self.names.count
        if let taken = ports.first(where: { LocalPort.isTaken($0) }) {
            throw CommandError(
                .failed, "port \(taken) of this machine is in use already",
                advice: "end what uses it, or name the first of ten free ones with --port")
        }
        hooks = try Self.folder(
            absolute + "/hooks",
            [("startMember", Self.startMember), ("stopMember", Self.stopMember)], context)
        first = try Self.folder(
            absolute + "/first",
            [("startMember", Self.startFirst)], context)
    }

    private static func folder(
        _ path: String, _ programs: [(String, String)], _ context: ProcessContext
    ) throws -> HookFolder {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw FileProblem.failed(String(cString: strerror(errno))).commandError(path)
        }
        for (name, text) in programs {
            try write(text, to: path + "/" + name, context)
            chmod(path + "/" + name, 0o755)
        }
        do throws(LocalProblem) {
            return try HookFolder(path)
        } catch {
            throw CommandError(error, "the hooks cannot be used")
        }
    }

    private static func write(
        _ text: String, to path: String, _ context: ProcessContext
    ) throws(CommandError) {
        do throws(FileProblem) {
            try context.writeFile(path, text)
        } catch {
            throw error.commandError(path)
        }
    }

    func data(_ name: String) -> String { folder + "/" + name }
    func client(_ name: String) -> String { "http://127.0.0.1:\(port + 2 * place(name))" }
    func peer(_ name: String) -> String { "http://127.0.0.1:\(port + 2 * place(name) + 1)" }

    private func place(_ name: String) -> Int { Self.names.firstIndex(of: name) ?? 0 }

    /// Starts the first members of a new cluster, each with its agent.
    func found(_ names: [String], log: String) async throws {
        let members = names.map { "\($0)=\(peer($0))" }.joined(separator: ",")
        for name in names { try await begin(name, log, members: members) }
    }

    /// Starts the agent of a node that is no member yet.
    func wait(_ name: String, log: String) async throws { try await begin(name, log, members: "") }

    private func begin(_ name: String, _ log: String, members: String) async throws {
        mkdir(data(name), 0o700)
        let others = Self.names.filter { $0 != name }.map { "--etcd-other " + client($0) }
        let values = [
            ("MUSTER_PROGRAM", program), ("MUSTER_HOOKS", hooks.path), ("MUSTER_LOG", log),
            ("MUSTER_ETCD_NAME", name), ("MUSTER_ETCD_CLIENT_URL", client(name)),
            ("MUSTER_ETCD_PEER_URL", peer(name)), ("MUSTER_ETCD_INITIAL_CLUSTER", members),
            ("MUSTER_ETCD_OTHERS", others.joined(separator: " ")),
        ]
        let text = values.map { name, value in
            name + "='"
                + value.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "'\\''") + "'\n"
        }
        try Self.write(text.joined(), to: data(name) + "/muster-first", context)
        try await again(name)
    }

    /// Starts the agent of a node as it was started before, and its server too if it was among the
    /// first.
    func again(_ name: String) async throws {
        let outcome = await HookExecutor(folder: first, data: data(name))
            .carryOut(Self.start(name)) { _ in }
        guard case .succeeded = outcome else {
            throw CommandError(.failed, "\(name) could not be started: \(outcome.detail)")
        }
    }

    /// The command that starts a member, as it would come from a manager.
    private static func start(_ name: String) -> Work {
        let node = NodeID(unchecked: name)
        let none = Identifier(high: 0, low: 0)
        return Work(
            cluster: EtcdStory.cluster,
            id: CommandID(sequence: Sequence(0), index: 0, prefix: 0),
            command: Command(
                action: .startMember(index: nil, minTerm: nil, votedFor: nil), group: nil,
                node: node,
                store: none,
                executor: NodeIdentity(node: node, store: none, start: Start(1)), require: nil,
                notAfter: .zero, attempt: 1), address: nil)
    }

    /// Ends a node's server and its agent at once, as a power cut would.
    func kill(_ name: String) {
        for file in ["muster-etcd.pid", "muster-agent.pid"].map({ data(name) + "/" + $0 }) {
            // What was never started has no such file.
            guard let bytes = try? context.readFile(file),
                let process = pid_t(String(decoding: bytes, as: UTF8.self).prefix { $0.isNumber }),
                process > 1
            else { continue }
            _ = Glibc.kill(process, SIGKILL)
            // The number may be another process's later.
            unlink(file)
        }
    }

    /// Ends everything that was started.
    func endAll() { for name in Self.names { kill(name) } }

    private static func resolve(_ path: String) throws(CommandError) -> String {
        guard let real = realpath(path, nil) else {
            throw FileProblem.failed(String(cString: strerror(errno))).commandError(path)
        }
        defer { free(real) }
        return String(cString: real)
    }

    /// Whether hooks find that program.
    private static func isOnPath(_ program: String) -> Bool {
        ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].contains {
            access("\($0)/\(program)", X_OK) == 0
        }
    }

    private static let startMember = """
        #!/bin/sh
        # Starts the node's etcd, in a session of its own, so that it outlives whoever starts it.
        set -eu
        setsid etcd --name "$MUSTER_ETCD_NAME" --data-dir "$MUSTER_DATA/etcd" --log-level warn \\
            --listen-client-urls "$MUSTER_ETCD_CLIENT_URL" \\
            --advertise-client-urls "$MUSTER_ETCD_CLIENT_URL" \\
            --listen-peer-urls "$MUSTER_ETCD_PEER_URL" \\
            --initial-advertise-peer-urls "$MUSTER_ETCD_PEER_URL" \\
            --initial-cluster "$MUSTER_ETCD_INITIAL_CLUSTER" \\
            --initial-cluster-state "${MUSTER_ETCD_STATE:-existing}" \\
            --heartbeat-interval 50 --election-timeout 500 \\
            >>"$MUSTER_DATA/muster-etcd.txt" 2>&1 </dev/null &
        echo $! >"$MUSTER_DATA/muster-etcd.pid"

        """

    private static let startFirst = """
        #!/bin/sh
        # Starts a node: its etcd, where it is among the first, and its agent.
        set -eu
        set -a
        . "$MUSTER_DATA/muster-first"
        if [ -n "$MUSTER_ETCD_INITIAL_CLUSTER" ]; then
            MUSTER_ETCD_STATE=new "$MUSTER_HOOKS/startMember"
        fi
        # The words of MUSTER_ETCD_OTHERS are options.
        setsid env -u MUSTER_NODE "$MUSTER_PROGRAM" agent --cluster kv --node "$MUSTER_ETCD_NAME" \\
            --data "$MUSTER_DATA" --hooks "$MUSTER_HOOKS" --etcd "$MUSTER_ETCD_CLIENT_URL" \\
            --etcd-peer "$MUSTER_ETCD_PEER_URL" $MUSTER_ETCD_OTHERS \\
            --beat-every 1s --observe-every 500ms \\
            >>"$MUSTER_DATA/muster-agent.txt" 2>&1 </dev/null &
        echo $! >"$MUSTER_DATA/muster-agent.pid"

        """

    private static let stopMember = """
        #!/bin/sh
        set -eu
        if [ -e "$MUSTER_DATA/muster-etcd.pid" ]; then
            kill "$(cat "$MUSTER_DATA/muster-etcd.pid")" 2>/dev/null || true
            rm "$MUSTER_DATA/muster-etcd.pid"
        fi

        """
}
