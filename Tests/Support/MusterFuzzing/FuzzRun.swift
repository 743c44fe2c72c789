import Dispatch
import Foundation
import MusterTesting
import Synchronization

/// Runs targets over many inputs, on several threads, and stops at what is wrong.
///
/// An input follows from the run's seed, its target and its number and nothing else, so it is the
/// same whatever the number of threads.
package struct FuzzRun: Sendable {
    /// What came of one target.
    package struct Report: Sendable {
        package let target: FuzzTarget
        package var tally = FuzzTarget.Tally()
        package var seconds = 0.0
        package var memoryMax = 0
        /// Each with the input and how it is run alone.
        package var failures: [String] = []
    }

    package var seed: UInt64 = 1
    package var jobs = 2
    /// No input may take longer.
    package var secondsMax = 20
    /// The process may not need more memory, in bytes.
    package var memoryMax = 768 << 20
    private let corpus: FuzzCorpus

    package init(_ corpus: FuzzCorpus) {
        self.corpus = corpus
        FuzzWatch.begin()
    }

    /// The bytes of an input.
    package func input(_ number: UInt64, of target: FuzzTarget) throws -> [UInt8] {
        let body = try target.make(corpus)
        var dice = Self.dice(seed, number)
        return body.draw(&dice)
    }

    private static func dice(_ seed: UInt64, _ number: UInt64) -> SeededGenerator {
        var first = SeededGenerator(seed: seed)
        return SeededGenerator(seed: first.next() ^ number &* 0xD6E8_FEB8_6659_FD93)
    }

    /// Runs one given input.
    package func run(_ bytes: [UInt8], of target: FuzzTarget) -> Report {
        run(target) { lane in
            var left: [(UInt64, [UInt8]?)] = lane == 0 ? [(UInt64(0), bytes)] : []
            return { left.popLast() }
        }
    }

    /// Runs so many inputs, counted as records where an input holds several.
    package func run(_ inputs: Int, of target: FuzzTarget) -> Report {
        let jobs = UInt64(jobs)
        let end = UInt64((inputs + target.size - 1) / target.size)
        return run(target) { lane in
            var number = UInt64(lane)
            return {
                guard number < end else { return nil }
                defer { number += jobs }
                return (number, nil)
            }
        }
    }

    private final class Shared: Sendable {
        let report: Mutex<Report>
        init(_ target: FuzzTarget) { report = Mutex(Report(target: target)) }
    }

    private typealias Source = () -> (UInt64, [UInt8]?)?

    private func run(
        _ target: FuzzTarget, _ source: @escaping @Sendable (Int) -> Source
    ) -> Report {
        let shared = Shared(target)
        let begin = DispatchTime.now()
        let group = DispatchGroup()
        for lane in 0..<jobs {
            group.enter()
            let thread = Thread {
                self.work(lane, target, shared, source(lane))
                group.leave()
            }
            // As little as any thread of the programs has.
            thread.stackSize = 512 << 10
            thread.start()
        }
        watch(group)
        return shared.report.withLock { report in
            report.seconds =
                Double(DispatchTime.now().uptimeNanoseconds - begin.uptimeNanoseconds) / 1e9
            report.memoryMax = Self.memoryUsed
            if report.memoryMax > memoryMax {
                report.failures.append("\(report.memoryMax >> 20) MiB of memory were needed")
            }
            return report
        }
    }

    private func work(
        _ lane: Int, _ target: FuzzTarget, _ shared: Shared, _ source: Source
    ) {
        let name = strdup(target.name)
        // Only this thread writes its slot.
        let slot = FuzzWatch.slots + lane
        slot.pointee = FuzzWatch.Slot(
            thread: pthread_self(), isUsed: true, target: name.map { UnsafePointer($0) },
            seed: seed)
        defer { slot.pointee.isUsed = false }
        do {
            let body = try target.make(corpus)
            while let (number, given) = source() {
                var dice = Self.dice(seed, number)
                let bytes = given ?? body.draw(&dice)
                slot.pointee.index = number
                let tally = try bytes.withUnsafeBufferPointer { buffer in
                    slot.pointee.bytes = buffer.baseAddress
                    slot.pointee.count = buffer.count
                    return Result { try body.run(bytes) }
                }.mapError { failure(number, bytes, target, $0) }.get()
                shared.report.withLock { $0.tally += tally }
            }
        } catch {
            shared.report.withLock { $0.failures.append("\(error)") }
        }
    }

    private func failure(
        _ number: UInt64, _ bytes: [UInt8], _ target: FuzzTarget, _ error: any Error
    ) -> FuzzFailure {
        FuzzFailure(
            """
            \(target.name), input \(number): \(error)
            again: muster-fuzz --target \(target.name) --seed \(seed) --only \(number)
            input, escaped:
            \(Array(bytes.prefix(100_000)).escaped)
            """)
    }

    /// The most memory that the process had, in bytes, as the system counts it.
    private static var memoryUsed: Int {
        let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) << 10
    }

    /// Waits for the threads, and ends the process when one stands still.
    private func watch(_ group: DispatchGroup) {
        var seen = [UInt64](repeating: .max, count: jobs)
        var since = [DispatchTime](repeating: .now(), count: jobs)
        while group.wait(timeout: .now() + .milliseconds(100)) == .timedOut {
            for lane in 0..<jobs {
                let slot = FuzzWatch.slots[lane]
                if !slot.isUsed || slot.index != seen[lane] {
                    seen[lane] = slot.index
                    since[lane] = .now()
                } else if DispatchTime.now() > since[lane] + .seconds(secondsMax) {
                    // Its own handler says at which input it is.
                    pthread_kill(slot.thread, SIGABRT)
                }
            }
        }
    }
}
