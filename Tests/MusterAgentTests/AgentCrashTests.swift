import MusterAgent
import MusterCore
import MusterWire
import Testing

/// The agent is killed at every point of a command's way, before and behind each effect, and
/// started again on the same disk.
@Suite struct AgentCrashTests {
    /// What is known of a world in which the agent was killed once.
    struct Verdict {
        var world: AgentWorld
        var command: CommandRecord
    }

    /// - Parameters:
    ///   - steps: how many effects are performed and answered before the crash.
    ///   - unanswered: whether one more is performed, whose answer nobody hears.
    private func crash(
        after steps: Int, unanswered: Bool, _ outcome: CommandOutcome,
        _ action: Command.Action = .removeMember
    ) -> Verdict {
        var world = AgentWorld()
        world.begin()
        world.outcome = outcome
        let command = world.command(7, action)
        world.give(.command(command))
        world.settle(steps: steps)
        if unanswered { world.performUnanswered() }
        world.restart()
        world.begin()
        // The log has the command still, and gives it again.
        world.give(.command(command))
        world.settle()
        world.wait(.seconds(30))
        return Verdict(world: world, command: command)
    }

    private static let points = (0..<12).flatMap { [($0, false), ($0, true)] }

    @Test(arguments: points)
    func `it is carried out at most once, and nothing false is said of it`(
        _ steps: Int, _ unanswered: Bool
    ) {
        for outcome in [
            CommandOutcome.succeeded(detail: ""), .failed(.failed, retryable: true, ""),
            .unknown(detail: ""),
        ] {
            let verdict = crash(after: steps, unanswered: unanswered, outcome)
            let (world, id) = (verdict.world, verdict.command.id)
            #expect(world.carried.count <= 1)
            let reports = world.reports(id)
            let began = world.disk.contains {
                if case .began(id, _, _, _) = $0 { true } else { false }
            }
            #expect(began || world.carried.isEmpty, "carried out before it was durable")
            #expect(began == !reports.isEmpty, "begun and not answered, or the other way round")
            for report in reports {
                switch report {
                case .commandSucceeded(let it):
                    #expect(outcome == .succeeded(detail: "") && world.carried.count == 1)
                    #expect(it.executor == verdict.command.command.executor)
                case .commandFailed(let it, _):
                    #expect(outcome != .succeeded(detail: "") && outcome != .unknown(detail: ""))
                    #expect(it.executor == verdict.command.command.executor)
                case .commandOutcomeUnknown(let it):
                    #expect(it.executor == verdict.command.command.executor)
                default: break
                }
            }
        }
    }

    @Test func `begun and not ended is unknown, and not carried out again`() {
        // Every point from the durable beginning on, before the end is durable.
        let verdict = crash(after: 1, unanswered: true, .succeeded(detail: ""))
        #expect(verdict.world.carried.count == 1)
        guard case .commandOutcomeUnknown? = verdict.world.reports(verdict.command.id).first else {
            return #expect(Bool(false), "\(verdict.world.facts)")
        }
    }

    @Test func `an end that was durable and not said is said by the next start, as it was`() {
        let verdict = crash(
            after: 2, unanswered: true,
            .failed(.notLeader, retryable: true, hint: NodeID(unchecked: "n2"), "x"))
        let failure = verdict.world.failure(verdict.command.id)
        #expect(failure?.code == .notLeader)
        #expect(failure?.leaderHint == NodeID(unchecked: "n2"))
    }

    @Test func `the enumeration reaches the end of the command's way`() {
        let (steps, _) = Self.points.last ?? (0, false)
        let verdict = crash(after: steps, unanswered: false, .succeeded(detail: ""))
        #expect(verdict.world.disk.contains(.reported(verdict.command.id)))
        let first = crash(after: 0, unanswered: false, .succeeded(detail: ""))
        #expect(first.world.disk.isEmpty && first.world.carried.isEmpty)
    }

    @Test(arguments: points)
    func `a node that is prepared and killed is never up with the old store and success`(
        _ steps: Int, _ unanswered: Bool
    ) {
        let verdict = crash(
            after: steps, unanswered: unanswered, .succeeded(detail: ""), .prepareNode)
        #expect(verdict.world.carried.count <= 1)
        for case .commandSucceeded(let report) in verdict.world.reports(verdict.command.id) {
            #expect(report.executor.store == AgentWorld.store)
        }
    }
}
