import Glibc
import MusterLog

extension LogFile {
    /// What a failure of the database means for the log's user.
    func describe(_ error: DatabaseError) -> LogError {
        switch error.kind {
        case .busy:
            .unavailable(
                log: url,
                reason: "another process has kept it locked for \(patience.components.seconds) s")
        case .full: .full(log: url, reason: error.reason)
        case .damaged: .damaged(log: url, reason: error.reason)
        case .notDatabase:
            .notALog(log: url, reason: "it is no SQLite database, or an encrypted one")
        case .permission: .permission(log: url, reason: error.reason)
        case .cannotOpen: describeUnopened(error)
        case .sharedMemory:
            .unsafePlace(log: url, reason: "no memory can be shared beside it: \(error.reason)")
        case .tooBig, .input, .other: .unavailable(log: url, reason: error.reason)
        }
    }

    private func describeUnopened(_ error: DatabaseError) -> LogError {
        var status = stat()
        if stat(path, &status) == 0 {
            if status.st_mode & S_IFMT == S_IFDIR {
                return .notALog(log: url, reason: "it is a directory")
            }
            return .permission(log: url, reason: error.reason)
        }
        if errno != ENOENT && errno != ENOTDIR {
            return .permission(log: url, reason: error.reason)
        }
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        if !directory.isEmpty && stat(directory, &status) != 0 {
            return .missing(log: url, reason: "there is no directory \(directory)")
        }
        if error.errno == ENOENT { return .missing(log: url, reason: "there is no such file") }
        return .permission(log: url, reason: error.reason)
    }
}
