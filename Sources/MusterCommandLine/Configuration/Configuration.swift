import MusterRuntime

/// Where a value comes from.
package enum ValueOrigin: Hashable, Sendable {
    /// The command line.
    case line(option: String)
    /// A variable of the environment.
    case environment(variable: String)
    /// A configuration file, and the line in it.
    case file(path: String, line: Int)
    /// The table.
    case builtIn
    /// Nowhere: there is no value.
    case unset

    /// As `config show --origin` prints it.
    package var text: String {
        switch self {
        case .line(let option): "option --\(option)"
        case .environment(let variable): "environment \(variable)"
        case .file(let path, let line): "file \(path):\(line)"
        case .builtIn: "default"
        case .unset: "not set"
        }
    }
}

/// The values of all options of a command: command line before environment before files before the
/// table's defaults, each option by itself, so that no source switches another one off. The pairs
/// of a `KEY=VALUE` option are merged key by key in the same order; a variable may set one alone.
package struct Configuration: Sendable {
    /// A value or several, and where they come from.
    package struct Resolved: Hashable, Sendable {
        package let values: [String]
        package let origin: ValueOrigin
    }

    private let resolved: [String: Resolved]

    /// - Parameters:
    ///   - files: those that come first count more.
    ///   - environment: all variables of the process.
    /// - Throws: `CommandError` with `.usage` for a variable whose value is none.
    package init(
        options: [CommandOption], line: ParsedLine, environment: [String: String],
        variablePrefix: String, files: [ConfigurationFile]
    ) throws(CommandError) {
        var resolved: [String: Resolved] = [:]
        for option in options {
            var found: [Resolved] = []
            if let values = line.given[option.name] {
                try Self.refuseSecrets(values, option, variablePrefix)
                found.append(Resolved(values: values, origin: .line(option: option.name)))
            }
            if let variable = option.variable(prefix: variablePrefix),
                let text = environment[variable], !text.isEmpty
            {
                let values = try Self.values(of: text, option, variable)
                found.append(
                    Resolved(values: values, origin: .environment(variable: variable)))
            }
            if let start = option.pairVariables(prefix: variablePrefix),
                let pairs = Self.pairs(environment, start)
            {
                found.append(pairs)
            }
            for file in files where option.isSetting {
                guard let entry = file.entries[option.name] else { continue }
                found.append(
                    Resolved(
                        values: entry.values, origin: .file(path: file.path, line: entry.line)))
            }
            if let value = option.defaultValue {
                found.append(Resolved(values: [value], origin: .builtIn))
            }
            resolved[option.name] = option.kind == .pair ? Self.merge(found) : found.first
        }
        self.resolved = resolved
    }

    /// The option's values and where they come from.
    package subscript(name: String) -> Resolved {
        resolved[name] ?? Resolved(values: [], origin: .unset)
    }

    /// What stands on a command line is seen by every user of the machine.
    private static func refuseSecrets(
        _ values: [String], _ option: CommandOption, _ prefix: String
    ) throws(CommandError) {
        guard option.kind == .pair else { return }
        for value in values {
            let key = value.prefix { $0 != "=" }
            guard CommandOption.isSecret(key: key) else { continue }
            let variable = option.pairVariables(prefix: prefix).map { start in
                " in the variable " + start
                    + key.uppercased().map { $0 == "." ? "_" : String($0) }.joined() + ","
            }
            let asked = "--\(option.name) \(key)"
            throw .usage(
                "\(asked): a secret on the command line is seen by every user",
                advice: "give it\(variable ?? "") in a configuration file, or name a file that "
                    + "holds it with \(asked).file=PATH")
        }
    }

    /// The pairs that variables set, one each; an empty variable sets none.
    private static func pairs(_ environment: [String: String], _ start: String) -> Resolved? {
        let names = environment.keys.filter {
            $0.hasPrefix(start) && $0.count > start.count && environment[$0] != ""
        }.sorted()
        guard let first = names.first else { return nil }
        let values = names.map { name in
            let key = name.dropFirst(start.count).lowercased().map { $0 == "_" ? "." : $0 }
            return String(key) + "=" + (environment[name] ?? "")
        }
        return Resolved(values: values, origin: .environment(variable: first))
    }

    private static func values(
        of text: String, _ option: CommandOption, _ variable: String
    ) throws(CommandError) -> [String] {
        let values =
            option.repeats ? text.split(separator: ",").map(String.init) : [text]
        for value in values {
            if let problem = option.kind.problem(with: value) {
                throw .usage("the variable \(variable) " + problem)
            }
        }
        return values
    }

    /// The pairs of all sources; the origin is that of the first.
    private static func merge(_ sources: [Resolved]) -> Resolved? {
        guard let first = sources.first else { return nil }
        var seen: Set<Substring> = []
        var pairs: [String] = []
        for source in sources {
            // Within one source the last of a key counts.
            var own: Set<Substring> = []
            for pair in source.values.reversed() {
                let key = pair.prefix { $0 != "=" }
                if !seen.contains(key), own.insert(key).inserted { pairs.append(pair) }
            }
            seen.formUnion(own)
        }
        return Resolved(values: pairs.sorted(), origin: first.origin)
    }
}
