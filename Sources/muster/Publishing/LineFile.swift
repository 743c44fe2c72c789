import Dispatch
import Glibc
import MusterCommandLine
import MusterRuntime

/// Reads the lines of a file or of standard input, as bytes, whatever their length.
///
/// The one place here that reads with the C library, on a queue of its own: a read may wait for
/// ever, and none of the cooperative pool's threads may. The buffer belongs to the call of `read`
/// alone.
final class LineFile: Sendable {
    /// For messages: the path, or `standard input`.
    let name: String
    /// The file's length in bytes; nil where it has none, as a pipe.
    let length: Int64?
    private let descriptor: Int32
    private let isStandardInput: Bool
    private let queue = DispatchQueue(label: "muster.lines")

    /// - Parameter path: `-` is standard input.
    init(_ path: String) throws(CommandError) {
        isStandardInput = path == "-"
        name = isStandardInput ? "standard input" : path
        descriptor = isStandardInput ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let problem: FileProblem =
                switch errno {
                case ENOENT: .missing
                case EACCES: .notPermitted
                default: .failed(String(cString: strerror(errno)))
                }
            throw problem.commandError(path)
        }
        var status = stat()
        let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        length = isFile ? Int64(status.st_size) : nil
    }

    deinit { if !isStandardInput { close(descriptor) } }

    /// Whether it can be read twice.
    var isRepeatable: Bool { length != nil }

    /// Goes back to the beginning.
    func rewind() { lseek(descriptor, 0, SEEK_SET) }

    /// Hands out the lines in order, without their ends and with their numbers from 1.
    func read(_ body: (_ line: [UInt8], _ number: Int) async throws -> Void) async throws {
        var rest: [UInt8] = []
        var number = 0
        while true {
            let chunk = try await nextChunk()
            if chunk.isEmpty { break }
            var start = chunk.startIndex
            while let end = chunk[start...].firstIndex(of: UInt8(ascii: "\n")) {
                number += 1
                try await body(rest + chunk[start..<end], number)
                rest = []
                start = end + 1
            }
            rest += chunk[start...]
            if rest.count > Self.lineMax {
                throw CommandError(
                    .failed, "\(name):\(number + 1): the line is longer than \(Self.lineMax) bytes",
                    advice: "an event has at most 65,536 bytes, and stands on one line")
            }
        }
        if !rest.isEmpty { try await body(rest, number + 1) }
    }

    private static let lineMax = 1 << 20
    private static let chunkSize = 1 << 16

    private func nextChunk() async throws -> [UInt8] {
        let result: Result<[UInt8], CommandError> = await withCheckedContinuation { waiting in
            queue.async { [self] in waiting.resume(returning: read()) }
        }
        return try result.get()
    }

    private func read() -> Result<[UInt8], CommandError> {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunkSize) { buffer, filled in
            repeat {
                count = Glibc.read(descriptor, buffer.baseAddress, Self.chunkSize)
            } while count < 0 && errno == EINTR
            filled = max(0, count)
        }
        guard count >= 0 else {
            let reason = FileProblem.failed(String(cString: strerror(errno)))
            return .failure(reason.commandError(name))
        }
        return .success(bytes)
    }
}
