/// An option of a command, or of all commands.
package struct CommandOption: Sendable {
    /// Its long name, without the dashes: `output`.
    package let name: String
    /// Its letters; the first one is shown, the others are accepted.
    package let letters: [Character]
    /// What stands for its value in help: `FORM`; nil for a flag, which has none.
    package let placeholder: String?
    /// What its value may be; of no meaning for a flag.
    package let kind: ValueKind
    /// One line: what it does.
    package let summary: String
    /// What it is without being given; nil: nothing.
    package let defaultValue: String?
    /// Whether it may be given several times, each adding a value.
    package let repeats: Bool
    /// Whether the environment and the configuration file can set it too.
    package let isSetting: Bool
    /// Whether its value is never shown.
    package let isSecret: Bool

    /// An option with a value.
    package init(
        _ name: String, _ letters: Character..., value placeholder: String,
        _ kind: ValueKind, _ summary: String, default defaultValue: String? = nil,
        repeats: Bool = false, isSetting: Bool = false, isSecret: Bool = false
    ) {
        self.name = name
        self.letters = letters
        self.placeholder = placeholder
        self.kind = kind
        self.summary = summary
        self.defaultValue = defaultValue
        self.repeats = repeats
        self.isSetting = isSetting
        self.isSecret = isSecret
    }

    /// An option without a value.
    package init(
        flag name: String, _ letters: Character..., summary: String, isSetting: Bool = false
    ) {
        self.name = name
        self.letters = letters
        placeholder = nil
        kind = .word(["true", "false"])
        self.summary = summary
        defaultValue = nil
        repeats = false
        self.isSetting = isSetting
        isSecret = false
    }

    /// Whether it has no value.
    package var isFlag: Bool { placeholder == nil }

    /// Its variable: `MUSTER_LOG_LEVEL`; nil when it is no setting.
    package func variable(prefix: String) -> String? {
        guard isSetting else { return nil }
        return prefix + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }

    /// What variables begin with that each set one pair of it: `MUSTER_KAFKA_` for
    /// `MUSTER_KAFKA_SASL_MECHANISM`, the key `sasl.mechanism`; nil when it has no pairs.
    package func pairVariables(prefix: String) -> String? {
        kind == .pair ? variable(prefix: prefix).map { $0 + "_" } : nil
    }

    /// Whether the key of a pair says that its value is a secret, and not the place of one.
    package static func isSecret(key: some StringProtocol) -> Bool {
        let key = key.lowercased()
        if key.hasSuffix(".file") || key.hasSuffix(".location") { return false }
        let words = ["password", "secret", "token", "key", "jaas", "credential"]
        return words.contains { key.contains($0) }
    }

    /// As it stands in help: `-o, --output FORM`.
    package var usage: String {
        let letter = letters.first.map { "-\($0), " } ?? "    "
        return letter + "--" + name + (placeholder.map { " " + $0 } ?? "")
    }
}
