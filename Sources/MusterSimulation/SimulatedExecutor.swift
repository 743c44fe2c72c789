package import MusterAgent
package import MusterCore
internal import Synchronization

/// The simulated executor: looks at one node of a fleet, and carries out there what the agent
/// beside it is commanded.
package struct SimulatedExecutor: Executor {
    private let machines: SimulatedMachines
    private let identity: @Sendable () -> NodeIdentity

    /// - Parameters:
    ///   - machines: where the node is.
    ///   - identity: by which the node's disk is known to its agent now.
    package init(_ machines: SimulatedMachines, of identity: @escaping @Sendable () -> NodeIdentity)
    {
        self.machines = machines
        self.identity = identity
    }

    /// What is seen of the node; the sentence says that its process does not answer.
    package func observe() async throws(ExecutorProblem) -> NodeObservation {
        let identity = identity()
        guard let seen = machines.with({ $0.look(at: identity) }) else {
            throw .unavailable("the process of \(identity.node) does not answer")
        }
        return seen
    }

    /// Carries it out; comes back when it has ended, or when the task is cancelled.
    package func carryOut(
        _ work: Work, progress: @escaping @Sendable (CopyProgress) -> Void
    ) async -> CommandOutcome {
        await machines.carryOut(work, progress: progress)
    }
}

/// A fleet that several agents look at and act on, each from its own task. Whoever owns it moves
/// its time on.
package final class SimulatedMachines: Sendable {
    private let state: Mutex<State>

    fileprivate struct State: Sendable {
        var fleet: Fleet
        var waiting: [CommandID: Waiting] = [:]
        /// Commands whose executor's task was cancelled before it began to wait.
        var cancelled: Set<CommandID> = []
    }

    fileprivate struct Waiting: Sendable {
        var node: NodeID
        var group: GroupID?
        var progress: @Sendable (CopyProgress) -> Void
        var end: CheckedContinuation<CommandOutcome, Never>
    }

    /// - Parameter fleet: one without agents of its own.
    package init(_ fleet: Fleet) {
        state = Mutex(State(fleet: fleet))
    }

    /// Does something to the fleet, or looks at it; from any thread.
    package func with<Result: Sendable>(_ body: @Sendable (inout Fleet) -> Result) -> Result {
        state.withLock { body(&$0.fleet) }
    }

    /// Moves everything on to that moment, and tells those who wait what came of it.
    package func advance(to moment: Timestamp) {
        let (ends, steps) = state.withLock { state in
            // Without agents of its own it has nothing to say.
            _ = state.fleet.advance(to: max(state.fleet.now, moment))
            return (state.takeEnds(), state.steps())
        }
        for (progress, copy) in steps { progress(copy) }
        for (end, outcome) in ends { end.resume(returning: outcome) }
    }

    /// Carries a command out; comes back when it has ended, or when the task is cancelled: then
    /// nobody knows what will come of it.
    func carryOut(
        _ work: Work, progress: @escaping @Sendable (CopyProgress) -> Void
    ) async -> CommandOutcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { end in
                let waiting = Waiting(
                    node: work.command.executor.node, group: work.command.group,
                    progress: progress, end: end)
                let ends = state.withLock { $0.begin(work, waiting) }
                for (end, outcome) in ends { end.resume(returning: outcome) }
            }
        } onCancel: {
            let end = state.withLock { state in
                let waiting = state.waiting.removeValue(forKey: work.id)
                if waiting == nil { state.cancelled.insert(work.id) }
                return waiting?.end
            }
            end?.resume(returning: Self.abandoned)
        }
    }

    fileprivate static let abandoned = CommandOutcome.unknown(
        detail: "the agent ended while it was carried out")

    fileprivate typealias Ends = [(CheckedContinuation<CommandOutcome, Never>, CommandOutcome)]
}

extension SimulatedMachines.State {
    fileprivate mutating func begin(
        _ work: Work, _ one: SimulatedMachines.Waiting
    ) -> SimulatedMachines.Ends {
        if cancelled.remove(work.id) != nil { return [(one.end, SimulatedMachines.abandoned)] }
        waiting[work.id] = one
        fleet.carryOut(work)
        return takeEnds()
    }

    fileprivate mutating func takeEnds() -> SimulatedMachines.Ends {
        fleet.takeEnded().compactMap { ended in
            waiting.removeValue(forKey: ended.command).map { ($0.end, ended.outcome) }
        }
    }

    /// How far the copies are that somebody waits for.
    fileprivate func steps() -> [(@Sendable (CopyProgress) -> Void, CopyProgress)] {
        waiting.compactMap { id, one in
            guard let group = one.group, let copy = fleet.nodes[one.node]?.copies[group],
                copy.command == id
            else { return nil }
            return (
                one.progress,
                CopyProgress(group: group, bytes: copy.bytes, bytesTotal: copy.bytesTotal)
            )
        }
    }
}
