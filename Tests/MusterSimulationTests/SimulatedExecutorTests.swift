import MusterAgent
import MusterCore
import MusterSimulation
import Synchronization
import Testing

/// The executor on the simulated group, as an agent uses it: one group that the first of three
/// nodes has founded.
@Suite(.timeLimit(.minutes(1))) struct SimulatedExecutorTests {
    private let machines: SimulatedMachines
    private let group = GroupID(unchecked: "g")
    private let identities = (1...3).map { number in
        NodeIdentity(
            node: NodeID(unchecked: "n\(number)"), store: Identifier(high: 7, low: UInt64(number)),
            start: Start(1))
    }

    init() {
        var fleet = Fleet(
            cluster: ClusterID(unchecked: "c"), now: Timestamp(milliseconds: 1000), seed: 7,
            settings: Fleet.Settings(), speaks: false)
        for identity in identities {
            fleet.add(identity.node)
            fleet.boot(identity)
        }
        fleet.found(
            group, on: identities[0].node, capabilities: Capabilities(seed: .external),
            commit: 100, bytes: 1_000_000)
        machines = SimulatedMachines(fleet)
        pass(.milliseconds(500))
    }

    // MARK: Means

    private func pass(_ duration: Duration) {
        machines.advance(to: machines.with { $0.now } + duration)
    }

    private func executor(_ place: Int) -> SimulatedExecutor {
        let identity = identities[place]
        return SimulatedExecutor(machines) { identity }
    }

    private var model: SimulatedGroup? { machines.with { [group] in $0.groups[group] } }

    private func roles() -> [MemberRole?] {
        identities.map { model?.members[$0.node]?.role }
    }

    private func work(
        _ action: Command.Action, of subject: Int, by place: Int, number: UInt64,
        change: (inout Command.Require) -> Void = { _ in }
    ) -> Work {
        var require: Command.Require?
        if subject != place || action == .demoteMember, let model {
            require = Command.Require(
                leader: identities[place].node, term: Term(model.term), version: model.version,
                activeAfterMin: 1)
        }
        if var wanted = require {
            change(&wanted)
            require = wanted
        }
        let command = Command(
            action: action, group: group, node: identities[subject].node,
            store: identities[subject].store, executor: identities[place], require: require,
            notAfter: Timestamp(milliseconds: 1_000_000), attempt: 1)
        return Work(
            cluster: ClusterID(unchecked: "c"),
            id: CommandID(sequence: Sequence(number), index: 0, prefix: number), command: command,
            address: nil)
    }

    /// Carries it out while time passes.
    private func carryOut(
        _ work: Work, by place: Int,
        progress: @escaping @Sendable (CopyProgress) -> Void = { _ in }
    ) async -> CommandOutcome {
        let executor = executor(place)
        return await withTaskGroup(of: CommandOutcome?.self) { tasks in
            tasks.addTask { await executor.carryOut(work, progress: progress) }
            tasks.addTask {
                while !Task.isCancelled {
                    machines.advance(to: machines.with { $0.now } + .milliseconds(10))
                    await Task.yield()
                }
                return nil
            }
            defer { tasks.cancelAll() }
            return await tasks.next().flatMap { $0 } ?? .unknown(detail: "nobody said")
        }
    }

    private func isSuccess(_ outcome: CommandOutcome) -> Bool {
        if case .succeeded = outcome { true } else { false }
    }

    private func code(_ outcome: CommandOutcome) -> CommandFailure.Code? {
        if case .failed(let failure, _) = outcome { failure.code } else { nil }
    }

    /// Copies, starts and adds the node as a learner.
    private func bringIn(_ place: Int, number: UInt64) async -> [CommandOutcome] {
        let source = identities[0].node
        let works: [(Work, Int)] = [
            (
                work(
                    .syncGroup(source: source, scope: .full), of: place, by: place, number: number),
                place
            ),
            (
                work(
                    .startMember(index: nil, minTerm: nil, votedFor: nil), of: place, by: place,
                    number: number + 1), place
            ),
            (work(.addMember(as: .learner), of: place, by: 0, number: number + 2), 0),
        ]
        var outcomes: [CommandOutcome] = []
        for (work, executor) in works { outcomes.append(await carryOut(work, by: executor)) }
        return outcomes
    }

    // MARK: Tests

    @Test func `it sees its own node, and nothing of one whose process does not answer`()
        async throws
    {
        let first = try await executor(0).observe()
        #expect(!first.blank && first.list.map(\.group) == [group])
        #expect(first.groups.first?.state == .leader)
        #expect(first.groups.first?.view?.confirmed == true)
        let second = try await executor(1).observe()
        #expect(second.blank && second.groups.isEmpty && second.list.map(\.group) == [group])
        machines.with { [identities] in $0.stop(identities[1].node, announced: false) }
        await #expect(throws: ExecutorProblem.unavailable("the process of n2 does not answer")) {
            try await executor(1).observe()
        }
        let outcome = await carryOut(
            work(.startMember(index: nil, minTerm: nil, votedFor: nil), of: 1, by: 1, number: 1),
            by: 1)
        #expect(code(outcome) == .failed)
    }

    @Test func `each kind of command has its effect on the group`() async throws {
        let copied = Mutex<[UInt64]>([])
        let sync = work(
            .syncGroup(source: identities[0].node, scope: .full), of: 1, by: 1, number: 1)
        let outcome = await carryOut(sync, by: 1) { step in
            copied.withLock { $0.append(step.bytes) }
        }
        guard case .succeeded(_, let index?) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(index.value >= 100)
        let steps = copied.withLock { $0 }
        #expect(steps.count > 1 && steps == steps.sorted() && steps.allSatisfy { $0 <= 1_000_000 })
        #expect(await bringIn(1, number: 10).allSatisfy(isSuccess))
        #expect(roles() == [.voter, .learner, nil])
        pass(.milliseconds(200))
        let leader = identities[0].node
        let rest: [(Command.Action, Int, [MemberRole?])] = [
            (.promoteMember, 0, [.voter, .voter, nil]),
            (.demoteMember, 0, [.voter, .learner, nil]),
            (.promoteMember, 0, [.voter, .voter, nil]),
        ]
        for (number, (action, place, wanted)) in rest.enumerated() {
            let done = await carryOut(
                work(action, of: 1, by: place, number: 20 + UInt64(number)), by: place)
            #expect(isSuccess(done), "\(action): \(done)")
            #expect(roles() == wanted)
            pass(.milliseconds(200))
        }
        #expect(model?.leader == leader)
        let moved = await carryOut(
            work(.transferLeadership(to: identities[1].node), of: 1, by: 0, number: 30), by: 0)
        #expect(isSuccess(moved) && model?.leader == identities[1].node)
        pass(.milliseconds(200))
        let removed = await carryOut(work(.removeMember, of: 0, by: 1, number: 31), by: 1)
        #expect(isSuccess(removed) && roles() == [nil, .voter, nil], "\(removed)")
        let stopped = await carryOut(work(.stopMember, of: 0, by: 0, number: 32), by: 0)
        #expect(isSuccess(stopped))
        let wiped = await carryOut(work(.prepareNode, of: 0, by: 0, number: 33), by: 0)
        #expect(isSuccess(wiped))
        #expect(try await executor(0).observe().blank)
    }

    @Test func `a copy ends where another takes its place, and a look is answered`() async {
        let source = identities[0].node
        let copies = (1...2).map { number in
            work(
                .syncGroup(source: source, scope: .full), of: 1, by: 1, number: UInt64(number))
        }
        let executor = executor(1)
        let first = Task { await executor.carryOut(copies[0]) { _ in } }
        while machines.with({ [identities] in $0.nodes[identities[1].node]?.copies.isEmpty ?? true }
        ),
            !Task.isCancelled
        {
            await Task.yield()
        }
        #expect(isSuccess(await carryOut(copies[1], by: 1)))
        #expect(code(await first.value) == .failed)
        #expect(isSuccess(await carryOut(work(.observeGroup, of: 1, by: 1, number: 3), by: 1)))
    }

    @Test func `a change is refused with what is seen instead of what it requires`() async {
        #expect(await bringIn(1, number: 1).allSatisfy(isSuccess))
        pass(.milliseconds(200))
        let old = work(.promoteMember, of: 1, by: 0, number: 10) { $0.version.index = LogIndex(1) }
        let outcome = await carryOut(old, by: 0)
        #expect(code(outcome) == .preconditionFailed)
        #expect(outcome.detail.contains("required is"), "\(outcome.detail)")
        let many = work(.promoteMember, of: 1, by: 0, number: 11) { $0.activeAfterMin = 3 }
        #expect(code(await carryOut(many, by: 0)) == .preconditionFailed)
        let other = work(.addMember(as: .learner), of: 2, by: 1, number: 12)
        #expect(code(await carryOut(other, by: 1)) == .notLeader)
        #expect(roles() == [.voter, .learner, nil])
    }

    @Test func `of what is given up nobody knows what will come of it`() async {
        #expect(await bringIn(1, number: 1).allSatisfy(isSuccess))
        let executor = executor(0)
        let promotion = work(.promoteMember, of: 1, by: 0, number: 10)
        let task = Task { await executor.carryOut(promotion) { _ in } }
        while machines.with({ [group] in $0.groups[group]?.pending == nil }), !Task.isCancelled {
            await Task.yield()
        }
        task.cancel()
        let outcome = await task.value
        guard case .unknown = outcome else {
            Issue.record("\(outcome)")
            return
        }
        pass(.milliseconds(500))
        #expect(roles() == [.voter, .voter, nil])
    }
}
