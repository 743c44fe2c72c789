import MusterCore
import MusterManager
import MusterTesting
import Testing

/// Managers in worlds of chance: whatever the order of things, the journal stays one chain per
/// cluster, no input is decided twice or skipped, and everything is caught up with once faults end.
@Suite struct JournalScheduleTests {
    private static let seeds: UInt64 = 300

    @Test(arguments: [2, 3])
    func `any schedule of managers that all think they own everything keeps the protocol`(
        managers: Int
    ) async throws {
        for seed in 1...Self.seeds {
            do {
                try await Self.run(seed: seed, managers: managers, steps: 250)
            } catch {
                Issue.record("\(managers) managers, seed \(seed): \(error)")
                return
            }
        }
    }

    private static func run(seed: UInt64, managers: Int, steps: Int) async throws {
        var world = try JournalWorld(seed: seed, managers: managers)
        for index in 0..<managers {
            try await world.begin(index)
            try world.tell(index, [.assigned([0, 1])])
        }
        for _ in 0..<steps { try await world.go() }
        let survivor = world.managers.indices.first { world.managers[$0] != nil }
        let isNew = world.chance(500)
        try await world.heal(keeping: isNew ? nil : survivor)
        try await world.examine(isNew ? 0 : survivor ?? 0)
    }
}
