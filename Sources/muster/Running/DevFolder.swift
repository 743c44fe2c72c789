import Glibc
import MusterCommandLine
import MusterRuntime

/// The folder that `dev` works in: a new one, or an empty one that is given.
///
/// Pointers into the template belong to the call of `mkdtemp` alone, on the calling thread.
enum DevFolder {
    /// - Parameter path: nil: a new folder where temporary things go.
    /// - Returns: its path.
    static func make(_ path: String?, _ context: ProcessContext) throws(CommandError) -> String {
        guard let path else {
            let base = context.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
            var template = Array((base + "/muster-dev-XXXXXX").utf8CString)
            let isMade = template.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.flatMap { mkdtemp($0) } != nil
            }
            guard isMade else { throw failed(base) }
            return String(
                decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        if mkdir(path, 0o755) != 0, errno != EEXIST { throw failed(path) }
        if access(path + "/muster.db", F_OK) == 0 {
            throw CommandError.usage(
                "the folder \(path) holds a log already",
                advice: "give another --folder: each story begins with a new log")
        }
        return path
    }

    private static func failed(_ path: String) -> CommandError {
        let problem: FileProblem =
            errno == EACCES ? .notPermitted : .failed(String(cString: strerror(errno)))
        return problem.commandError(path)
    }
}
