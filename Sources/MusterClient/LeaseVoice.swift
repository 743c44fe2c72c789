internal import MusterAgent
internal import MusterCore
internal import MusterRuntime
internal import Synchronization

/// What stands where an agent has its executor: a service that says of itself what an agent would
/// look at, and carries no commands out.
final class LeaseVoice: Executor {
    /// What the agent of this lease is told.
    let mailbox = Mailbox<AgentInput>()
    private let seen: Mutex<NodeObservation>

    /// - Parameter groups: what the node's groups look like at first.
    init(_ groups: [GroupReport]) throws(ClientError) {
        seen = Mutex(try Self.observation(groups))
    }

    /// Lets the node be announced, before anything else is said.
    ///
    /// - Parameter holdsData: whether its disk holds data already.
    func begin(holdsData: Bool) {
        let observation = seen.withLock { seen in
            if holdsData { seen.blank = false }
            return seen
        }
        mailbox.send(.observed(observation))
    }

    func say(_ fact: Fact) { mailbox.send(.said(fact)) }

    func report(_ groups: [GroupReport]) throws(ClientError) {
        var observation = try Self.observation(groups)
        // One after the other: what was reported last is what the agent is told last.
        seen.withLock { seen in
            observation.blank = observation.blank && seen.blank
            seen = observation
            mailbox.send(.observed(observation))
        }
    }

    func observe() async throws(ExecutorProblem) -> NodeObservation { seen.withLock { $0 } }

    func carryOut(
        _ work: Work, progress: @escaping @Sendable (CopyProgress) -> Void
    ) async -> CommandOutcome {
        .failed(
            .unsupported, retryable: false,
            "the service holds its lease itself, and carries no commands out")
    }

    private static func observation(
        _ groups: [GroupReport]
    ) throws(ClientError) -> NodeObservation {
        var reports: [MusterCore.GroupReport] = []
        for group in groups { reports.append(try group.core()) }
        reports.sort { $0.group < $1.group }
        for (left, right) in zip(reports, reports.dropFirst()) where left.group == right.group {
            throw .invalid("the group \(left.group) is named twice")
        }
        return NodeObservation(
            blank: groups.isEmpty,
            list: reports.map {
                NodeGroup(group: $0.group, capabilities: Capabilities(), applied: $0.applied)
            }, groups: reports)
    }
}
