internal import MusterCore
internal import MusterWire

/// What a schedule has reached.
package struct WorldCoverage: Sendable {
    /// By the kind of fault, how often it was made.
    package var faults: [String: Int] = [:]
    /// By the name of an event, how often it was decided.
    package var events: [String: Int] = [:]
    /// By "fault × event", how often the event was decided while the fault was on.
    package var pairs: [String: Int] = [:]
    /// By the action, how often a command was carried out.
    package var commands: [String: Int] = [:]
    /// By the code, how often an event said that something is not done, and why.
    package var refusals: [String: Int] = [:]
    /// By what an event tells of the branch of `decide` that it came from; see `Event.branch`.
    package var branches: [String: Int] = [:]
    /// By where a refusal is said and its code: "stepBlocked floor".
    package var said: [String: Int] = [:]
    /// How often a log that begins later than a member's end was brought to it as a snapshot.
    package var snapshots = 0
    /// Why a person was needed in the end, and how often.
    package var persons: [String: Int] = [:]
    package var appendFaults = 0
    package var refusedByExecutor = 0
    package var refusedByEngine = 0
    /// By "fault × situation", how often the fault was made in the situation.
    package var met: [String: Int] = [:]
    var active: [WorldFault.Kind] = []

    package init() {}

    mutating func note(_ decided: [Event], dueTo faults: [WorldFault.Kind]) {
        for event in decided {
            let name = "\(event.typeName)"
            events[name, default: 0] += 1
            branches[event.branch, default: 0] += 1
            if let code = event.refusal?.code.rawValue {
                refusals[code, default: 0] += 1
                said["\(name) \(code)", default: 0] += 1
            }
            for fault in Set(faults) { pairs["\(fault.rawValue) × \(name)", default: 0] += 1 }
        }
    }

    mutating func meet(_ fault: WorldFault.Kind, _ situations: [WorldSituation]) {
        for situation in situations {
            met["\(fault.rawValue) × \(situation.rawValue)", default: 0] += 1
        }
    }

    /// How often a fault of that kind was made in that situation.
    package func count(_ fault: WorldFault.Kind, _ situation: WorldSituation) -> Int {
        met["\(fault.rawValue) × \(situation.rawValue)"] ?? 0
    }

    /// Adds what another schedule has reached.
    package mutating func add(_ other: WorldCoverage) {
        faults.merge(other.faults, uniquingKeysWith: +)
        events.merge(other.events, uniquingKeysWith: +)
        pairs.merge(other.pairs, uniquingKeysWith: +)
        met.merge(other.met, uniquingKeysWith: +)
        commands.merge(other.commands, uniquingKeysWith: +)
        refusals.merge(other.refusals, uniquingKeysWith: +)
        branches.merge(other.branches, uniquingKeysWith: +)
        said.merge(other.said, uniquingKeysWith: +)
        snapshots += other.snapshots
        persons.merge(other.persons, uniquingKeysWith: +)
        appendFaults += other.appendFaults
        refusedByExecutor += other.refusedByExecutor
        refusedByEngine += other.refusedByEngine
    }
}
