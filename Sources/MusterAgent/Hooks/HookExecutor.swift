package import MusterCore
internal import MusterRuntime
internal import MusterWire
internal import Synchronization

/// Carries commands out by programs of this machine, one for each kind of command.
///
/// A program gets the command as one JSON document on standard input, and a fixed environment:
/// `PATH`, `MUSTER_CLUSTER`, `MUSTER_COMMAND`, `MUSTER_ACTION`, `MUSTER_GROUP`, `MUSTER_NODE`,
/// `MUSTER_STORE`, `MUSTER_ADDRESS`, `MUSTER_DATA`, and what the executor adds. How it ends is the
/// outcome: 0 success, 75 a failure without effect that may be tried again, 78 one that may not,
/// 69 that the engine cannot do this; anything else, and being ended, is an unknown outcome. Lines
/// on standard output that are JSON objects say how far a copy is (`bytes`, `bytesTotal`) and up to
/// which entry it reaches (`index`).
///
/// The program `observe` prints what there is to see, as one JSON object: `blank`, `engine`, `list`
/// (as in `nodeUp`), `groups` (as in `groupObserved`), `member`, `warnings`.
package struct HookExecutor: Executor {
    private let folder: HookFolder
    private let data: String
    private let timeMax: Duration
    private let extra: [String]

    /// - Parameters:
    ///   - data: the node's data directory.
    ///   - timeMax: how long a program may run; a copy for as long as it says that it moves.
    package init(folder: HookFolder, data: String, timeMax: Duration = .seconds(60)) {
        self.init(folder: folder, data: data, timeMax: timeMax, extra: [])
    }

    private init(folder: HookFolder, data: String, timeMax: Duration, extra: [String]) {
        self.folder = folder
        self.data = data
        self.timeMax = timeMax
        self.extra = extra
    }

    /// The same with more variables, `NAME=VALUE`.
    func with(_ variables: [String]) -> HookExecutor {
        HookExecutor(folder: folder, data: data, timeMax: timeMax, extra: extra + variables)
    }

    // MARK: Looking

    /// As `Executor` has it.
    package func observe() async throws(ExecutorProblem) -> NodeObservation {
        let lines = Mutex<[String]>([])
        let program: String
        do throws(LocalProblem) {
            guard let found = try folder.program("observe") else {
                throw LocalProblem("there is no program observe in \(folder.path)")
            }
            program = found
        } catch {
            throw .unavailable(error.description)
        }
        let (end, said) = await run(program, ["MUSTER_DATA=" + data] + extra, []) { line in
            lines.withLock { $0.append(line) }
            return false
        }
        guard end == .exited(0) else {
            throw .unavailable("\(program) \(Self.sentence(end)): \(said)")
        }
        let text = lines.withLock { $0.joined(separator: "\n") }
        do throws(JSONReadError) {
            return try JSONReader().read(Array(text.utf8), .input, NodeObservation.init(reading:))
        } catch {
            throw .unavailable("\(program) prints no observation: \(error)")
        }
    }

    // MARK: Carrying out

    /// As `Executor` has it.
    package func carryOut(
        _ work: Work, progress: @escaping @Sendable (CopyProgress) -> Void
    ) async -> CommandOutcome {
        if let why = HookFolder.refusal(of: work.command) {
            return .failed(.rejected, retryable: false, why)
        }
        let name = work.command.action.name
        do throws(LocalProblem) {
            guard let program = try folder.program(name) else {
                return .failed(
                    .unsupported, retryable: false, "there is no program \(name) in \(folder.path)")
            }
            if let refusal = await precondition(work.command) { return refusal }
            return await carryOut(work, program, progress)
        } catch {
            return .failed(.rejected, retryable: false, error.description)
        }
    }

    /// What a change requires, against what is seen now; nil when it holds.
    private func precondition(_ command: Command) async -> CommandOutcome? {
        guard let require = command.require, let group = command.group else { return nil }
        do throws(ExecutorProblem) {
            let seen = try await observe()
            let report = seen.groups.first { $0.group == group }
            return Precondition(command: command, require: require).refusal(report) {
                $0 == require.version
            }
        } catch {
            return .failed(
                .failed, retryable: true, "the group cannot be looked at before: \(error)")
        }
    }

    private func carryOut(
        _ work: Work, _ program: String,
        _ progress: @escaping @Sendable (CopyProgress) -> Void
    ) async -> CommandOutcome {
        let said = Mutex(Said())
        let group = work.command.group
        let (end, errors) = await run(
            program, variables(work), Self.document(work),
            isCopy: work.command.action.name == "syncGroup"
        ) { line in
            guard let copied = said.withLock({ $0.take(line) }) else { return false }
            if let group {
                progress(
                    CopyProgress(
                        group: group, bytes: copied.bytes, bytesTotal: copied.bytesTotal))
            }
            return true
        }
        let last = said.withLock { $0 }
        let detail = errors.isEmpty ? last.text : errors
        switch end {
        case .exited(0): return .succeeded(detail: last.text, index: last.index)
        case .exited(75): return .failed(.failed, retryable: true, detail)
        case .exited(78): return .failed(.failed, retryable: false, detail)
        case .exited(69): return .failed(.unsupported, retryable: false, detail)
        case .notStarted: return .failed(.failed, retryable: true, Self.sentence(end))
        case .exited, .signalled, .timedOut, .flooded, .abandoned:
            return .unknown(detail: "\(work.command.action.name) \(Self.sentence(end)): \(detail)")
        }
    }

    /// What a program has said so far.
    private struct Said: Sendable {
        var text = ""
        var index: LogIndex?

        /// - Returns: how far a copy is, when the line says so.
        mutating func take(_ line: String) -> (bytes: UInt64, bytesTotal: UInt64?)? {
            text = line.cut(toBytes: 300)
            guard line.hasPrefix("{") else { return nil }
            // A line that is no JSON is for people.
            let read = try? JSONReader().read(Array(line.utf8), .input) {
                root throws(JSONReadError) -> (UInt64?, UInt64?, UInt64?) in
                var object = try root.object()
                let bytes: UInt64? = try object.member("bytes")?.integer()
                let total: UInt64? = try object.member("bytesTotal")?.integer()
                let index: UInt64? = try object.member("index")?.integer()
                return (bytes, total, index)
            }
            guard let read else { return nil }
            if let index = read.2 { self.index = LogIndex(index) }
            return read.0.map { ($0, read.1) }
        }
    }

    private func run(
        _ program: String, _ variables: [String], _ input: [UInt8], isCopy: Bool = false,
        onLine: @escaping @Sendable (String) -> Bool
    ) async -> (HookRun.End, String) {
        // A copy may take long: an agent that stops does not wait for it.
        let isCancelled = Latch()
        let work = HookRun(
            program: program, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] + variables,
            input: input, timeMax: timeMax, isRenewedByLines: isCopy,
            isAbandoned: { isCancelled.isOpen }, onLine: onLine)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiting in
                EngineThread.start { waiting.resume(returning: work.run()) }
            }
        } onCancel: {
            isCancelled.open()
        }
    }

    private func variables(_ work: Work) -> [String] {
        let command = work.command
        var variables = [
            "MUSTER_CLUSTER=\(work.cluster)", "MUSTER_COMMAND=\(work.id)",
            "MUSTER_ACTION=\(command.action.name)", "MUSTER_NODE=\(command.node)",
            "MUSTER_STORE=\(command.store)", "MUSTER_DATA=\(data)",
        ]
        if let group = command.group { variables.append("MUSTER_GROUP=\(group)") }
        if let address = work.address, !address.utf8.contains(0) {
            variables.append("MUSTER_ADDRESS=\(address)")
        }
        return variables + extra
    }

    private static func document(_ work: Work) -> [UInt8] {
        var writer = JSONWriter()
        CommandRecord(cluster: work.cluster, id: work.id, command: work.command, correlation: "")
            .write(to: &writer)
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    private static func sentence(_ end: HookRun.End) -> String {
        switch end {
        case .exited(let code): "ended with \(code)"
        case .signalled(let number): "was ended by the signal \(number)"
        case .timedOut: "took too long and was ended"
        case .flooded: "wrote too much and was ended"
        case .abandoned: "was ended with the agent"
        case .notStarted(let reason): "could not be started: \(reason)"
        }
    }
}

extension NodeObservation {
    /// As the program `observe` prints it.
    init(reading value: JSONValue) throws(JSONReadError) {
        var object = try value.object()
        let blank = try object.required("blank").bool()
        let engine = try object.member("engine").map(EngineIdentity.init(reading:))
        let list =
            try object.member("list")?.array().read(NodeGroup.init(reading:)) ?? []
        let groups =
            try object.member("groups")?.array().read(GroupReport.init(reading:)) ?? []
        let member = try object.member("member")?.string()
        let warnings =
            try object.member("warnings")?.array().read { value throws(JSONReadError) -> String in
                try value.string()
            } ?? []
        self.init(
            blank: blank, engine: engine, list: list.sorted { $0.group < $1.group },
            groups: groups.sorted { $0.group < $1.group }, member: member, warnings: warnings)
    }
}
