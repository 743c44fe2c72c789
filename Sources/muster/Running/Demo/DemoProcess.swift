import Glibc
import MusterCommandLine
import MusterRuntime

/// A process of a demonstration, known by the file in which its id lies: whoever starts it, the
/// demonstration itself or a program of an agent, writes it there.
///
/// C strings are copies for the call alone, on the calling thread, freed behind it.
struct DemoProcess: Sendable {
    /// Where its id lies.
    let file: String
    /// What its command line names: the number of a process that has ended may be given to another.
    let mark: String
    let context: ProcessContext

    /// Its id; nil when it does not run.
    var id: pid_t? {
        // What was never started has no such file.
        guard let bytes = try? context.readFile(file),
            let id = pid_t(String(decoding: bytes, as: UTF8.self).prefix { $0.isNumber })
        else { return nil }
        // Where it is a child of ours that has ended, its end is taken note of.
        var status: Int32 = 0
        waitpid(id, &status, WNOHANG)
        guard let line = try? context.readFile("/proc/\(id)/cmdline"),
            String(decoding: line, as: UTF8.self).contains(mark)
        else { return nil }
        return id
    }

    /// glibc's POSIX_SPAWN_SETSID, which its header has for GNU's C alone.
    private static let newSession: Int16 = 0x80

    /// Sends it a signal, if it runs.
    func signal(_ number: Int32) {
        if let id { kill(id, number) }
    }

    /// Starts a program as this process, in a session of its own: the terminal's signals do not
    /// reach it.
    ///
    /// - Parameters:
    ///   - words: the program's path, then its arguments.
    ///   - output: the file that gets what it says.
    func start(
        _ words: [String], _ environment: [String: String], output: String
    ) throws(CommandError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(
            &actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes,
            Self.newSession | Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var texts = words.map { strdup($0) }
        texts.append(nil)
        var variables = environment.map { strdup("\($0)=\($1)") }
        variables.append(nil)
        defer { for each in texts + variables { free(each) } }
        var id: pid_t = 0
        let code = posix_spawn(&id, words[0], &actions, &attributes, &texts, &variables)
        guard code == 0 else {
            throw CommandError(
                .failed, "\(words[0]) could not be started: \(String(cString: strerror(code)))")
        }
        do throws(FileProblem) {
            try context.writeFile(file, "\(id)\n")
        } catch {
            kill(id, SIGKILL)
            throw error.commandError(file)
        }
    }
}
