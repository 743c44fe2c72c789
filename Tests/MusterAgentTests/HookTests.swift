import Foundation
import MusterAgent
import MusterCore
import MusterWire
import Synchronization
import Testing

/// Programs that carry commands out, well and badly.
// One after another: a program that is being written by one test cannot be run by another.
@Suite(.timeLimit(.minutes(2)), .serialized)
struct HookTests {
    private func work(
        _ action: Command.Action = .stopMember, node: String = "n2",
        require: Command.Require? = nil
    ) -> Work {
        Work(
            cluster: AgentWorld.cluster, id: CommandID(sequence: Sequence(7), index: 0, prefix: 7),
            command: Command(
                action: action, group: AgentWorld.group, node: NodeID(unchecked: node),
                store: Identifier(high: 0, low: 2),
                executor: NodeIdentity(
                    node: AgentWorld.node, store: AgentWorld.store, start: Start(1)),
                require: require, notAfter: Timestamp(milliseconds: 1), attempt: 1),
            address: "10.0.0.2:4000")
    }

    private func run(
        _ folder: TemporaryFolder, _ work: Work, limit: Duration = .seconds(20)
    ) async throws -> CommandOutcome {
        try await HookExecutor(
            folder: HookFolder(folder.path), data: folder.path, timeMax: limit
        ).carryOut(work) { _ in }
    }

