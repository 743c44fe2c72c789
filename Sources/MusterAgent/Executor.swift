package import MusterCore

/// What reaches the engine beside an agent: the agent's only seam.
///
/// An executor keeps nothing that must survive its process. Both calls may be under way at once,
/// and several commands too, each of another group.
package protocol Executor: Sendable {
    /// Looks at the node's servers. Called again and again; must come to an end by itself.
    ///
    /// - Throws: `ExecutorProblem` when there is nothing to see; the agent goes on beating.
    func observe() async throws(ExecutorProblem) -> NodeObservation

    /// Carries a command out.
    ///
    /// Checks immediately before it proposes that the leader's live view is what the command
    /// requires. What is already so has succeeded. Must come to an end by itself.
    ///
    /// - Parameter progress: how far a copy has come; from any thread.
    func carryOut(
        _ work: Work, progress: @escaping @Sendable (CopyProgress) -> Void
    ) async -> CommandOutcome
}

/// Why an executor sees nothing.
package enum ExecutorProblem: Error, Hashable, Sendable {
    /// It may see something the next time; the text is a sentence.
    case unavailable(String)
    /// What is there is not this node's: no command may touch it. A person must look.
    case foreign(String)
}

extension ExecutorProblem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unavailable(let sentence), .foreign(let sentence): sentence
        }
    }
}
