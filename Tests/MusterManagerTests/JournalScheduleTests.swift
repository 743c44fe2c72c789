import Foundation
import MusterManager
import MusterTesting
import Testing

/// Managers in worlds of chance: whatever the order of things, the journal stays one chain per
/// cluster, no input is decided twice or skipped, and everything is caught up with once faults end.
@Suite struct JournalScheduleTests {
    private static let isLong = ProcessInfo.processInfo.environment["MUSTER_LONG"] == "1"
    private static let seeds: UInt64 = isLong ? 10_000 : 400

    @Test(arguments: [2, 3], [["a"], ["a", "b", "c"]])
    func `any schedule of managers that all think they own everything keeps the protocol`(
        managers: Int, clusters: [String]
    ) async throws {
        for seed in 1...Self.seeds {
            do {
                try await Self.run(seed: seed, managers, clusters)
            } catch {
                Issue.record("\(managers) managers, \(clusters), seed \(seed): \(error)")
                return
            }
        }
    }

    private static func run(
        seed: UInt64, _ managers: Int, _ clusters: [String]
    ) async throws {
        var world = try JournalWorld(seed: seed, managers: managers, clusters: clusters)
        world.drawCharacter()
        for index in 0..<managers {
            try await world.begin(index)
            try world.tell(index, [.assigned([0, 1])])
        }
        for _ in 0..<200 { try await world.go() }
        let survivor = world.managers.indices.first { world.managers[$0] != nil }
        let isNew = world.chance(500)
        try await world.heal(keeping: isNew ? nil : survivor)
        try await world.examine(isNew ? 0 : survivor ?? 0)
    }
}
