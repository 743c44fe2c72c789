import MusterRuntime

/// Finds the configuration files of a program: the one that was named by `--config` or its
/// variable, the user's, the machine's. All that exist are read; those before count more.
enum ConfigurationSearch {
    static func files(
        for program: Program, line: ParsedLine, _ context: ProcessContext
    ) throws(CommandError) -> [ConfigurationFile] {
        var paths: [(path: String, isNamed: Bool)] = []
        let named =
            line.given[StandardOptions.configuration.name]?.last
            ?? context.environment[program.variablePrefix + "CONFIG"]
        if let named, !named.isEmpty { paths.append((named, true)) }
        if let user = userPath(program, context) { paths.append((user, false)) }
        paths.append(("/etc/\(program.name)/\(program.name).yaml", false))
        var files: [ConfigurationFile] = []
        let settings = program.settings
        for (path, isNamed) in paths {
            let bytes: [UInt8]
            do {
                bytes = try context.readFile(path)
            } catch {
                if error == .missing, !isNamed { continue }
                throw error.commandError(path)
            }
            files.append(try ConfigurationFile.read(bytes, path: path, settings: settings))
        }
        return files
    }

    private static func userPath(_ program: Program, _ context: ProcessContext) -> String? {
        if let folder = context.environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") {
            return folder + "/\(program.name)/config.yaml"
        }
        guard let home = context.environment["HOME"], home.hasPrefix("/") else { return nil }
        return home + "/.config/\(program.name)/config.yaml"
    }
}
