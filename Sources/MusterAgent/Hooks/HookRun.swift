internal import Glibc
internal import MusterRuntime
internal import Synchronization

/// One run of a program: without a shell, in a process group of its own, with limits.
///
/// Blocks its thread until the program has ended: run it on an `EngineThread`. It does not wait for
/// what the program has left behind; when the time or the output is used up, the whole group is
/// asked to end, and killed soon after.
struct HookRun: Sendable {
    var program: String
    /// All variables that it gets, `NAME=VALUE`.
    var environment: [String]
    /// What it gets on standard input.
    var input: [UInt8]
    var timeMax: Duration
    /// Whether the time begins anew with each line: for copies, which may take long and must move.
    var isRenewedByLines = false
    /// How much it may write; of a copy, since it last said how far it is.
    var outputMax = 1 << 20
    /// How long the group may take to end after SIGTERM.
    var grace: Duration = .seconds(2)
    /// Whether nobody waits for it any more: then it is ended.
    var isAbandoned: @Sendable () -> Bool = { false }
    /// Called for each whole line on standard output; says whether it tells how far a copy is.
    var onLine: @Sendable (String) -> Bool

    /// How it ended.
    enum End: Hashable {
        case exited(Int32)
        case signalled(Int32)
        case timedOut
        case flooded
        case abandoned
        case notStarted(String)
    }

    /// What is under way.
    private struct State {
        var process: pid_t
        var output: Int32
        var errors: Int32
        var toInput: Int32
        var written = 0
        var received = 0
        var line: [UInt8] = []
        var said: [UInt8] = []
        /// When the time is over.
        var limit: Duration
    }

    /// Runs it.
    ///
    /// - Returns: how it ended, and the end of what it said on standard error.
    func run() -> (end: End, said: String) {
        var started: (process: pid_t, code: Int32, ours: [Int32]) = (0, 0, [])
        // One at a time: what one program gets must not be open in another one.
        Self.starting.withLock { _ in started = start() }
        guard started.ours.count == 3 else {
            return (.notStarted(String(cString: strerror(started.code))), "")
        }
        var state = State(
            process: started.process, output: started.ours[1], errors: started.ours[2],
            toInput: started.ours[0], limit: now + timeMax)
        defer {
            for end in [state.output, state.errors, state.toInput] where end >= 0 { close(end) }
        }
        guard started.code == 0 else {
            return (.notStarted(String(cString: strerror(started.code))), "")
        }
        for end in [state.output, state.errors, state.toInput] {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        let end = follow(&state)
        return (end, String(decoding: state.said.suffix(2000), as: UTF8.self))
    }

    private static let starting = Mutex(())

    /// - Returns: our ends of its standard input, output and error; none where there are no more.
    private func start() -> (pid_t, Int32, [Int32]) {
        var pipes: [[Int32]] = []
        for _ in 0..<3 {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else {
                let code = errno
                for each in pipes.joined() { close(each) }
                return (0, code, [])
            }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            pipes.append(ends)
        }
        let (process, code) = spawn(pipes[0][0], pipes[1][1], pipes[2][1])
        for theirs in [pipes[0][0], pipes[1][1], pipes[2][1]] { close(theirs) }
        return (process, code, [pipes[0][1], pipes[1][0], pipes[2][0]])
    }

    private func spawn(_ input: Int32, _ output: Int32, _ errors: Int32) -> (pid_t, Int32) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        // Copies for the call alone, freed behind it.
        var words = [strdup(program), nil]
        var variables = environment.map { strdup($0) }
        variables.append(nil)
        defer { for each in words + variables { free(each) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, program, &actions, &attributes, &words, &variables)
        return (process, code)
    }

    // MARK: While it runs

    private var now: Duration { .nanoseconds(SystemClock.bootNanoseconds()) }

    private func follow(_ state: inout State) -> End {
        while true {
            var status: Int32 = 0
            if waitpid(state.process, &status, WNOHANG) == state.process {
                // What it wrote before it ended is in the pipes.
                drain(&state)
                finishLine(&state)
                return Self.end(status)
            }
            if state.received > outputMax { return kill(&state, .flooded) }
            if isAbandoned() { return kill(&state, .abandoned) }
            if now >= state.limit { return kill(&state, .timedOut) }
            feed(&state)
            wait(state, until: state.limit)
            drain(&state)
        }
    }

    private static func end(_ status: Int32) -> End {
        let signal = status & 0x7F
        return signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
    }

    /// Waits for output, room for input, or a moment: the end of a process rings no bell here.
    private func wait(_ state: State, until limit: Duration) {
        var ends = [
            pollfd(fd: state.output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: state.errors, events: Int16(POLLIN), revents: 0),
            pollfd(fd: state.toInput, events: Int16(POLLOUT), revents: 0),
        ]
        let isOver = state.output < 0 && state.errors < 0
        let left = limit - now
        let pause = min(left, .milliseconds(isOver ? 5 : 20))
        let (_, attoseconds) = max(pause, .zero).components
        _ = poll(&ends, 3, Int32(attoseconds / 1_000_000_000_000_000) + 1)
    }

    private func feed(_ state: inout State) {
        guard state.toInput >= 0 else { return }
        while state.written < input.count {
            let rest = Array(input[state.written...])
            let count = write(state.toInput, rest, rest.count)
            if count < 0 {
                if errno == EAGAIN { return }
                if errno == EINTR { continue }
                break
            }
            state.written += count
        }
        close(state.toInput)
        state.toInput = -1
    }

    private func drain(_ state: inout State) {
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        // So much at a time: who writes without a pause must not keep the limits from being seen.
        var left = outputMax
        while state.output >= 0, state.received <= outputMax, left > 0 {
            let count = read(state.output, &chunk, chunk.count)
            if count > 0 {
                left -= count
                takeLines(chunk[..<count], &state)
            } else if count == 0 {
                close(state.output)
                state.output = -1
            } else if errno != EINTR {
                break
            }
        }
        while state.errors >= 0, state.received <= outputMax {
            let count = read(state.errors, &chunk, chunk.count)
            if count > 0 {
                state.received += count
                state.said = (state.said + chunk[..<count]).suffix(4000)
            } else if count == 0 {
                close(state.errors)
                state.errors = -1
            } else if errno != EINTR {
                break
            }
        }
    }

    private func takeLines(_ bytes: ArraySlice<UInt8>, _ state: inout State) {
        for byte in bytes {
            state.received += 1
            if byte == UInt8(ascii: "\n") {
                finishLine(&state)
            } else {
                state.line.append(byte)
            }
        }
    }

    private func finishLine(_ state: inout State) {
        if state.line.isEmpty { return }
        if isRenewedByLines { state.limit = now + timeMax }
        let isProgress = onLine(String(decoding: state.line, as: UTF8.self))
        if isRenewedByLines, isProgress { state.received = 0 }
        state.line = []
    }

    /// Ends the whole group: asks first, and does not take no for an answer.
    private func kill(_ state: inout State, _ end: End) -> End {
        Glibc.kill(-state.process, SIGTERM)
        let limit = now + grace
        var status: Int32 = 0
        while now < limit {
            if waitpid(state.process, &status, WNOHANG) == state.process {
                // Others of the group may ignore SIGTERM.
                Glibc.kill(-state.process, SIGKILL)
                return end
            }
            _ = poll(nil, 0, 10)
        }
        Glibc.kill(-state.process, SIGKILL)
        while waitpid(state.process, &status, 0) < 0, errno == EINTR {}
        return end
    }
}
