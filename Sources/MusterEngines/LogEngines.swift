import Glibc
import MusterCore
import MusterKafka
package import MusterLog
import MusterSQLite

/// Opens a log by its URL, whatever engine it names.
package enum LogEngines {
    /// What a URL may look like, for help texts.
    package static let forms = [
        "sqlite:PATH", "kafka://HOST:PORT[,HOST:PORT]/PREFIX", "memory:",
    ]

    /// What the log is opened for.
    package enum Access: Sendable {
        /// Appending and reading; an absent log is created, without topics.
        case write
        /// Reading: an absent log is an error, and nothing is created or changed.
        case read
    }

    /// Opens the log; close it when done.
    ///
    /// - Parameter url: `sqlite:` and a path, `kafka://` with brokers and the topics' prefix, or
    ///   `memory:`, a new and empty log each time.
    /// - Parameter properties: librdkafka's, for a log on Kafka; nil takes what the environment
    ///   says in `MUSTER_KAFKA_…`.
    /// - Throws: `badURL`, `badProperty`, or as the engine does: `missing`, `notALog`,
    ///   `permission`, …
    package static func open(
        _ url: String, for access: Access, properties: [(name: String, value: String)]? = nil
    ) async throws(LogError) -> any EventLog {
        let engine = url.prefix { $0 != ":" }
        let rest = url.dropFirst(engine.count + 1)
        guard engine.count < url.count else {
            throw .badURL(url, reason: "it does not say which engine; \(advice)")
        }
        switch engine {
        case "sqlite":
            var options = SQLiteLog.Options()
            options.isReadOnly = access == .read
            return try await SQLiteLog.open(path: try path(String(rest), of: url), options: options)
        case "memory":
            guard rest.isEmpty else {
                throw .badURL(url, reason: "nothing may follow \"memory:\"; \(advice)")
            }
            return MemoryLog(MemoryStore(clock: wallClock))
        case "kafka":
            return try await KafkaLog.open(
                url, properties: properties, mustExist: access == .read)
        default:
            throw .badURL(url, reason: "there is no engine \"\(engine)\"; \(advice)")
        }
    }

    private static let advice = "give \(forms.joined(separator: " or "))"

    private static func path(_ path: String, of url: String) throws(LogError) -> String {
        if path.isEmpty {
            throw .badURL(url, reason: "the path is empty; give for instance sqlite:muster.db")
        }
        if path.utf8.contains(0) {
            throw .badURL(url, reason: "the path holds a NUL, which no path may hold")
        }
        if path.hasPrefix(":") {
            throw .badURL(url, reason: "a path does not begin with a colon; \(advice)")
        }
        if path.hasPrefix("//") && !path.hasPrefix("///") {
            throw .badURL(
                url,
                reason: "it names no host; give sqlite:\(path.drop { $0 == "/" }) for a "
                    + "path from here, or sqlite:\(path.dropFirst()) for one from the root")
        }
        return path
    }

    private static let wallClock: @Sendable () -> Timestamp = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
