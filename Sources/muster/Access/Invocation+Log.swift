import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime

extension Invocation {
    /// Opens the log that `--log` names, and closes it behind `body`.
    func withLog<Result>(
        for access: LogEngines.Access,
        _ body: (any EventLog) async throws -> Result
    ) async throws -> Result {
        let url = text(CommonOptions.log.name) ?? ""
        if case .line = configuration[CommonOptions.kafka.name].origin, !url.hasPrefix("kafka:") {
            throw CommandError.usage(
                "--kafka sets properties of a Kafka client, and \(url) is no log on Kafka",
                advice: "leave it out, or give --log kafka://HOST:PORT/PREFIX")
        }
        do {
            let log = try await LogEngines.open(
                url, for: access,
                properties: pairs(CommonOptions.kafka.name).map { ($0.key, $0.value) })
            do {
                let result = try await body(log)
                await log.close()
                return result
            } catch {
                await log.close()
                throw error
            }
        } catch {
            throw CommandError.of(error)
        }
    }

    /// How many brokers shall keep each record; nil: as they say.
    ///
    /// - Throws: where it was given on the command line for a log without brokers.
    func replication() throws(CommandError) -> Int32? {
        let name = CommonOptions.replication.name
        let url = text(CommonOptions.log.name) ?? ""
        if case .line = configuration[name].origin, !url.hasPrefix("kafka:") {
            throw .usage(
                "--replication is for brokers, and \(url) has none",
                advice: "leave it out, or give --log kafka://HOST:PORT/PREFIX")
        }
        return number(name).map { Int32(clamping: $0) }
    }

    /// Opens the log for appending, but only where there is one: a slip in its name makes no new
    /// log.
    func withExistingLog<Result>(
        _ body: (any EventLog) async throws -> Result
    ) async throws -> Result {
        try await withLog(for: .read) { _ in }
        return try await withLog(for: .write, body)
    }

    /// Prints the result as the command's table says.
    func show(_ value: ResultValue) throws {
        guard let layout = command.layout, let shape = command.shape else {
            preconditionFailure("\(path) has no layout")
        }
        assert(
            shape.problems(of: value).isEmpty,
            "\(path): \(shape.problems(of: value))")
        try output.show(value, layout)
    }

    /// A name from the command line.
    ///
    /// - Parameter what: the thing it names, for the message.
    func name<Value: Name>(
        _ text: String, _ what: EscapedText, as type: Value.Type = Value.self
    ) throws(CommandError) -> Value {
        do {
            return try Value(text)
        } catch {
            throw .usage("the \(what) \"\(Self.cut(text))\" \(error.description)")
        }
    }

    /// The name that an argument gives.
    func name<Value: Name>(
        argument: String, _ what: EscapedText, as type: Value.Type = Value.self
    ) throws(CommandError) -> Value {
        try name(self.argument(argument) ?? "", what)
    }

    /// The name that an option gives; nil when it was not given.
    func name<Value: Name>(
        option: String, as type: Value.Type = Value.self
    ) throws(CommandError) -> Value? {
        guard let text = text(option) else { return nil }
        return try name(text, "--\(option)")
    }

    /// The number that an option gives, as the newtype of what it counts; nil when it was not
    /// given.
    func count<Value: Number>(
        option: String, as type: Value.Type = Value.self
    ) -> Value? {
        number(option).map { Value(UInt64(clamping: $0)) }
    }

    private static func cut(_ text: String) -> String {
        text.count <= 60 ? text : String(text.prefix(60)) + "…"
    }
}