    @Test func `a program gets the command as JSON and a fixed environment, and no shell`()
        async throws
    {
        try await TemporaryFolder.with { folder in
            try folder.program(
                "stopMember", "env | sort >\"$MUSTER_DATA/env\"; cat >\"$MUSTER_DATA/in\"")
            let name = "n$(touch x); `id` '\""
            guard case .succeeded = try await run(folder, work(node: name)) else {
                return #expect(Bool(false))
            }
            let environment = String(decoding: try folder.bytes("env"), as: UTF8.self)
            #expect(environment.contains("MUSTER_NODE=\(name)\n"))
            #expect(environment.contains("MUSTER_ADDRESS=10.0.0.2:4000\n"))
            let names = Set(environment.split(separator: "\n").map { $0.prefix { $0 != "=" } })
            #expect(
                names.subtracting(["PWD", "SHLVL", "_", "OLDPWD"]) == [
                    "PATH", "MUSTER_CLUSTER", "MUSTER_COMMAND", "MUSTER_ACTION", "MUSTER_GROUP",
                    "MUSTER_NODE", "MUSTER_STORE", "MUSTER_ADDRESS", "MUSTER_DATA",
                ])
            let record = try JSONReader().read(try folder.bytes("in"), .input) {
                value throws(JSONReadError) in try CommandRecord(reading: value, correlation: "")
            }
            #expect(record.command == work(node: name).command)
            // Where a shell would make it: a program works where the agent does.
            #expect(!FileManager.default.fileExists(atPath: "x"))
        }
    }

    @Test(arguments: [
        ("exit 0", "succeeded"), ("exit 75", "failed true"), ("exit 78", "failed false"),
        ("exit 69", "unsupported false"), ("exit 1", "unknown"), ("kill -9 $$", "unknown"),
    ])
    func `how a program ends is the outcome`(_ text: String, _ wanted: String) async throws {
        try await TemporaryFolder.with { folder in
            try folder.program("stopMember", "echo 'what it says'; " + text)
            let outcome = try await run(folder, work())
            switch outcome {
            case .succeeded: #expect(wanted == "succeeded")
            case .failed(let failure, _):
                #expect(wanted == "\(failure.code.rawValue) \(failure.retryable)")
            case .unknown: #expect(wanted == "unknown")
            }
            #expect(outcome.detail.contains("what it says"))
        }
    }

    @Test func `a program that hangs is ended with everything that it started`() async throws {
        try await TemporaryFolder.with { folder in
            try folder.program(
                "stopMember",
                "trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & echo $! >\"$MUSTER_DATA/pid\"; while :; do sleep 1; done"
            )
            let outcome = try await run(folder, work(), limit: .seconds(3))
            guard case .unknown = outcome else { return #expect(Bool(false), "\(outcome)") }
            #expect(outcome.detail.contains("took too long"))
            let text = String(decoding: try folder.bytes("pid"), as: UTF8.self)
            let child = try #require(pid_t(text.dropLast()))
            // The kill is sent; the child is gone as soon as somebody has waited for it.
            let limit = ContinuousClock.now + .seconds(60)
            while isAlive(child), ContinuousClock.now < limit { await Task.yield() }
            #expect(!isAlive(child))
        }
    }

    private func isAlive(_ process: pid_t) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        else { return false }
        return !text.contains(") Z ")
    }

    @Test func `a program that floods is ended`() async throws {
        try await TemporaryFolder.with { folder in
            try folder.program(
                "stopMember", "while :; do echo 0123456789012345678901234567890123456789; done")
            let outcome = try await run(folder, work(), limit: .seconds(60))
            guard case .unknown = outcome else { return #expect(Bool(false), "\(outcome)") }
            #expect(outcome.detail.contains("too much"))
        }
    }

    @Test func `a copy may write as much as it likes while it says how far it is`() async throws {
        let line = #"{"bytes":"1","bytesTotal":"2"}"# + String(repeating: " ", count: 1000)
        try await TemporaryFolder.with { folder in
            try folder.program(
                "syncGroup",
                "i=0; while [ $i -lt 1500 ]; do echo '\(line)'; i=$((i + 1)); done; echo '{\"index\":\"7\"}'"
            )
            let copy = work(.syncGroup(source: NodeID(unchecked: "n3"), scope: .full))
            let outcome = try await run(folder, copy, limit: .seconds(60))
            guard case .succeeded(_, LogIndex(7)) = outcome else {
                return #expect(Bool(false), "\(outcome)")
            }
            // One that says nothing is ended as before.
            try folder.program("syncGroup", "while :; do echo '\(line.dropFirst())'; done")
            #expect(
                try await run(folder, copy, limit: .seconds(60)).detail.contains("too much"))
        }
    }

    @Test func `of a letter with a thousand marks no more is kept than of a thousand letters`()
        async throws
    {
        let heap = "a" + String(repeating: "\u{301}", count: 40_000)
        try await TemporaryFolder.with { folder in
            try folder.program("stopMember", "cat \"$MUSTER_DATA/heap\"; exit 75")
            try folder.write((heap + "\n").utf8, to: "heap")
            #expect(try await run(folder, work()).detail.utf8.count < 400)
        }
        var world = AgentWorld()
        world.begin()
        world.outcome = .failed(.failed, retryable: true, heap)
        let command = world.command(1, .syncGroup(source: NodeID(unchecked: "n3"), scope: .full))
        world.give(.command(command))
        world.settle()
        let reasons = world.facts.compactMap { fact -> String? in
            switch fact {
            case .syncFailed(_, _, let reason, _): reason
            case .commandFailed(let report, _): report.detail
            default: nil
            }
        }
        #expect(reasons.count == 2)
        #expect(
            reasons.allSatisfy {
                $0.utf8.count <= 1003
                    && $0.unicodeScalars.suffix(2).elementsEqual("\u{301}…".unicodeScalars)
            })
    }

    @Test func `what a program leaves running is not waited for`() async throws {
        try await TemporaryFolder.with { folder in
            try folder.program("stopMember", "sleep 600 & echo $! >\"$MUSTER_DATA/pid\"; exit 0")
            // Whoever waits for it ends with the time of this suite.
            #expect(
                try await run(folder, work(), limit: .seconds(300)) == .succeeded(detail: ""))
            let text = String(decoding: try folder.bytes("pid"), as: UTF8.self)
            kill(try #require(pid_t(text.dropLast())), SIGKILL)
        }
    }

    @Test func `a program that reads nothing and one that closes everything come to their end`()
        async throws
    {
        try await TemporaryFolder.with { folder in
            try folder.program("stopMember", "exec <&- >&- 2>&-; exit 0")
            #expect(try await run(folder, work()) == .succeeded(detail: ""))
        }
    }

    @Test func `programs and folders that others may write are refused, and links that lead out`()
        async throws
    {
        try await TemporaryFolder.with { folder in
            try folder.program("stopMember", "exit 0", mode: 0o757)
            let loose = try await run(folder, work())
            #expect(loose.detail.contains("writable by others"))
            guard case .failed(let failure, _) = loose else { return #expect(Bool(false)) }
            #expect(failure.code == .rejected && !failure.retryable)
            try FileManager.default.removeItem(atPath: folder.file("stopMember"))
            try FileManager.default.createSymbolicLink(
                atPath: folder.file("stopMember"), withDestinationPath: "/bin/true")
            #expect(try await run(folder, work()).detail.contains("leads out"))
            try FileManager.default.removeItem(atPath: folder.file("stopMember"))
            try folder.program("real", "exit 0")
            try FileManager.default.createSymbolicLink(
                atPath: folder.file("stopMember"), withDestinationPath: "real")
            #expect(try await run(folder, work()) == .succeeded(detail: ""))
            try folder.setMode(0o777, of: ".")
            #expect(throws: LocalProblem.self) { _ = try HookFolder(folder.path) }
            #expect(throws: LocalProblem.self) { _ = try HookFolder("relative") }
            #expect(throws: LocalProblem.self) { _ = try HookFolder(folder.file("none")) }
        }
    }

    @Test
    func `a folder above that others may write, and one that a link leads through, count too`()
        async throws
    {
        try await TemporaryFolder.with { folder in
            let files = FileManager.default
            let hooks = folder.file("above/hooks")
            try files.createDirectory(atPath: hooks + "/inner", withIntermediateDirectories: true)
            for path in ["above", "above/hooks", "above/hooks/inner"] {
                try folder.setMode(0o755, of: path)
            }
            try folder.program("above/hooks/inner/real", "exit 0")
            try files.createSymbolicLink(
                atPath: hooks + "/stopMember", withDestinationPath: "inner/real")
            let executor = HookExecutor(folder: try HookFolder(hooks), data: folder.path)
            #expect(await executor.carryOut(work()) { _ in } == .succeeded(detail: ""))
            try folder.setMode(0o757, of: "above/hooks/inner")
            #expect(
                await executor.carryOut(work()) { _ in }.detail.contains(
                    "inner is writable by others"))
            try folder.setMode(0o755, of: "above/hooks/inner")
            try folder.setMode(0o777, of: "above")
            #expect(throws: LocalProblem.self) { _ = try HookFolder(hooks) }
            // Before every run, not only at the start.
            #expect(
                await executor.carryOut(work()) { _ in }.detail.contains(
                    "above is writable by others"))
        }
    }

    @Test func `an agent that stops ends its programs, also a copy that moves`() async throws {
        try await TemporaryFolder.with { folder in
            try folder.program(
                "syncGroup", "while :; do echo '{\"bytes\":\"1\"}'; sleep 0.1; done")
            let executor = HookExecutor(
                folder: try HookFolder(folder.path), data: folder.path, timeMax: .seconds(5))
            let (moves, moved) = AsyncStream.makeStream(of: Void.self)
            let command = work(.syncGroup(source: NodeID(unchecked: "n3"), scope: .full))
            let copy = Task { await executor.carryOut(command) { _ in moved.yield() } }
            for await _ in moves { break }
            copy.cancel()
            let outcome = await copy.value
            guard case .unknown = outcome else { return #expect(Bool(false), "\(outcome)") }
            #expect(outcome.detail.contains("ended with the agent"))
        }
    }

    @Test func `a kind of command without a program is unsupported`() async throws {
        try await TemporaryFolder.with { folder in
            let outcome = try await run(folder, work())
            guard case .failed(let failure, _) = outcome else { return #expect(Bool(false)) }
            #expect(failure.code == .unsupported && !failure.retryable)
        }
    }

    @Test(arguments: ["..", "a..b", "-n", "a\nb", "a\u{0}b", "a/b", "."])
    func `names that programs may take for something else are not handed to them`(
        _ name: String
    ) async throws {
        try await TemporaryFolder.with { folder in
            try folder.program("stopMember", "touch \"$MUSTER_DATA/ran\"")
            let outcome = try await run(folder, work(node: name))
            guard case .failed(let failure, let detail) = outcome else {
                return #expect(Bool(false), "\(outcome)")
            }
            #expect(failure.code == .rejected && !failure.retryable)
            #expect(detail.utf8.allSatisfy { $0 >= 0x20 })
            #expect(!FileManager.default.fileExists(atPath: folder.file("ran")))
        }
    }

    @Test func `a copy says how far it is, and the time begins anew with each line`() async throws {
        try await TemporaryFolder.with { folder in
            try folder.program(
                "syncGroup",
                """
                for part in 1 2 3 4; do sleep 1.2; echo "{\\"bytes\\":\\"${part}00\\",\\"bytesTotal\\":\\"400\\"}"; done
                echo 'no JSON'; echo '{"index":"8812"}'
                """)
            let seen = Mutex<[UInt64]>([])
            let outcome = try await HookExecutor(
                folder: HookFolder(folder.path), data: folder.path, timeMax: .seconds(4)
            ).carryOut(work(.syncGroup(source: NodeID(unchecked: "n3"), scope: .full))) {
                progress in
                seen.withLock { $0.append(progress.bytes) }
            }
            guard case .succeeded(_, let index) = outcome else {
                return #expect(Bool(false), "\(outcome)")
            }
            #expect(index == LogIndex(8812))
            #expect(seen.withLock { $0 } == [100, 200, 300, 400])
        }
    }

    @Test func `a change is not proposed when the leader's view is not what it requires`()
        async throws
    {
        try await TemporaryFolder.with { folder in
            let observation = { (term: Int, state: String) in
                #"{"blank":false,"list":[],"groups":[{"group":"g1","state":"\#(state)","#
                    + #""term":"\#(term)","leader":"n1","view":{"confirmed":true,"changePermitted":true,"pending":false,"#
                    + #""version":{"term":"\#(term)","index":"4"},"commit":"9","members":["#
                    + #"{"node":"n1","role":"voter","contactAge":"0"},{"node":"n2","role":"voter","contactAge":"100"},"#
                    + #"{"node":"n3","role":"voter","contactAge":"100"}]}}]}"#
            }
            try folder.program("removeMember", "touch \"$MUSTER_DATA/ran\"")
            let require = Command.Require(
                leader: AgentWorld.node, term: Term(7),
                version: ConfigurationVersion(term: Term(7), index: LogIndex(4)),
                activeAfterMin: 2)
            try folder.program("observe", "echo '\(observation(8, "leader"))'")
            let later = try await run(folder, work(.removeMember, require: require))
            #expect(later.detail.contains("the term is 8"))
            try folder.program("observe", "echo '\(observation(7, "follower"))'")
            guard
                case .failed(let failure, _) = try await run(
                    folder, work(.removeMember, require: require))
            else { return #expect(Bool(false)) }
            #expect(failure.code == .notLeader && failure.leaderHint == AgentWorld.node)
            try folder.program("observe", "echo 'no JSON at all'")
            let blind = try await run(folder, work(.removeMember, require: require))
            #expect(blind.detail.contains("prints no observation"))
            #expect(!FileManager.default.fileExists(atPath: folder.file("ran")))
            try folder.program("observe", "echo '\(observation(7, "leader"))'")
            #expect(
                try await run(folder, work(.removeMember, require: require))
                    == .succeeded(detail: ""))
            #expect(FileManager.default.fileExists(atPath: folder.file("ran")))
        }
    }
}
