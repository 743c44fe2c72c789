import MusterRuntime

/// `config show` and `config check`.
enum ConfigurationCommands {
    private static let values: ResultShape.Field = .init(
        "settings",
        .array(
            .object([
                .init("key", .text, "the setting's key in a configuration file"),
                .init("values", .array(.text), "its values; secrets are hidden"),
                .init("origin", .text, "where they come from"),
                .init("variable", .text, "its environment variable"),
                .init("summary", .text, "what it does"),
            ])), "all settings, by key")

    static let show = Command(
        "show", "print the settings in effect",
        discussion: """
            A value on the command line counts more than one of the environment, that more than \
            one of a configuration file, that more than the default. Each setting is looked up by \
            itself: no source switches another one off.

            Configuration files are read in this order, the first counting most: the one that \
            --config or the variable names, the user's in the folder .config of the home folder \
            (or in XDG_CONFIG_HOME), and the machine's in /etc.
            """,
        examples: [
            .init("config show", "the settings in effect"),
            .init("config show --origin", "and where each one comes from"),
        ],
        options: [
            CommandOption(flag: "origin", summary: "print where each value comes from")
        ],
        shape: .object([values]), layout: layout(hasOrigin: true)
    ) { call in
        let settings = call.program.settings
        let configuration = try Configuration(
            options: settings, line: call.line, environment: call.context.environment,
            variablePrefix: call.program.variablePrefix, files: call.files)
        let rows = settings.map { setting -> ResultValue in
            let found = configuration[setting.name]
            return .object([
                "key": .text(setting.name),
                "values": .texts(found.values.map { redact($0, setting) }),
                "origin": .text(found.origin.text),
                "variable": .text(setting.variable(prefix: call.program.variablePrefix) ?? ""),
                "summary": .text(setting.summary),
            ])
        }
        try call.output.show(
            .object(["settings": .array(rows)]), layout(hasOrigin: call.flag("origin")))
        return .ok
    }

    private static func layout(hasOrigin: Bool) -> ResultLayout {
        .table(
            "settings", name: "key", empty: "no settings",
            [
                .init("KEY", "key"), .init("VALUE", "values"),
                .init("ORIGIN", "origin", wide: !hasOrigin),
                .init("VARIABLE", "variable", wide: true),
            ])
    }

    /// Hides secrets: whole values, values of pairs whose key says that they are one, and what
    /// stands between `//` and `@` in an address.
    static func redact(_ value: String, _ setting: CommandOption) -> String {
        let hidden = "(hidden)"
        if setting.isSecret { return hidden }
        if setting.kind == .pair {
            let key = value.prefix { $0 != "=" }
            return CommandOption.isSecret(key: key) ? key + "=" + hidden : value
        }
        guard let start = value.firstRange(of: "//"), let at = value.lastIndex(of: "@"),
            start.upperBound <= at
        else { return value }
        return value[..<start.upperBound] + hidden + value[at...]
    }

    static let check = Command(
        "check", "check the configuration files and the environment",
        discussion: """
            Reads every configuration file that would be used and says what is wrong, and which \
            variables have the program's prefix but set nothing.
            """,
        examples: [.init("config check --config new.yaml", "check a file before it is used")],
        exitCodes: [.unhealthy],
        shape: .object([
            .init("files", .array(.text), "the files that were read"),
            .init("warnings", .array(.text), "what sets nothing"),
        ]),
        layout: checkLayout
    ) { call in
        let prefix = call.program.variablePrefix
        let known =
            call.program.settings.compactMap { $0.variable(prefix: prefix) }
            + [prefix + "CONFIG"]
        // All settings, not only those of this command.
        _ = try Configuration(
            options: call.program.settings, line: ParsedLine(),
            environment: call.context.environment, variablePrefix: prefix, files: call.files)
        let pairs = call.program.settings.compactMap { $0.pairVariables(prefix: prefix) }
        let strangers = call.context.environment.keys
            .filter { name in
                name.hasPrefix(prefix) && !known.contains(name)
                    && !pairs.contains { name.hasPrefix($0) }
            }.sorted()
        let warnings = strangers.map { name in
            let near = NearestWord.find(name, among: known)
            return "the variable \(name) sets nothing"
                + (near.map { "; did you mean \($0)?" } ?? "")
        }
        let result: ResultValue = .object([
            "files": .texts(call.files.map(\.path)), "warnings": .texts(warnings),
        ])
        try call.output.show(result, checkLayout)
        return warnings.isEmpty ? .ok : .unhealthy
    }

    private static let checkLayout = ResultLayout([
        .facts([.init("files read", "files")]), .lines("warnings"),
    ])
}
