import Foundation
import MusterCore
import MusterLog
import MusterManager
import MusterRuntime
import MusterSimulation
import Synchronization
import Testing

@Suite struct DevStoryTests {
    @Test(.timeLimit(.minutes(2)))
    func `the story ends with three members, one removed, and every chapter told`() async throws {
        let clock: @Sendable () -> Timestamp = {
            Timestamp(milliseconds: SystemClock.wallMilliseconds())
        }
        let store = MemoryStore(clock: clock)
        let log = MemoryLog(store)
        try await JournalFounder(log: log, partitions: 1).found()
        var options = ManagerOptions()
        options.allowsShortRemovalDelay = true
        let manager = Manager(
            log: MemoryLog(store), options: options, logger: Logger(level: .warning))
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "muster-story-\(UUID().uuidString)")
        defer {
            // Whatever is left lies where temporary things lie.
            try? FileManager.default.removeItem(at: folder)
        }
        let fleet = FleetService(
            log: log, fleet: DevStory.fleet(), folder: folder.path(),
            logger: Logger(level: .error))
        let lines = Mutex<[StoryLine]>([])
        let begin = clock()
        let story = DevStory(log: log, fleet: fleet, partitions: 1) { line in
            lines.withLock { $0.append(line) }
        }
        await #expect(throws: Never.self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask { try await manager.run() }
                group.addTask { try await fleet.run() }
                try await story.run()
            }
        }
        let told = lines.withLock { $0 }
        let text = told.map { "\(($0.at - begin).milliseconds) \($0.subject): \($0.text)" }
        for sentence in [
            "n4: has joined", "n4: is removed (silence)", "its removal is cancelled (heard)",
            "its removal is held back", "request: refused",
        ] {
            #expect(text.contains { $0.contains(sentence) }, "\(text.joined(separator: "\n"))")
        }
    }
}
