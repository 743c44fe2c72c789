import Glibc
import MusterAgent
import MusterCommandLine
import MusterCore
import MusterRuntime
import Synchronization

/// The machines of a demonstration: each an etcd and an agent, and the one manager; where they
/// listen, and how they are started, stopped and ended.
final class EtcdServers: Sendable {
    /// The names that machines get, one after the other: more than all parts together start.
    static let names = (1...12).map { "e\($0)" }
    /// How many ports they may need.
    static let portsMax = 2 * names.count
    private let folder: String
    private let port: Int
    private let log: String
    private let context: ProcessContext
    private let programs: DemoPrograms
    private let hooks: HookFolder
    private let state = Mutex(State())

    private struct State {
        var named = 0
        /// The machines that were begun and not given up.
        var inUse: [String] = []
        var managers = 0
    }

    /// Puts the hooks into the folder.
    init(folder: String, port: Int, log: String, call: Invocation) throws {
        context = call.context
        self.port = port
        self.log = log
        self.folder = try DemoPrograms.resolve(folder)
        programs = try DemoPrograms(call.context)
        // A server of somebody else would be taken for one of ours.
        if let taken = (port..<port + Self.portsMax).first(where: { LocalPort.isTaken($0) }) {
            throw CommandError(
                .failed, "port \(taken) of this machine is in use already",
                advice: "end what uses it, or name the first of \(Self.portsMax) free ones with "
                    + "--port")
        }
        hooks = try EtcdHooks.write(
            to: self.folder + "/hooks", etcd: programs.etcd, call.context)
    }

    // MARK: Places

    private func data(_ name: String) -> String { folder + "/" + name }
    /// Where its clients reach it.
    func client(_ name: String) -> String { "http://127.0.0.1:\(port(of: name))" }

    /// Where other members reach it.
    func peer(_ name: String) -> String { "http://127.0.0.1:\(port(of: name) + 1)" }

    private func port(of name: String) -> Int {
        port + 2 * (Self.names.firstIndex(of: name) ?? 0)
    }

    /// Where clients reach those that were not given up.
    var clients: [String] { state.withLock { $0.inUse }.map(client) }

    /// The name of a machine that has not been there yet.
    func next() throws(CommandError) -> String {
        let name = state.withLock { state -> String? in
            guard state.named < Self.names.count else { return nil }
            state.named += 1
            return Self.names[state.named - 1]
        }
        guard let name else { throw CommandError(.failed, "there are no more machines") }
        return name
    }

    /// The files by which a story meets the program that starts a server.
    func path(_ file: String, of name: String) -> String { data(name) + "/" + file }

    /// Puts a piece of shell in the way of the next start of that server by its agent.
    func meet(_ name: String, _ text: String) throws(CommandError) {
        try write(text + "\n", to: path(EtcdHooks.meeting, of: name))
    }

    /// Writes a file that a meeting waits for.
    func write(_ text: String, to path: String) throws(CommandError) {
        do throws(FileProblem) {
            try context.writeFile(path, text)
        } catch {
            throw error.commandError(path)
        }
    }

    // MARK: Processes

    /// The etcd of that name.
    func server(_ name: String) -> DemoProcess { process(path("muster-etcd.pid", of: name)) }
    /// Its agent.
    func agent(_ name: String) -> DemoProcess { process(path("muster-agent.pid", of: name)) }
    /// The manager.
    var manager: DemoProcess { process(folder + "/muster-manager.pid") }

    private func process(_ file: String) -> DemoProcess {
        DemoProcess(file: file, mark: folder, context: context)
    }

    /// Starts the manager, or another one after it: that one need not wait until the lease of the
    /// one before has run out.
    func startManager() throws(CommandError) {
        let number = state.withLock { state in
            state.managers += 1
            return state.managers
        }
        try manager.start(
            [
                programs.muster, "manager", "--log", log, "--allow-short-removal-delay",
                "--manager-group", "demo-\(number)",
            ], programs.environment, output: folder + "/muster-manager.txt")
    }

    /// Starts the first servers of a new cluster.
    func found(_ names: [String]) throws(CommandError) {
        let members = names.map { "\($0)=\(peer($0))" }.joined(separator: ",")
        for name in names {
            try make(name)
            try startServer(name, among: members, state: "new")
        }
    }

    /// Starts the agent of a machine that is no member yet, or that has an empty disk.
    func begin(_ name: String) throws(CommandError) {
        try make(name)
        try startAgent(name)
    }

    private func make(_ name: String) throws(CommandError) {
        guard mkdir(data(name), 0o700) == 0 || errno == EEXIST else {
            throw FileProblem.failed(String(cString: strerror(errno))).commandError(data(name))
        }
        state.withLock { state in
            if !state.inUse.contains(name) { state.inUse.append(name) }
        }
    }

    /// Starts an agent where there is none.
    func startAgent(_ name: String) throws(CommandError) {
        let others = Self.names.filter { $0 != name }.flatMap { ["--etcd-other", client($0)] }
        try agent(name).start(
            [
                programs.muster, "agent", "--log", log, "--cluster", EtcdStory.cluster.text,
                "--node", name, "--data", data(name), "--hooks", hooks.path,
                "--etcd", client(name), "--etcd-peer", peer(name), "--beat-every", "500ms",
                "--observe-every", "500ms", "--log-level", "info",
            ] + others, programs.environment, output: path("muster-agent.txt", of: name))
    }

    /// Starts a server that has been a member.
    func startServer(_ name: String) throws(CommandError) {
        try startServer(name, among: "\(name)=\(peer(name))", state: "existing")
    }

    private func startServer(
        _ name: String, among members: String, state: String
    ) throws(CommandError) {
        let (client, peer) = (client(name), peer(name))
        try server(name).start(
            [
                programs.etcd, "--name", name, "--data-dir", path("etcd", of: name),
                "--log-level", "warn", "--listen-client-urls", client,
                "--advertise-client-urls", client, "--listen-peer-urls", peer,
                "--initial-advertise-peer-urls", peer, "--initial-cluster", members,
                "--initial-cluster-state", state,
            ] + EtcdHooks.pace, programs.environment,
            output: path("muster-etcd.txt", of: name))
    }

    /// Ends a machine at once, as a power cut would.
    func lose(_ name: String) {
        server(name).signal(SIGKILL)
        agent(name).signal(SIGKILL)
    }

    /// A machine that does not come back: nobody asks it any more.
    func giveUp(_ name: String) { state.withLock { $0.inUse.removeAll { $0 == name } } }

    /// Takes the disk of a lost machine out; the next one is empty.
    func takeDisk(_ name: String) throws(CommandError) {
        guard rename(data(name), data(name) + "-old-disk") == 0 else {
            throw FileProblem.failed(String(cString: strerror(errno))).commandError(data(name))
        }
    }

    /// Has etcdctl do something, as somebody would who does not know Muster.
    ///
    /// - Returns: its process, whose end must be waited for; whether it could, the members say.
    func control(_ words: [String]) throws(CommandError) -> DemoProcess {
        let endpoints = clients.joined(separator: ",")
        let process = DemoProcess(
            file: folder + "/muster-etcdctl.pid", mark: endpoints, context: context)
        var environment = programs.environment
        environment["ETCDCTL_API"] = "3"
        try process.start(
            [
                try programs.etcdctl(), "--endpoints", endpoints, "--command-timeout=5s",
            ] + words, environment, output: folder + "/muster-etcdctl.txt")
        return process
    }

    /// Ends everything that was started.
    func endAll() {
        manager.signal(SIGKILL)
        for name in Self.names { lose(name) }
    }
}
