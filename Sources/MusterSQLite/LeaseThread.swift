import Glibc
import MusterCore
import MusterLog
import MusterRuntime
import Synchronization

/// Shares the journal partitions among the members of a group, by rows that are leases.
///
/// Each member writes its row again three times in a lease, and drops rows that have run out; from
/// the rows left every member works out the same shares. A member that leaves deletes its row,
/// which the others see within a few milliseconds. All of it is advice, so its commits do not wait
/// for the disk.
final class LeaseThread: Sendable {
    private let file: LogFile
    private let lease: Duration
    private let state = Mutex(State())
    private let watch: Mutex<ChangeWatch?> = Mutex(nil)
    private let ended = Latch()

    private struct State {
        var members: [Member] = []
        var memberNext = 0
        var leaving: [Member] = []
        var isStarted = false
        var isClosing = false
    }

    private struct Member {
        let id: Int
        let group: String
        let name: String
        let stream: AsyncStream<Set<Int32>>.Continuation
        var last: Set<Int32>?
    }

    /// Between two looks, however often others commit.
    private static let pause = Duration.milliseconds(20)

    init(_ file: LogFile, lease: Duration) {
        self.file = file
        self.lease = lease
    }

    func join(group: String, name: String) -> AsyncStream<Set<Int32>> {
        let (stream, continuation) = AsyncStream.makeStream(of: Set<Int32>.self)
        let (id, isFirst): (Int?, Bool) = state.withLock { state in
            if state.isClosing { return (nil, false) }
            state.memberNext += 1
            state.members.append(
                Member(id: state.memberNext, group: group, name: name, stream: continuation))
            defer { state.isStarted = true }
            return (state.memberNext, !state.isStarted)
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.leave(id) }
        if isFirst { EngineThread.start { [self] in run() } }
        ring()
        return stream
    }

    /// Releases everything and returns when that is done.
    func close() async {
        let (isStarted, members) = state.withLock { state in
            defer { state.members = [] }
            state.isClosing = true
            state.leaving += state.members
            return (state.isStarted, state.members)
        }
        for member in members { member.stream.finish() }
        if !isStarted { return }
        ring()
        await ended.wait()
    }

    private func leave(_ id: Int) {
        state.withLock { state in
            guard let place = state.members.firstIndex(where: { $0.id == id }) else { return }
            state.leaving.append(state.members.remove(at: place))
        }
        ring()
    }

    private func ring() {
        watch.withLock { $0 }?.ring()
    }
}

extension LeaseThread {
    private func run() {
        var rows: LeaseRows?
        var renewed: ContinuousClock.Instant?
        while true {
            do throws(LogError) {
                if rows == nil { rows = LeaseRows(try file.open(.advise)) }
                if let rows { try work(rows, &renewed) }
            } catch {
                // Advice only: the shares stay as they are, and it is tried again.
                rows = nil
            }
            let isOver = state.withLock { $0.isClosing && ($0.leaving.isEmpty || rows == nil) }
            if isOver { return ended.open() }
            wait(rows)
        }
    }

    private func wait(_ rows: LeaseRows?) {
        let watch = watch.withLock { watch in
            if watch == nil, let rows { watch = ChangeWatch(walPath: rows.walPath) }
            return watch
        }
        let isPressing = state.withLock { $0.isClosing || !$0.leaving.isEmpty }
        if isPressing { return }
        usleep(UInt32(LeaseThread.pause.milliseconds * 1_000))
        watch?.wait(atMost: lease / 3)
    }

    private func work(_ rows: LeaseRows, _ renewed: inout ContinuousClock.Instant?)
        throws(LogError)
    {
        let (members, leaving) = state.withLock { state in
            defer { state.leaving = [] }
            let isNew = state.members.contains { $0.last == nil }
            if isNew { renewed = nil }
            return (state.members, state.leaving)
        }
        try file.asking { () throws(DatabaseError) in
            for member in leaving { try rows.delete(member.group, member.name) }
            let now = ContinuousClock.now
            if renewed.map({ now - $0 >= lease / 3 }) ?? true {
                for member in members { try rows.renew(member.group, member.name, for: lease) }
                renewed = now
            }
        }
        if !leaving.isEmpty || members.contains(where: { $0.last == nil }) {
            ChangeWatch.announce(walPath: rows.walPath)
        }
        for member in members {
            let owned = try file.asking { () throws(DatabaseError) in
                PartitionShare.share(
                    of: member.name, among: try rows.members(of: member.group),
                    partitions: try rows.partitions())
            }
            tell(member.id, owned)
        }
    }

    private func tell(_ id: Int, _ owned: Set<Int32>) {
        let stream: AsyncStream<Set<Int32>>.Continuation? = state.withLock { state in
            guard let place = state.members.firstIndex(where: { $0.id == id }) else { return nil }
            if state.members[place].last == owned { return nil }
            state.members[place].last = owned
            return state.members[place].stream
        }
        stream?.yield(owned)
    }
}
