import Glibc
import Synchronization

/// Where finished log lines go, one at a time.
package final class LogSink: Sendable {
    private let turn = Mutex(())
    private let writeLine: @Sendable (String) -> Void

    /// A sink that gives every line, without its line break, to `writeLine`, never two at once.
    package init(_ writeLine: @escaping @Sendable (String) -> Void) {
        self.writeLine = writeLine
    }

    /// Standard error. A line that cannot be written is lost: there is nowhere left to say so.
    package static let standardError = LogSink { line in
        var bytes = Array(line.utf8)[...]
        bytes.append(UInt8(ascii: "\n"))
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes {
                Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count)
            }
            if written > 0 {
                bytes.removeFirst(written)
            } else if errno != EINTR {
                return
            }
        }
    }

    func write(_ line: String) {
        turn.withLock { _ in writeLine(line) }
    }
}
