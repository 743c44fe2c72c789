import MusterRuntime

/// What one configuration file sets.
package struct ConfigurationFile: Sendable {
    /// A setting's values with the line that they stand on.
    package struct Entry: Sendable {
        package let values: [String]
        package let line: Int
    }

    package let path: String
    /// By the option's name.
    package let entries: [String: Entry]

    /// Reads a file's text by the table.
    ///
    /// - Throws: `CommandError` with `.usage` that names the file, the line and, for an unknown
    ///   key, the nearest right one.
    package static func read(
        _ bytes: [UInt8], path: String, settings: [CommandOption]
    ) throws(CommandError) -> ConfigurationFile {
        let document: YAMLNode?
        do {
            document = try YAMLReader.read(bytes)
        } catch {
            throw problem("\(error.problem)", path, error.line)
        }
        guard let document, !document.isEmpty else {
            return ConfigurationFile(path: path, entries: [:])
        }
        guard case .mapping(let members) = document.content else {
            throw problem(
                "a configuration is a mapping of keys to values, not \(document.kindName)", path,
                document.line)
        }
        var entries: [String: Entry] = [:]
        for member in members {
            guard let setting = settings.first(where: { $0.name == member.key }) else {
                throw unknown(member, settings, path)
            }
            let values = try values(of: member, setting, path)
            entries[setting.name] = Entry(values: values, line: member.line)
        }
        return ConfigurationFile(path: path, entries: entries)
    }

    private static func values(
        of member: YAMLNode.Member, _ setting: CommandOption, _ path: String
    ) throws(CommandError) -> [String] {
        var values: [String] = []
        switch member.value.content {
        case .scalar(let text, _):
            guard !member.value.isEmpty else {
                throw problem("\(member.key) has no value", path, member.line)
            }
            values = [text]
        case .sequence(let nodes) where setting.repeats && setting.kind != .pair:
            for node in nodes {
                guard case .scalar(let text, _) = node.content else {
                    throw problem("\(member.key) is a list of single values", path, node.line)
                }
                values.append(text)
            }
        case .mapping(let members) where setting.kind == .pair:
            for inner in members {
                guard case .scalar(let text, _) = inner.value.content else {
                    throw problem(
                        "\(member.key).\(inner.key) needs a single value", path, inner.line)
                }
                values.append(inner.key + "=" + text)
            }
        default:
            let wanted: EscapedText =
                setting.kind == .pair
                ? "a mapping" : setting.repeats ? "a value or a list" : "a single value"
            throw problem(
                "\(member.key) needs \(wanted), not \(member.value.kindName)", path, member.line)
        }
        for value in values {
            if let wrong = setting.kind.problem(with: value) {
                throw problem("\(member.key) " + wrong, path, member.line)
            }
        }
        return values
    }

    private static func unknown(
        _ member: YAMLNode.Member, _ settings: [CommandOption], _ path: String
    ) -> CommandError {
        if let near = NearestWord.find(member.key, among: settings.map(\.name)) {
            return problem(
                "unknown key \"\(member.key)\"; did you mean \"\(near)\"?", path, member.line)
        }
        let names = settings.map(\.name).joined(separator: ", ")
        return problem(
            "unknown key \"\(member.key)\": the keys are \(names)", path, member.line)
    }

    private static func problem(
        _ text: EscapedText, _ path: String, _ line: Int
    ) -> CommandError {
        .usage("\(path), line \(line): " + text)
    }
}
