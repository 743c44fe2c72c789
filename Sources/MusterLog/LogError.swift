package import MusterCore

/// How a log fails. An operating error, never a refusal and never a bug.
///
/// `description` is a sentence for the user: the log, what is wrong, what to do. It quotes the URL
/// and the engine's words as they are; whoever prints it escapes it.
package enum LogError: Error, Hashable, Sendable {
    /// The log does not answer now: busy beyond the time-out, an input or output error, no broker.
    /// Try again after a pause; an append may have landed.
    case unavailable(log: String, reason: String)
    /// There is no room for another record. Nothing is half done, reading works, and appending goes
    /// on by itself once there is room: keep what was to be appended, try again after a pause.
    case full(log: String, reason: String)
    /// The record is larger than the log takes. Never repeat it.
    case tooLarge(log: String, bytes: Int, limit: Int)
    /// A position was cut off by retention, or lies beyond the end because records were lost.
    /// The reader decides where to go on, and says so.
    case offsetOutOfRange(Position, kept: Range<Offset>)
    /// The topic, or that partition of it, does not exist. Create the topics; do not repeat.
    case topicMissing(log: String, TopicPartition)
    /// A topic exists with other settings. Only a person can decide; stop.
    case topicDiffers(log: String, Topic, found: String, wanted: String)
    /// A topic exists with settings under which Muster would not be safe. Only a person can decide;
    /// stop.
    case topicUnsafe(log: String, LogReport.Finding)
    /// There is nothing at that place, and opening it for reading does not create it. Stop.
    case missing(log: String, reason: String)
    /// What is there is no Muster log; it was left untouched. Stop.
    case notALog(log: String, reason: String)
    /// The log was written by a program that knows more; it was left untouched. Stop.
    case incompatible(log: String, found: Int, supported: Int)
    /// What is stored contradicts itself: a bad page, a malformed row. Stop: never skip it.
    case damaged(log: String, reason: String)
    /// The process may not read or write there. Stop.
    case permission(log: String, reason: String)
    /// The place cannot keep what the engine promises (no shared memory for WAL, no full
    /// synchronisation). Stop.
    case unsafePlace(log: String, reason: String)
    /// The brokers do not do what was asked, and will not: a setting is none of theirs. Stop.
    case refused(log: String, reason: String)
    /// It was opened for reading only. A bug of the caller, or a wrong option.
    case readOnly(log: String)
    /// It was closed; so was every reader. End.
    case closed(log: String)
    /// The URL names no log. Stop.
    case badURL(String, reason: String)

    /// A client property is unknown, malformed, or not the user's to set; nil: some do not go
    /// together. Stop.
    case badProperty(String?, reason: String)

    /// Whether the same call may succeed later without anybody's help or after room was made.
    package var isTransient: Bool {
        switch self {
        case .unavailable, .full: true
        case .tooLarge, .offsetOutOfRange, .topicMissing, .topicDiffers, .topicUnsafe, .missing,
            .notALog, .incompatible, .damaged, .permission, .unsafePlace, .readOnly, .closed,
            .badURL, .badProperty, .refused:
            false
        }
    }
}

extension LogError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unavailable(let log, let reason):
            "the log \(log) does not answer: \(reason); try again"
        case .full(let log, let reason):
            "the log \(log) has no room: \(reason); free space and it goes on by itself"
        case .tooLarge(let log, let bytes, let limit):
            "a record of \(bytes) bytes is too large for the log \(log): at most \(limit) bytes"
        case .offsetOutOfRange(let position, let kept):
            Self.describe(position, kept)
        case .topicMissing(let log, let partition):
            "the log \(log) has no topic \(partition.topic.name) with a partition "
                + "\(partition.partition); create the topics with `muster topics create`"
        case .topicDiffers(let log, let topic, let found, let wanted):
            "the topic \(topic.name) of the log \(log) has \(found), not \(wanted) as asked; "
                + "ask for what is there or choose another log"
        case .topicUnsafe(let log, let finding):
            "the topic \(finding.topic.name) of the log \(log) has \(finding.found), and Muster "
                + "needs \(finding.wanted): otherwise \(finding.cost); change it with Kafka's own "
                + "tools and start again"
        case .missing(let log, let reason):
            "the log \(log) does not exist: \(reason)"
        case .notALog(let log, let reason):
            "the log \(log) is no Muster log: \(reason); it was left untouched, give another path"
        case .incompatible(let log, let found, let supported):
            "the log \(log) has the format \(found), this program knows \(supported); "
                + "it was left untouched, use a newer muster"
        case .damaged(let log, let reason):
            "the log \(log) is damaged: \(reason); stop everything that uses it, keep a copy, and "
                + "restore it from a backup"
        case .permission(let log, let reason):
            "the log \(log) may not be used: \(reason); "
                + (log.hasPrefix("kafka:")
                    ? "check the user and its rights on the brokers"
                    : "check owner and mode of the file and its directory")
        case .unsafePlace(let log, let reason):
            "the log \(log) would not be safe there: \(reason); put it on a local file system"
        case .refused(let log, let reason):
            "the log \(log) refuses: \(reason)"
        case .readOnly(let log):
            "the log \(log) was opened for reading only; open it for writing"
        case .closed(let log):
            "the log \(log) is closed; open it again"
        case .badURL(let url, let reason):
            "\"\(url)\" names no log: \(reason)"
        case .badProperty(let name, let reason):
            "the Kafka client \(name.map { "property \($0)" } ?? "properties"): \(reason)"
        }
    }

    private static func describe(_ position: Position, _ kept: Range<Offset>) -> String {
        let topic = position.partition.topic.name
        let place = "\(topic), partition \(position.partition.partition)"
        if position.offset < kept.lowerBound {
            return "offset \(position.offset) of \(place) is no longer kept; "
                + "reading starts at \(kept.lowerBound)"
        }
        return "offset \(position.offset) of \(place) lies beyond the end \(kept.upperBound): "
            + "records were lost, or this is another log"
    }
}
