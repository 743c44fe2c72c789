import MusterAgent
import MusterCommandLine
import MusterRuntime

extension CommandError {
    /// Why an agent ended by itself: `conflict` only where starting again would not help, so that
    /// whoever supervises it starts it again after anything else.
    init(_ error: AgentError) {
        switch error {
        case .halted(let reason): self.init(.conflict, "\(reason)")
        case .log(let failure): self.init(failure)
        case .disk(let what, let problem): self.init(problem, what)
        }
    }

    /// What is wrong with a file or folder of the node, and at what.
    init(_ problem: LocalProblem, _ what: String) {
        let code: ExitCode =
            switch problem.kind {
            case .identity: .conflict
            case .permission: .notPermitted
            case .name: .usage
            case .fault: .failed
            }
        self.init(code, "\(what): \(problem.description)")
    }
}
