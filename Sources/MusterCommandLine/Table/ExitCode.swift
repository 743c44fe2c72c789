/// How a command ends: what scripts may rely on.
package enum ExitCode: Int32, CaseIterable, Sendable {
    /// It did what was asked.
    case ok = 0
    /// It did not, for a reason without a code of its own.
    case failed = 1
    /// What was looked at is not healthy, or differs from what was expected.
    case unhealthy = 3
    /// The log cannot be reached, opened, read or written.
    case unreachable = 4
    /// A cluster, node, group or record with that name does not exist.
    case notFound = 5
    /// Refused: the state of the cluster does not allow it, or changed meanwhile.
    case conflict = 6
    /// The file, log or topic may not be used by this user.
    case notPermitted = 7
    /// The time limit passed first; the outcome may still come.
    case timedOut = 8
    /// An audit found that the history was changed, cut or decided otherwise.
    case altered = 9
    /// The command line or the configuration is wrong.
    case usage = 64
    /// Ended by SIGINT.
    case interrupted = 130
    /// Ended by SIGTERM.
    case terminated = 143

    /// What the code says, for help and man pages.
    package var summary: String {
        switch self {
        case .ok: "done as asked"
        case .failed: "failed"
        case .unhealthy: "not healthy, or not as expected"
        case .unreachable: "the log cannot be reached, opened, read or written"
        case .notFound: "no cluster, node, group or record of that name"
        case .conflict: "refused: the cluster's state does not allow it, or changed meanwhile"
        case .notPermitted: "the user may not use the file, log or topic"
        case .timedOut: "the time limit passed; the outcome may still come"
        case .altered: "the history was changed, cut or decided otherwise"
        case .usage: "the command line or the configuration is wrong"
        case .interrupted: "ended by SIGINT"
        case .terminated: "ended by SIGTERM"
        }
    }
}
