import MusterCommandLine
import MusterLog
import MusterManager
import MusterRuntime

extension CommandError {
    /// What a person is told of anything that a log throws; other errors stay as they are.
    static func of(_ error: any Error) -> any Error {
        switch error {
        case let error as LogError: CommandError(error)
        case let error as ProjectionError:
            switch error {
            case .log(let error): CommandError(error)
            case .journal(let failure): CommandError(failure)
            case .empty: CommandError(.notFound, "\(error.description)")
            }
        case let error as JournalReader.Failure: CommandError(error)
        case let error as ManagerError: CommandError(error)
        default: error
        }
    }

    init(_ error: LogError) {
        let code: ExitCode =
            switch error {
            case .unavailable, .full, .missing, .notALog, .incompatible, .damaged, .unsafePlace,
                .topicMissing, .closed, .tooLarge, .offsetOutOfRange, .refused:
                .unreachable
            case .permission: .notPermitted
            case .badURL, .badProperty: .usage
            case .topicDiffers, .topicUnsafe: .conflict
            case .readOnly: .failed
            }
        self.init(code, "\(error.description)")
    }

    private init(_ error: ManagerError) {
        switch error {
        case .halted: self.init(.unreachable, "\(error.description)")
        case .log(let failure):
            self.init(CommandError(failure).exitCode, "\(error.description)")
        }
    }

    private init(_ failure: JournalReader.Failure) {
        self.init(.unreachable, "\(failure.description)")
    }
}
