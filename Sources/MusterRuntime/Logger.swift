/// Writes log lines: a value that is passed to whoever has something to say.
///
/// A line is one line whatever it is made of: message and values are escaped, so that a node cannot
/// forge a line by its name.
package struct Logger: Sendable {
    /// How a line is written.
    package enum Format: String, CaseIterable, Sendable {
        /// `2026-03-01T14:03:00.250Z notice  started manager=m1`
        case text
        /// One JSON object a line, for collectors.
        case json
    }

    /// What a line says besides its message, in order.
    package typealias Values = KeyValuePairs<String, LogValue>

    /// Lines below this level are not written.
    package let level: LogLevel

    private let format: Format
    private let sink: LogSink
    private let now: @Sendable () -> Int64
    private var context: [(key: String, value: LogValue)] = []

    /// - Parameters:
    ///   - sink: where the lines go.
    ///   - now: the wall clock, in milliseconds since 1970.
    package init(
        level: LogLevel = .info, format: Format = .text, sink: LogSink = .standardError,
        now: @escaping @Sendable () -> Int64 = SystemClock.wallMilliseconds
    ) {
        self.level = level
        self.format = format
        self.sink = sink
        self.now = now
    }

    /// A logger that says nothing.
    package static let silent = Logger(level: .error, sink: LogSink { _ in })

    /// The same logger with values that go with each of its lines.
    package func with(_ values: Values) -> Logger {
        var logger = self
        logger.context += values.map { ($0.key, $0.value) }
        return logger
    }

    /// For whoever looks for a fault.
    package func debug(_ message: @autoclosure () -> String, _ values: Values = [:]) {
        log(.debug, message(), values)
    }

    /// What goes as it should.
    package func info(_ message: @autoclosure () -> String, _ values: Values = [:]) {
        log(.info, message(), values)
    }

    /// What an operator may want to know.
    package func notice(_ message: @autoclosure () -> String, _ values: Values = [:]) {
        log(.notice, message(), values)
    }

    /// What an operator should look at.
    package func warning(_ message: @autoclosure () -> String, _ values: Values = [:]) {
        log(.warning, message(), values)
    }

    /// What keeps the program from doing its work.
    package func error(_ message: @autoclosure () -> String, _ values: Values = [:]) {
        log(.error, message(), values)
    }

    /// Writes a line of any level; the message is not made when the line is not wanted.
    package func log(
        _ level: LogLevel, _ message: @autoclosure () -> String, _ values: Values = [:]
    ) {
        guard level >= self.level else { return }
        let all = context + values.map { ($0.key, $0.value) }
        let time = RFC3339.text(milliseconds: now())
        switch format {
        case .text: sink.write(Self.textLine(time, level, message(), all))
        case .json: sink.write(Self.jsonLine(time, level, message(), all))
        }
    }

    private static func textLine(
        _ time: String, _ level: LogLevel, _ message: String,
        _ values: [(key: String, value: LogValue)]
    ) -> String {
        let padding = String(repeating: " ", count: 8 - level.rawValue.count)
        var line = time + " " + level.rawValue + padding + EscapedText.escape(message)
        for (key, value) in values {
            line += " " + EscapedText.escape(key) + "="
            switch value {
            case .text(let text): line += quotedIfNeeded(text)
            case .number(let number): line += String(number)
            case .flag(let flag): line += String(flag)
            }
        }
        return line
    }

    private static func quotedIfNeeded(_ text: String) -> String {
        let isPlain = !text.isEmpty && !text.contains { " \"=\\".contains($0) }
        if isPlain { return EscapedText.escape(text) }
        return "\""
            + EscapedText.escape(text).split(
                separator: "\"", omittingEmptySubsequences: false
            ).joined(separator: "\\\"") + "\""
    }

    private static func jsonLine(
        _ time: String, _ level: LogLevel, _ message: String,
        _ values: [(key: String, value: LogValue)]
    ) -> String {
        var line = "{\"time\":\"" + time + "\",\"level\":\"" + level.rawValue + "\",\"message\":"
        JSONText.append(message, to: &line)
        var taken: Set<String> = ["time", "level", "message"]
        for (key, value) in values {
            var key = key
            while !taken.insert(key).inserted { key += "_" }
            line += ","
            JSONText.append(key, to: &line)
            line += ":"
            switch value {
            case .text(let text): JSONText.append(text, to: &line)
            case .number(let number) where number.magnitude <= 1 << 53: line += String(number)
            case .number(let number): line += "\"" + String(number) + "\""
            case .flag(let flag): line += String(flag)
            }
        }
        return line + "}"
    }
}
