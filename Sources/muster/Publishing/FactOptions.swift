import MusterCommandLine
import MusterCore
import MusterRuntime

/// The parts of facts as options.
enum FactOptions {
    static let node = CommandOption("node", "n", value: "NODE", .text, "the node's name")
    static let store = CommandOption(
        "store", value: "STORE", .text, "the identity of the node's disk: 32 hex digits")
    static let start = CommandOption(
        "start", value: "NUMBER", .number(0...Int64.max),
        "how often a process was started on that disk", default: "1")
    static let boot = CommandOption(
        "boot", value: "BOOT", .text, "the identity of its process: 32 hex digits; default zeros")
    static let group = CommandOption("group", "g", value: "GROUP", .text, "the group's name")
    static let reason = CommandOption(
        "reason", "m", value: "TEXT", .text, "why, in your words")
    static let identity = [node, store, start]

    /// What every single fact has.
    static let event: [CommandOption] = [
        CommonOptions.cluster,
        CommandOption(
            "event-id", value: "ID", .text, "the event's id; without it a random one"),
        CommandOption(
            "source", value: "URI", .text, "who says it", default: "/muster/cli",
            isSetting: true),
        CommandOption(
            "correlation", value: "ID", .text, "what ties the event to others"),
        CommandOption(
            "causation", value: "ID", .text, "the id of the event that it follows from"),
    ]

    /// The name that a required option gives.
    static func required<Value: Name>(
        _ call: Invocation, _ option: CommandOption, as type: Value.Type = Value.self
    ) throws -> Value {
        guard let name: Value = try call.name(option: option.name) else {
            throw missing(option)
        }
        return name
    }

    static func missing(_ option: CommandOption) -> CommandError {
        .usage(
            "--\(option.name) is missing",
            advice: "give --\(option.name) \(option.placeholder ?? ""): \(option.summary)")
    }

    static func identity(_ call: Invocation) throws -> NodeIdentity {
        guard let store = try IdentifierOption.value(call, store.name) else {
            throw missing(store)
        }
        return NodeIdentity(
            node: try required(call, node), store: store,
            start: call.count(option: start.name) ?? Start(1))
    }

    static func boot(_ call: Invocation) throws -> BootID {
        try IdentifierOption.value(call, boot.name) ?? Identifier(high: 0, low: 0)
    }
}

/// The `KEY=VALUE,KEY=VALUE` value of an option that describes one of several things.
struct OptionFields {
    private let option: String
    private let text: String
    private var fields: [(key: String, value: String)] = []

    init(_ text: String, option: String, keys: [String]) throws(CommandError) {
        self.option = option
        self.text = text
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let equals = part.firstIndex(of: "=") else {
                throw .usage("--\(option) needs KEY=VALUE,…, not \"\(text)\"")
            }
            let key = String(part[..<equals])
            guard keys.contains(key) else {
                let known = EscapedText.joined(keys.map { "\($0)" }, by: ", ")
                throw .usage("--\(option) has no \"\(key)\"; it has \(known)")
            }
            if fields.contains(where: { $0.key == key }) {
                throw .usage("--\(option) \"\(text)\" says \(key) twice")
            }
            fields.append((key, String(part[part.index(after: equals)...])))
        }
    }

    subscript(key: String) -> String? { fields.first { $0.key == key }?.value }

    func required(_ key: String) throws(CommandError) -> String {
        guard let value = self[key] else { throw .usage("--\(option) \"\(text)\" lacks \(key)=") }
        return value
    }

    /// The value's number; nil when it is not there.
    func number<Value: Number>(
        _ key: String, as type: Value.Type = Value.self
    ) throws(CommandError) -> Value? {
        guard let value = self[key] else { return nil }
        guard let number = UInt64(value) else {
            throw .usage("--\(option): \(key) needs a whole number, not \"\(value)\"")
        }
        return Value(number)
    }

    /// The value's word; nil when it is not there.
    func word<Value: RawRepresentable & CaseIterable>(
        _ key: String, as type: Value.Type = Value.self
    ) throws(CommandError) -> Value? where Value.RawValue == String {
        guard let value = self[key] else { return nil }
        guard let word = Value(rawValue: value) else {
            let known = EscapedText.joined(Value.allCases.map { "\($0.rawValue)" }, by: ", ")
            throw .usage("--\(option): \(key) cannot be \"\(value)\": it is one of \(known)")
        }
        return word
    }

    func flag(_ key: String) throws(CommandError) -> Bool {
        switch self[key] {
        case nil, "false": return false
        case "true": return true
        case let other?:
            throw .usage("--\(option): \(key) is true or false, not \"\(other)\"")
        }
    }

    func length(_ key: String) throws(CommandError) -> Duration? {
        guard let value = self[key] else { return nil }
        guard let milliseconds = DurationText.milliseconds(value) else {
            throw .usage("--\(option): \(key) needs a time such as 250ms, not \"\(value)\"")
        }
        return .milliseconds(milliseconds)
    }
}
