import MusterCore
import MusterSimulation
import Testing

/// Every saga with everything that may go wrong, at every place where it may: not sampled, counted.
/// The undisturbed run says how many decisions and commands there are; then it is run once more for
/// each of them.
@Suite struct DisturbanceTests {
    /// How long a disturbed run may take until it is where the undisturbed one ends.
    private static let limit: Duration = .seconds(60)

    @Test(arguments: SagaStory.all, Disturbance.Kind.allCases)
    func `a saga ends where it ends undisturbed, whatever goes wrong once`(
        story: SagaStory, kind: Disturbance.Kind
    ) throws {
        let start = try #require(story.prepared())
        let plain = FleetRun(copying: start, disturbed: nil)
        story.begin(plain)
        #expect(plain.run(Self.limit) { isOver($0, since: start) })
        plain.run(.seconds(1))
        let count = kind.isAfterDecision ? plain.mischief.decisions : plain.mischief.commands
        #expect(count > 0 && plain.violations == [])
        let closed = kind == .groupCloses ? FleetRun.groups[1] : nil
        let ending = Ending(plain, without: closed)
        var failures: [String] = []
        for index in 0..<count {
            let disturbance = Disturbance(kind: kind, index: index)
            let run = FleetRun(copying: start, disturbed: disturbance)
            story.begin(run)
            let isThere = run.run(Self.limit) {
                $0.isCalmNow && Ending($0, without: closed) == ending
            }
            if !isThere && !isRolledBack(run, from: start) {
                failures.append("\(index): \(Ending(run, without: closed)) \(run.stand)")
            }
            failures += Set(run.violations).map { "\(index): \($0)" }
        }
        #expect(failures == [], "it should be \(ending)")
    }

    /// Whether a saga was there and is over.
    private func isOver(_ run: FleetRun, since start: FleetRun) -> Bool {
        run.isCalmNow
            && run.events.dropFirst(start.events.count).contains {
                switch $0 {
                case .nodeJoined, .nodeRemoved, .sagaEnded, .requestCompleted: true
                default: false
                }
            }
    }

    /// Whether everything is as it was before, nothing goes on but what is tried again later, and
    /// it is said why.
    private func isRolledBack(_ run: FleetRun, from start: FleetRun) -> Bool {
        let isAsBefore = Ending(run).members == Ending(start).members
        let isResting = run.state.sagas.values.allSatisfy { saga in
            guard case .stalled = saga.phase else { return false }
            return saga.steps.values.allSatisfy { $0.outstanding == nil }
        }
        return isAsBefore && isResting
            && run.events.dropFirst(start.events.count).contains {
                switch $0 {
                case .sagaStalled, .sagaEnded(_, .some), .requestRejected,
                    .requestCompleted(_, .some):
                    true
                default: false
                }
            }
    }
}

extension FleetRun {
    /// What is under way, in short.
    fileprivate var stand: String {
        state.sagas.values.map { saga in
            let steps = saga.steps.map { "\($0.key):\($0.value.name) \($0.value.phase)" }
            return "\(saga.kind) \(saga.node): \(steps.joined(separator: ", "))"
        }.joined(separator: "; ")
    }

    /// Whether nothing is under way in any group.
    var isCalmNow: Bool {
        state.sagas.isEmpty && fleet.groups.allSatisfy { $0.value.pending == nil }
            && mischief.laterCommands.isEmpty && mischief.laterFacts.isEmpty
    }
}
