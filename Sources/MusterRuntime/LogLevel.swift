/// How important a log line is, from the least to the most.
package enum LogLevel: String, CaseIterable, Comparable, Sendable {
    /// What helps to follow the program's steps.
    case debug
    /// What happens in ordinary work.
    case info
    /// What an operator wants to see once: start, stop, a change of ownership.
    case notice
    /// What works for now, but not as it should.
    case warning
    /// What does not work.
    case error

    package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .notice: 2
        case .warning: 3
        case .error: 4
        }
    }
}
