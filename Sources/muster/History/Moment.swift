import MusterCommandLine
import MusterCore
import MusterLog
import MusterRuntime

/// A point in a cluster's history, as `at` and `diff` take it.
enum Moment {
    /// A decision by its number.
    case sequence(MusterCore.Sequence)
    /// A decision by its number, whose record must have that hash.
    case head(Head)
    /// The last decision whose record lies at this offset of the journal partition, or before.
    case offset(Offset)
    /// The last decision whose record was appended by then.
    case time(Timestamp)

    static let summary = "a decision's number, a time, offset:OFFSET, or a head: SEQ:HASH"

    init(_ text: String, _ call: Invocation) throws(CommandError) {
        // The first decision is 1; as a length of time, 0 would be now.
        if text == "0" { throw Self.problem(text) }
        if let number = UInt64(text), number > 0 {
            self = .sequence(MusterCore.Sequence(number))
        } else if let head = ExpectedHeads.head(text), head.cluster == nil {
            self = .head(head.head)
        } else if text.hasPrefix("offset:"), let offset = UInt64(text.dropFirst(7)) {
            self = .offset(Offset(offset))
        } else if let time = TimeText.milliseconds(text, now: call.context.now()) {
            self = .time(Timestamp(milliseconds: time))
        } else {
            throw Self.problem(text)
        }
    }

    private static func problem(_ text: String) -> CommandError {
        CommandError.usage(
            "\"\(text)\" is no point of a history",
            advice:
                "give for instance 41, 2026-03-01T14:03:00Z, 10m (ago), offset:120, or a head as "
                + "verify prints it")
    }

    /// Whether a decision is at this point or before.
    func includes(_ entry: HistoryEntry) -> Bool {
        switch self {
        case .sequence(let number): entry.sequence <= number
        case .head(let head): entry.sequence <= head.sequence
        case .offset(let offset): entry.position.offset <= offset
        case .time(let time): entry.appended <= time
        }
    }

    /// Whether the last decision that it includes is the one that is meant.
    func isReached(by entry: HistoryEntry) -> Bool {
        switch self {
        case .sequence(let number): entry.sequence == number
        case .head(let head): entry.sequence == head.sequence
        case .offset, .time: true
        }
    }
}

/// A cluster as it was, with the decision that it was so behind.
struct PastState {
    let state: ClusterState
    let entry: HistoryEntry

    /// The cluster at each of the moments, read in one pass.
    ///
    /// - Throws: where a moment names no decision, with what it names.
    static func find(
        _ moments: [(text: String, moment: Moment)], _ call: Invocation, _ log: any EventLog
    ) async throws -> [PastState] {
        let id = try await Query(call, log).cluster().id
        var found: [PastState?] = moments.map { _ in nil }
        // Records of one partition may have times that go back by a little: the last one that
        // counts is the highest before the first that does not.
        var isOver = moments.map { _ in false }
        struct Stop: Error {}
        do {
            let history = try await History(call, log) { entry, state in
                guard entry.cluster == id else { return false }
                for (index, each) in moments.enumerated() where !isOver[index] {
                    if each.moment.includes(entry) {
                        found[index] = PastState(state: state, entry: entry)
                    } else {
                        isOver[index] = true
                    }
                }
                if !isOver.contains(false) { throw Stop() }
                return false
            }
            history.query.sayTroubles()
        } catch is Stop {
            // What lies behind the last moment is not looked at.
        }
        var result: [PastState] = []
        for (each, past) in zip(moments, found) {
            guard let past, each.moment.isReached(by: past.entry) else {
                throw CommandError(
                    .notFound, "the cluster has no decision as of \"\(each.text)\"",
                    advice: "`muster log` lists the decisions")
            }
            if case .head(let head) = each.moment, head.hash != past.entry.hash {
                throw CommandError(
                    .altered,
                    "decision \(head.sequence) has the hash \(past.entry.hash), not \(head.hash)",
                    advice: "`muster verify --expect` says more about it")
            }
            result.append(past)
        }
        return result
    }
}
