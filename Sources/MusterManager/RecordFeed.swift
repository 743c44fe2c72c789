internal import MusterCore
internal import MusterLog
import Synchronization

/// A reader whose batches name the `read` that they belong to.
///
/// A `next` that is under way when a partition is assigned anew may still give batches of before,
/// and batches of before may wait in a mailbox. Taken for what lies behind the new position, they
/// would make its reader skip inputs. So a partition's position is set between two `next`s, by the
/// task that reads, and each batch carries the number of its `read`: whoever has asked again drops
/// it.
final class RecordFeed: Sendable {
    private let reader: any LogReader
    private let state = Mutex(State())

    private struct State {
        var last: UInt64 = 0
        var wishes: [TopicPartition: Wish] = [:]
        /// The partitions whose wish the reading task has not yet seen to.
        var open: [TopicPartition] = []
    }

    private struct Wish {
        var number: UInt64
        /// nil: not to be read.
        var from: Offset?
    }

    init(_ reader: any LogReader) { self.reader = reader }

    /// Reads the partition from there on; batches of before count no more.
    func read(_ partition: TopicPartition, from offset: Offset) {
        wish(partition, from: offset)
        // Wakes a `next` that waits; the position is set again once it has returned.
        reader.assign(partition, from: offset)
    }

    func stopReading(_ partition: TopicPartition) {
        wish(partition, from: nil)
        reader.unassign(partition)
    }

    private func wish(_ partition: TopicPartition, from offset: Offset?) {
        state.withLock { state in
            state.last += 1
            state.wishes[partition] = Wish(number: state.last, from: offset)
            if !state.open.contains(partition) { state.open.append(partition) }
        }
    }

    /// Whether that is the number of the partition's newest `read`.
    func isCurrent(_ number: UInt64, _ partition: TopicPartition) -> Bool {
        state.withLock {
            $0.wishes[partition].map { $0.number == number && $0.from != nil } ?? false
        }
    }

    /// What lies behind the positions, each batch with the number of its `read`. For one task at a
    /// time.
    ///
    /// - Throws: as `LogReader.next`; a partition that is out of range is not read until asked for
    ///   anew.
    func next(
        max: Int, waitingUpTo limit: Duration
    ) async throws(LogError) -> [(batch: RecordBatch, number: UInt64)] {
        settle()
        let batches: [RecordBatch]
        do throws(LogError) {
            batches = try await reader.next(max: max, waitingUpTo: limit)
        } catch {
            guard case .offsetOutOfRange(let position, _) = error,
                isOfOldWish(position.partition)
            else { throw error }
            return []
        }
        return state.withLock { state in
            batches.compactMap { batch in
                guard !state.open.contains(batch.partition),
                    let wish = state.wishes[batch.partition]
                else { return nil }
                return (batch, wish.number)
            }
        }
    }

    /// Whether the partition was asked for anew meanwhile; when not, it is not read until it is.
    private func isOfOldWish(_ partition: TopicPartition) -> Bool {
        state.withLock { state in
            if state.open.contains(partition) { return true }
            state.wishes[partition]?.from = nil
            state.open.append(partition)
            return false
        }
    }

    /// Sets the positions that were wished for, while no `next` is under way.
    private func settle() {
        let open = state.withLock { state in
            defer { state.open = [] }
            return state.open.map { ($0, state.wishes[$0]?.from) }
        }
        for (partition, from) in open {
            if let from { reader.assign(partition, from: from) } else { reader.unassign(partition) }
        }
    }

    func close() async { await reader.close() }
}
