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
        let directory = directory
        if stat(path, &status) == 0 {
            if status.st_mode & S_IFMT == S_IFDIR {
                return .notALog(log: url, reason: "it is a directory")
            }
            if access(path, R_OK) != 0 {
                let words = DatabaseError.words(for: errno)
                return .permission(log: url, reason: "it cannot be read (\(words))")
            }
            for place in [path, directory] where access(place, W_OK) != 0 {
                let words = DatabaseError.words(for: errno)
                return .permission(log: url, reason: "\(place) cannot be written (\(words))")
            }
            return .permission(log: url, reason: error.reason)
        }
        if errno != ENOENT && errno != ENOTDIR {
            return .permission(log: url, reason: error.reason)
        }
        if stat(directory, &status) != 0 {
            return .missing(
                log: url, reason: "there is no directory \(directory); create it or check the path")
        }
        if error.errno == ENOENT {
            return .missing(
                log: url,
                reason: "there is no such file; check the path, or start a manager on it, "
                    + "which creates it")
        }
        return .permission(log: url, reason: error.reason)
    }

    private var directory: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
