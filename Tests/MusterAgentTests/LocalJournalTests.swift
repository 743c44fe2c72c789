import Foundation
import MusterAgent
import MusterCore
import Synchronization
import Testing

/// The agent's local journal, and the mark of who the node is.
@Suite struct LocalJournalTests {
    private func began(_ number: UInt64, notAfter: Int64 = 5_000) -> AgentNote {
        .began(
            id(number),
            executor: NodeIdentity(
                node: NodeID(unchecked: "n\"1"), store: Identifier(high: 1, low: number),
                start: Start(3)),
            action: "removeMember", notAfter: Timestamp(milliseconds: notAfter))
    }

    private func id(_ number: UInt64) -> CommandID {
        CommandID(sequence: Sequence(number), index: 2, prefix: number)
    }

    private static let outcomes: [CommandOutcome] = [
        .succeeded(detail: "a \"quoted\"\nline", index: LogIndex(7)), .succeeded(detail: ""),
        .failed(.notLeader, retryable: true, hint: NodeID(unchecked: "n2"), "x"),
        .failed(.rejected, retryable: false, ""), .unknown(detail: "y"),
    ]

    @Test func `notes are there again after an opening, each as it was`() async throws {
        try await TemporaryFolder.with { folder in
            var journal = try LocalJournal(folder.file("j"))
            for (number, outcome) in Self.outcomes.enumerated() {
                let number = UInt64(number)
                try journal.append([began(number), .ended(id(number), outcome)])
            }
            try journal.append([.reported(id(1))])
            let again = try LocalJournal(folder.file("j"))
            #expect(again.memory == journal.memory)
            #expect(again.damaged == 0)
            #expect(again.memory.commands.values.map(\.outcome) == Self.outcomes)
            #expect(
                again.memory.commands.values.map(\.isReported) == [
                    false, true, false, false, false,
                ])
        }
    }

    @Test func `a crash in the middle of a write leaves the notes before it`() async throws {
        try await TemporaryFolder.with { folder in
            var journal = try LocalJournal(folder.file("j"))
            try journal.append([began(1)])
            let first = try folder.bytes("j").count
            try journal.append([began(2)])
            let whole = try folder.bytes("j")
            for length in first..<whole.count {
                try folder.write(whole[..<length], to: "torn")
                var torn = try LocalJournal(folder.file("torn"))
                #expect(torn.memory.commands.keys == [id(1)], "cut at \(length)")
                #expect(torn.damaged == 0)
                try torn.append([began(3)])
                #expect(
                    try LocalJournal(folder.file("torn")).memory.commands.keys == [id(1), id(3)])
            }
        }
    }

    @Test func `a damaged line in the middle is counted, and the others count`() async throws {
        try await TemporaryFolder.with { folder in
            var journal = try LocalJournal(folder.file("j"))
            for number in 1...3 { try journal.append([began(UInt64(number))]) }
            var bytes = try folder.bytes("j")
            let middle = bytes.count / 2
            bytes[middle] = bytes[middle] == 0x31 ? 0x32 : 0x31
            try folder.write(bytes, to: "j")
            let again = try LocalJournal(folder.file("j"))
            #expect(again.damaged == 1)
            #expect(again.memory.commands.keys == [id(1), id(3)])
        }
    }

    @Test func `a full disk writes nothing, and the next note goes on behind the last`()
        async throws
    {
        try await TemporaryFolder.with { folder in
            var journal = try LocalJournal(folder.file("j"))
            try journal.append([began(1)])
            let own = journal.file.descriptor
            let kept = dup(own)
            let full = open("/dev/full", O_RDWR)
            #expect(full >= 0 && dup2(full, own) == own)
            do {
                try journal.append([began(2)])
                Issue.record("a full disk took a note")
            } catch {
                #expect("\(error)".contains("No space left on device"))
            }
            #expect(journal.memory.commands.keys == [id(1)])
            // Room was made.
            #expect(dup2(kept, own) == own)
            close(full)
            close(kept)
            try journal.append([began(3)])
            #expect(try LocalJournal(folder.file("j")).memory.commands.keys == [id(1), id(3)])
        }
    }

    @Test func `what can no longer matter is dropped when the file has grown`() async throws {
        try await TemporaryFolder.with { folder in
            var journal = try LocalJournal(folder.file("j"), compactAt: 4_000)
            for number in 1...200 {
                let number = UInt64(number)
                try journal.append([
                    began(number, notAfter: Int64(number) * 60_000),
                    .ended(id(number), .succeeded(detail: "")), .reported(id(number)),
                ])
                try journal.compact(at: Timestamp(milliseconds: Int64(number) * 60_000))
            }
            // Commands of the last hour are kept: sixty, and what came since.
            #expect((60...140).contains(journal.memory.commands.count))
            let again = try LocalJournal(folder.file("j"))
            #expect(again.memory == journal.memory)
            #expect(try folder.bytes("j").count < 80_000)
        }
    }

    @Test func `a command that was not reported is never dropped`() async throws {
        try await TemporaryFolder.with { folder in
            var journal = try LocalJournal(folder.file("j"), compactAt: 10)
            try journal.append([began(1, notAfter: 0)])
            try journal.compact(at: Timestamp(milliseconds: .max))
            #expect(try LocalJournal(folder.file("j")).memory.commands.keys == [id(1)])
        }
    }

    @Test func `a file that cannot be written anew goes on, and what is written is there again`()
        async throws
    {
        try await TemporaryFolder.with { folder in
            let (place, elsewhere) = (folder.file("data"), folder.file("elsewhere"))
            try FileManager.default.createDirectory(
                atPath: place, withIntermediateDirectories: false)
            var journal = try LocalJournal(place + "/j", compactAt: 10)
            try journal.append([began(1)])
            try FileManager.default.moveItem(atPath: place, toPath: elsewhere)
            #expect(throws: LocalProblem.self) { try journal.compact(at: nil) }
            try journal.append([began(2)])
            #expect(
                try LocalJournal(elsewhere + "/j").memory.commands.keys == [id(1), id(2)])
            try FileManager.default.moveItem(atPath: elsewhere, toPath: place)
            try journal.append((3...9).map { began($0) })
            try journal.compact(at: nil)
            try journal.append([began(10)])
            #expect(
                try LocalJournal(place + "/j").memory.commands.keys == (1...10).map { id($0) })
        }
    }

    @Test func `nothing is promised in a new file that a crash may take back`() async throws {
        try await TemporaryFolder.with { folder in
            let fails = Mutex(false)
            var journal = try LocalJournal(folder.file("j"), compactAt: 10) {
                _ throws(LocalProblem) in
                if fails.withLock({ $0 }) { throw LocalProblem("the folder cannot be kept") }
            }
            try journal.append([began(1)])
            fails.withLock { $0 = true }
            #expect(throws: LocalProblem.self) { try journal.compact(at: nil) }
            #expect(throws: LocalProblem.self) { try journal.append([began(2)]) }
            fails.withLock { $0 = false }
            try journal.append([began(3)])
            #expect(journal.memory.commands.keys == [id(1), id(3)])
            #expect(try LocalJournal(folder.file("j")).memory.commands.keys == [id(1), id(3)])
        }
    }

    // MARK: Who the node is

    private let cluster = ClusterID(unchecked: "orders")
    private let node = NodeID(unchecked: "n1")

    @Test func `each start is one higher on the same store, and one process has the folder`()
        async throws
    {
        try await TemporaryFolder.with { folder in
            let path = folder.file("data")
            var store: StoreID?
            for start in 1...3 {
                let mine = try NodeFolder(path, cluster: cluster, node: node)
                #expect(mine.mark.identity.start == Start(UInt64(start)))
                #expect(store == nil || store == mine.mark.identity.store)
                store = mine.mark.identity.store
                #expect(throws: LocalProblem.self) {
                    _ = try NodeFolder(path, cluster: cluster, node: node)
                }
                #expect(try mine.holdsNoData())
            }
            try Data().write(to: URL(filePath: path + "/something"))
            #expect(try !NodeFolder(path, cluster: cluster, node: node).holdsNoData())
        }
    }

    @Test func `a folder that was given back is taken again while somebody still knows it`()
        async throws
    {
        try await TemporaryFolder.with { folder in
            let first = try NodeFolder(folder.file("a"), cluster: cluster, node: node)
            first.release()
            let second = try NodeFolder(folder.file("a"), cluster: cluster, node: node)
            #expect(second.mark.identity.start == first.mark.identity.start.next)
        }
    }

    @Test func `a lost disk is a new store`() async throws {
        try await TemporaryFolder.with { folder in
            let first = try NodeFolder(folder.file("a"), cluster: cluster, node: node).mark
            try FileManager.default.removeItem(atPath: folder.file("a"))
            let second = try NodeFolder(folder.file("a"), cluster: cluster, node: node).mark
            #expect(first.identity.store != second.identity.store)
            #expect(second.identity.start == Start(1))
        }
    }

    @Test func `another node's folder and a damaged mark are refused, and left as they are`()
        async throws
    {
        try await TemporaryFolder.with { folder in
            _ = try NodeFolder(folder.file("a"), cluster: cluster, node: node)
            #expect(throws: LocalProblem.self) {
                _ = try NodeFolder(
                    folder.file("a"), cluster: cluster, node: NodeID(unchecked: "n2"))
            }
            var bytes = try folder.bytes("a/muster-node")
            bytes[30] ^= 1
            try folder.write(bytes, to: "a/muster-node")
            #expect(throws: LocalProblem.self) {
                _ = try NodeFolder(folder.file("a"), cluster: cluster, node: node)
            }
            #expect(try folder.bytes("a/muster-node") == bytes)
        }
    }

    @Test func `a store stays bound to its member and its cluster`() async throws {
        try await TemporaryFolder.with { folder in
            do {
                let mine = try NodeFolder(folder.file("a"), cluster: cluster, node: node)
                try mine.bind(member: "a1", engine: "77")
                try mine.bind(member: "a1", engine: "77")
            }
            let again = try NodeFolder(folder.file("a"), cluster: cluster, node: node)
            #expect(again.mark.member == "a1" && again.mark.engine == "77")
            #expect(throws: LocalProblem.self) { try again.bind(member: "b2", engine: "77") }
            #expect(throws: LocalProblem.self) { try again.bind(member: "a1", engine: "78") }
            let old = again.mark.identity.store
            #expect(try again.renew().store != old)
            #expect(again.mark.member == nil && again.mark.engine == nil)
            try again.bind(member: "b2", engine: "78")
        }
    }
}
