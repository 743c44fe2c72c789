import MusterCore
import MusterLog
import MusterTesting
import Testing

/// The log that makes faults makes the same ones for the same seed, and only those that are
/// allowed.
@Suite(.timeLimit(.minutes(1)))
struct FaultyLogTests {
    /// What a run of appends one after another came to.
    private struct Outcome: Equatable {
        var answers: [Bool] = []
        var lost = 0
        var failed = 0
        var late = 0
        var doubled = 0
        var values: [String] = []
    }

    private func run(_ faults: Faults, seed: UInt64) async throws -> Outcome {
        let store = MemoryStore { Timestamp(milliseconds: 1) }
        let log = FaultyLog(MemoryLog(store), faults: faults, seed: seed)
        try await log.createTopics(TopicSettings.standard(partitions: 1))
        var outcome = Outcome()
        for number in 0..<300 {
            do throws(LogError) {
                _ = try await log.append(record("\(number)"))
                outcome.answers.append(true)
            } catch {
                #expect(error.isTransient)
                outcome.answers.append(false)
            }
        }
        await log.settle()
        for happening in log.history {
            switch happening {
            case .failed: outcome.failed += 1
            case .answerLost: outcome.lost += 1
            case .landedLate: outcome.late += 1
            case .doubled: outcome.doubled += 1
            case .promisedLate, .delayed: break
            }
        }
        log.set(.none)
        let count = Int(try await log.range(of: journal).upperBound.value)
        outcome.values = try await log.read(count, of: journal).compactMap(text)
        await log.close()
        return outcome
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `every kind of fault happens, and what lands is accounted for`(seed: UInt64) async throws {
        let outcome = try await run(.many, seed: seed)
        #expect(outcome.failed > 0 && outcome.lost > 0 && outcome.late > 0 && outcome.doubled > 0)
        #expect(outcome.values.count == 300 - outcome.failed + outcome.doubled)
        let acknowledged = outcome.answers.indices.filter { outcome.answers[$0] }.map { "\($0)" }
        #expect(Set(acknowledged).isSubset(of: Set(outcome.values)))
        #expect(
            outcome.answers.filter { !$0 }.count == outcome.failed + outcome.lost + outcome.late)
    }

    @Test func `the same seed fails the same appends, another fails others`() async throws {
        let (one, same) = (try await run(.many, seed: 5), try await run(.many, seed: 5))
        #expect(one.answers == same.answers)
        #expect(one.answers != (try await run(.many, seed: 6)).answers)
    }

    @Test func `a late record lands behind what was appended after it`() async throws {
        var faults = Faults()
        faults.lateLanding = 1000
        faults.delayMax = .seconds(600)
        let store = MemoryStore { Timestamp(milliseconds: 1) }
        let log = FaultyLog(MemoryLog(store), faults: faults, seed: 1)
        try await log.createTopics(TopicSettings.standard(partitions: 1))
        await #expect(throws: LogError.self) { _ = try await log.append(record("late")) }
        let prompt = MemoryLog(store)
        _ = try await prompt.append(record("prompt"))
        await log.settle()
        #expect(try await prompt.read(2, of: journal).map(text) == ["prompt", "late"])
        await log.close()
    }
}
