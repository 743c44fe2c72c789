import MusterCommandLine
import MusterRuntime

/// A policy in a YAML file: the options of `configure` as keys, in either spelling (`removal-delay`
/// or, as in the journal, `removalDelay`).
struct PolicyFile {
    private let file: ConfigurationFile

    /// - Throws: what is wrong, with the file and the line; of an unknown key the nearest one.
    init(_ path: String, _ call: Invocation) throws(CommandError) {
        let bytes: [UInt8]
        do {
            bytes = try call.context.readFile(path)
        } catch {
            throw error.commandError(path)
        }
        file = try ConfigurationFile.read(
            bytes, path: path, settings: Self.keys.map(\.option))
        for key in Self.keys where key.option.name != key.name {
            guard let entry = file.entries[key.option.name], file.entries[key.name] != nil else {
                continue
            }
            throw .usage(
                "\(path), line \(entry.line): \(key.option.name) and \(key.name) are the same")
        }
    }

    /// What the file says for an option; nothing when it says nothing.
    func values(_ name: String) -> [String] {
        (file.entries[name] ?? file.entries[Self.asInJournal(name)])?.values ?? []
    }

    /// How many members the file sets.
    var count: Int { file.entries.count }

    /// Every key with the option that it stands for.
    private static let keys: [(option: CommandOption, name: String)] = PolicyOptions.all.flatMap {
        option -> [(option: CommandOption, name: String)] in
        let other = asInJournal(option.name)
        let kind: ValueKind = option.placeholder == nil ? .word(["true", "false"]) : option.kind
        func key(_ name: String) -> CommandOption {
            CommandOption(
                name, value: option.placeholder ?? "WORD", kind, option.summary,
                repeats: option.repeats)
        }
        let first = (option: key(option.name), name: option.name)
        return other == option.name ? [first] : [first, (key(other), option.name)]
    }

    /// `removal-delay` as `removalDelay`.
    private static func asInJournal(_ name: String) -> String {
        let parts = name.split(separator: "-")
        return parts.dropFirst().reduce(String(parts.first ?? "")) { text, part in
            text + part.prefix(1).uppercased() + part.dropFirst()
        }
    }
}
