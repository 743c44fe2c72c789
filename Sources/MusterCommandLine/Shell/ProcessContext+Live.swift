import Glibc
import MusterRuntime

extension ProcessContext {
    /// The real process. From here on a closed pipe and a file that may not grow any more are
    /// errors of the write instead of signals, and the standard streams are there.
    package static func live() -> ProcessContext {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        holdStandardStreams()
        var environment: [String: String] = [:]
        var entry = environ
        // The C library's own array of variables, read once at start on the only thread.
        while let variable = entry.pointee {
            let text = String(cString: variable)
            let name = text.prefix { $0 != "=" }
            environment[String(name)] = String(text.dropFirst(name.count + 1))
            entry += 1
        }
        return ProcessContext(
            words: Array(CommandLine.arguments.dropFirst()), environment: environment,
            outputIsTerminal: isatty(STDOUT_FILENO) == 1,
            errorIsTerminal: isatty(STDERR_FILENO) == 1, width: terminalWidth(),
            now: SystemClock.wallMilliseconds, readFile: read(path:),
            writeOutput: { (text) throws(OutputProblem) in try write(text, to: STDOUT_FILENO) },
            writeError: { text in
                // Where standard error is gone there is nobody left to be told.
                try? write(text, to: STDERR_FILENO)
            },
            writeFile: write(path:text:))
    }

    /// A stream that was closed by whoever started us would be the next file or socket to be
    /// opened, and what is said would be written into that. In its place stands what cannot be
    /// written, so that data that nobody gets is an error.
    private static func holdStandardStreams() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest number that is free is the one that is missing.
            _ = open("/dev/null", O_RDONLY)
        }
    }

    private static func terminalWidth() -> Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 20 else {
            return 80
        }
        return min(Int(size.ws_col), 120)
    }

    private static func write(_ text: String, to descriptor: Int32) throws(OutputProblem) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if written >= 0 {
                bytes.removeFirst(written)
            } else if errno == EPIPE {
                throw .readerGone
            } else if errno == EAGAIN {
                // A terminal or pipe that somebody else made non-blocking: wait until it takes
                // more.
                var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&poller, 1, -1)
            } else if errno != EINTR {
                throw .failed(String(cString: strerror(errno)))
            }
        }
    }

    private static func read(path: String) throws(FileProblem) -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw problem() }
        defer { if path != "-" { close(descriptor) } }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count <= 256 * 1024 {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { break }
            if count > 0 {
                bytes += chunk[..<count]
            } else if errno != EINTR {
                throw problem()
            }
        }
        return bytes
    }

    private static func write(path: String, text: String) throws(FileProblem) {
        var folder = path.hasPrefix("/") ? "/" : ""
        for name in path.split(separator: "/").dropLast() {
            folder += name + "/"
            guard mkdir(folder, 0o777) == 0 || errno == EEXIST else { throw problem() }
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw problem() }
        defer { close(descriptor) }
        do {
            try write(text, to: descriptor)
        } catch {
            throw .failed("\(error)")
        }
    }

    private static func problem() -> FileProblem {
        switch errno {
        case ENOENT: .missing
        case EACCES, EPERM: .notPermitted
        default: .failed(String(cString: strerror(errno)))
        }
    }
}
