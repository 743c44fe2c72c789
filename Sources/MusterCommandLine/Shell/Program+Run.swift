import MusterRuntime

extension Program {
    /// Parses the process's words, carries the command out and says what went wrong, if anything.
    package func run(_ context: ProcessContext) async -> ExitCode {
        do {
            let line = try LineParser.parse(context.words, by: self)
            return try await run(line, context)
        } catch let error as CommandError {
            say(error, context)
            return error.exitCode
        } catch OutputProblem.readerGone {
            return .ok
        } catch OutputProblem.failed(let reason) {
            say(CommandError(.failed, "standard output: \(reason)"), context)
            return .failed
        } catch {
            say(CommandError(.failed, "\(String(describing: error))"), context)
            return .failed
        }
    }

    private func run(_ line: ParsedLine, _ context: ProcessContext) async throws -> ExitCode {
        let pages = HelpPages(program: self, width: context.width)
        switch line.wish {
        case .version:
            try context.writeOutput("\(name) \(version)\n")
            return .ok
        case .help:
            try context.writeOutput(pages.help(at: line.path))
            return .ok
        case .run: break
        }
        guard let command = line.command, let run = command.run else {
            try context.writeOutput(pages.help(at: []))
            return .ok
        }
        if line.given[StandardOptions.output.name]?.last == "help" {
            try context.writeOutput(pages.shape(of: command, at: line.path))
            return .ok
        }
        return try await run(try invocation(of: command, line, context))
    }

    private func invocation(
        of command: Command, _ line: ParsedLine, _ context: ProcessContext
    ) throws(CommandError) -> Invocation {
        let files = try ConfigurationSearch.files(for: self, line: line, context)
        let configuration = try Configuration(
            options: command.options + options, line: line, environment: context.environment,
            variablePrefix: variablePrefix, files: files)
        func value(_ option: CommandOption) -> String {
            configuration[option.name].values.last ?? ""
        }
        guard let form = Output.Form(rawValue: value(StandardOptions.output)) else {
            throw .usage("--output \"help\" stands on the command line only")
        }
        let output = Output(
            form: form,
            hasColor: Output.decideColor(
                value(StandardOptions.color), environment: context.environment,
                isTerminal: context.outputIsTerminal),
            timeFormat: .init(rawValue: value(StandardOptions.timeFormat)) ?? .relative,
            context: context)
        let logger = Logger(
            level: LogLevel(rawValue: value(StandardOptions.logLevel)) ?? .notice,
            format: .init(rawValue: value(StandardOptions.logFormat)) ?? .text,
            sink: LogSink { context.writeError($0 + "\n") }, now: context.now)
        return Invocation(
            program: self, command: command, path: line.path, configuration: configuration,
            output: output, logger: logger, context: context, line: line, files: files)
    }

    private func say(_ error: CommandError, _ context: ProcessContext) {
        let isRed = Output.decideColor(
            nil, environment: context.environment, isTerminal: context.errorIsTerminal)
        let head = isRed ? Tone.bad.paint(name + ":") : name + ":"
        context.writeError(head + " " + error.message.text + "\n")
        if let advice = error.advice { context.writeError("  " + advice.text + "\n") }
    }
}
