import MusterCore
import MusterSimulation
import MusterWire
import Testing

/// A saga from the moment before it begins, on a fleet that is calm: one line for each that there
/// is, and every disturbance is tried on it.
struct SagaStory: Sendable, CustomTestStringConvertible {
    let name: String
    let engine: Capabilities
    /// How many nodes vote before it begins.
    let voters: Int
    /// Whether n4 is a learner beside them.
    var hasReplica = false
    /// What has happened before, once those nodes vote; the fleet comes to rest after it.
    var prelude: @Sendable (FleetRun) -> Void = { _ in }
    /// What begins it.
    let begin: @Sendable (FleetRun) -> Void

    var testDescription: String { name }

    static let all: [SagaStory] = [
        SagaStory(name: "join by copy", engine: engines[0], voters: 3, begin: join),
        SagaStory(name: "join by Raft's snapshot", engine: engines[1], voters: 3, begin: join),
        SagaStory(name: "join that starts after add", engine: engines[2], voters: 3, begin: join),
        SagaStory(name: "remove by request", engine: engines[1], voters: 4) {
            $0.ask(.remove(node: FleetRun.names[3]))
        },
        SagaStory(name: "remove a leader", engine: engines[1], voters: 4) { run in
            let leader = run.fleet.groups[FleetRun.groups[0]]?.leader
            run.ask(.remove(node: leader ?? FleetRun.names[0]))
        },
        SagaStory(name: "remove for silence", engine: engines[2], voters: 4) {
            $0.fleet.stop(FleetRun.names[3], announced: false)
        },
        SagaStory(name: "leave", engine: engines[1], voters: 4) { run in
            guard let known = run.fleet.nodes[FleetRun.names[3]] else { return }
            run.hear(.fact(.nodeLeaving(known.identity, reason: "retired")))
        },
        SagaStory(name: "promote", engine: engines[1], voters: 3, hasReplica: true) {
            $0.ask(.promote(node: FleetRun.names[3]))
        },
        SagaStory(
            name: "demote", engine: Capabilities(learnersMax: 2, demote: true), voters: 4
        ) {
            $0.ask(.demote(node: FleetRun.names[3]))
        },
        SagaStory(name: "transfer", engine: engines[1], voters: 3) {
            $0.ask(.transfer(group: FleetRun.groups[0], to: FleetRun.names[1]))
        },
        SagaStory(name: "replace", engine: engines[1], voters: 3, hasReplica: true) {
            $0.ask(.replace(node: FleetRun.names[2], with: FleetRun.names[3]))
        },
        SagaStory(
            name: "replace where adding needs all voters",
            engine: Capabilities(learnersMax: 2, addNeedsAllVoters: true), voters: 3,
            hasReplica: true
        ) {
            $0.ask(.replace(node: FleetRun.names[2], with: FleetRun.names[3]))
        },
        SagaStory(name: "replace for silence", engine: engines[1], voters: 3, hasReplica: true) {
            $0.fleet.stop(FleetRun.names[2], announced: false)
        },
        SagaStory(name: "replace in place", engine: engines[0], voters: 4) { run in
            run.fleet.stop(FleetRun.names[3], announced: true)
            run.fleet.wipe(FleetRun.names[3])
            run.fleet.start(FleetRun.names[3])
        },
        SagaStory(
            name: "join on a disk to be cleared", engine: engines[0], voters: 4,
            prelude: { $0.ask(.remove(node: FleetRun.names[3])) }
        ) { run in
            let node = FleetRun.names[3]
            let store = run.fleet.nodes[node]?.identity.store
            run.ask(.add(node: node, role: .voter, groups: .all, wipe: store))
        },
        SagaStory(name: "join as a replica", engine: engines[0], voters: 3) { run in
            run.fleet.add(FleetRun.names[3], role: .replica)
            run.fleet.start(FleetRun.names[3])
        },
    ]

    private static let engines = FleetAndCoreTests.engines

    private static let join: @Sendable (FleetRun) -> Void = { $0.fleet.start(FleetRun.names[3]) }

    /// The fleet before the saga; nil when it does not come to rest.
    func prepared() -> FleetRun? {
        let run = FleetRun(engine)
        guard run.form(voters) else { return nil }
        if hasReplica {
            let name = FleetRun.names[3]
            run.fleet.add(name, role: .replica)
            run.fleet.start(name)
            let isThere = run.run(.seconds(30)) {
                $0.state.sagas.isEmpty && $0.state.groups(of: name) == FleetRun.groups
            }
            guard isThere else { return nil }
        }
        prelude(run)
        run.run(.seconds(5))
        return run.isCalm ? run : nil
    }
}

/// What is left when a run has ended.
struct Ending: Equatable, CustomStringConvertible {
    /// By group, what the groups themselves have.
    var members: SortedMap<GroupID, [String]>
    /// Who is out, and why.
    var tombstones: [String]
    var requests: [String]

    init(_ run: FleetRun, without group: GroupID? = nil) {
        members = SortedMap()
        for (name, model) in run.fleet.groups
        where name != group && name != FleetRun.newcomer {
            members[name] = model.latest.map { "\($0.key) \($0.value.role.rawValue)" }
        }
        tombstones = run.state.tombstones.values
            .map { "\($0.node) \($0.reason.rawValue)\($0.stopped ? " stopped" : "")" }.sorted()
        requests = run.state.requests.map { record in
            switch record.outcome {
            case .accepted: "\(record.id) accepted"
            case .rejected(let refusal): "\(record.id) \(refusal.sentence)"
            case .completed: "\(record.id) completed"
            case .failed(let refusal): "\(record.id) \(refusal.sentence)"
            }
        }
    }

    var description: String {
        members.map { "\($0.key): \($0.value.joined(separator: ", "))" }.joined(separator: "; ")
            + " | " + tombstones.joined(separator: ", ") + " | "
            + requests.joined(separator: ", ")
    }
}
