import MusterCore
import MusterLog
import Synchronization
import Testing

/// What every engine keeps, whatever it stores records in.
@Suite(.timeLimit(.minutes(2)))
struct ContractTests {
    @Test(arguments: Engine.plain)
    func `records come back in the order of their appends`(engine: Engine) async throws {
        try await engine.withLog { log in
            let handle = await log.handle
            for number in 0..<20 { _ = try await handle.append(record("v\(number)")) }
            let read = try await handle.read(20, of: journal)
            #expect(read.map(text) == (0..<20).map { "v\($0)" })
            #expect(zip(read, read.dropFirst()).allSatisfy { $0.position < $1.position })
            let other = try await handle.range(of: TopicPartition(.journal, 1))
            #expect(other.isEmpty)
        }
    }

    @Test(arguments: Engine.plain)
    func `pipelined appends land and complete in the order submitted`(engine: Engine) async throws {
        try await engine.withLog { log in
            let handle = await log.handle
            let count = 2_000
            let done = Mutex<[(Int, Offset)]>([])
            let doorbell = Doorbell()
            for number in 0..<count {
                handle.submit(record("\(number)")) { result in
                    guard let appended = try? result.get() else { return doorbell.ring() }
                    let isLast = done.withLock { done in
                        done.append((number, appended.offset))
                        return done.count == count
                    }
                    if isLast { doorbell.ring() }
                }
            }
            await doorbell.wait(atMost: .seconds(30))
            let completed = done.withLock { $0 }
            #expect(completed.map(\.0) == Array(0..<count))
            let read = try await handle.read(count, of: journal)
            #expect(read.map(text) == (0..<count).map { "\($0)" })
            #expect(read.map(\.position.offset) == completed.map(\.1))
        }
    }

    @Test(arguments: Engine.plain)
    func `two writers share one order that both readers see`(engine: Engine) async throws {
        try await engine.withLog { log in
            let (one, two) = (await log.handle, try await log.open())
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (name, handle) in [("a", one), ("b", two)] {
                    group.addTask {
                        for number in 0..<100 {
                            _ = try await handle.append(record("\(name)\(number)"))
                        }
                    }
                }
                try await group.waitForAll()
            }
            let first = try await one.read(200, of: journal)
            let second = try await two.read(200, of: journal)
            #expect(first.count == 200)
            #expect(first == second)
            for name in ["a", "b"] {
                let own = first.compactMap(text).filter { $0.hasPrefix(name) }
                #expect(own == (0..<100).map { "\(name)\($0)" })
            }
        }
    }

    @Test(arguments: Engine.plain)
    func `bytes of any kind come back unchanged`(engine: Engine) async throws {
        try await engine.withLog { log in
            let handle = await log.handle
            let odd: [[UInt8]?] = [
                nil, [], [0], [0xFF, 0xFE, 0], Array("{\"a\":1}".utf8), Array("é\u{0301}".utf8),
                [0x61, 0, 0x62], [0xEF, 0xBB, 0xBF, 0x61], [0xC0, 0x80], [0xED, 0xA0, 0x80],
                Array(repeating: 0x20, count: 3),
            ]
            var sent: [NewRecord] = []
            for key in odd {
                for value in odd { sent.append(NewRecord(journal, key: key, value: value)) }
            }
            for record in sent { _ = try await handle.append(record) }
            let read = try await handle.read(sent.count, of: journal)
            #expect(read.map(\.key) == sent.map(\.key))
            #expect(read.map(\.value) == sent.map(\.value))
            let one = try await handle.readOne(try #require(read.first).position)
            #expect(one == read.first)
        }
    }

    @Test(arguments: Engine.plain)
    func `headers keep their order, their repetitions and their bytes`(engine: Engine) async throws
    {
        try await engine.withLog { log in
            let handle = await log.handle
            func header(_ name: String, _ value: [UInt8]?) -> Header {
                Header(name: Array(name.utf8), value: value)
            }
            let lists: [[Header]] = [
                [],
                [header("ce_id", Array("1".utf8)), header("ce_type", Array("t".utf8))],
                [header("b", nil), header("a", []), header("b", Array("\u{1}\"\\\n/ é".utf8))],
                [header("", [0xFF]), header("é", [0]), Header(name: [0xC3], value: nil)],
                [header("x", [0])],
            ]
            for headers in lists {
                _ = try await handle.append(
                    NewRecord(journal, key: nil, headers: headers, value: Array("v".utf8)))
            }
            let read = try await handle.read(lists.count, of: journal)
            #expect(read.map(\.headers) == lists)
        }
    }

    @Test(arguments: Engine.all)
    func `values of eight mebibytes fit, and larger ones are refused`(engine: Engine) async throws {
        try await engine.withLog { log in
            let handle = await log.handle
            let big = (0..<(8 << 20)).map { UInt8(truncatingIfNeeded: $0 / 251) }
            _ = try await handle.append(NewRecord(journal, key: [1], value: big))
            let tooBig = NewRecord(
                journal, key: nil, value: [UInt8](repeating: 1, count: NewRecord.bytesMax + 1))
            await #expect(throws: LogError.self) { _ = try await handle.append(tooBig) }
            _ = try await handle.append(record("after"))
            let read = try await handle.read(2, of: journal)
            #expect(read.first?.value == big)
            #expect(read.last.flatMap(text) == "after")
        }
    }

    @Test(arguments: Engine.all)
    func `a reader gets at most what it asks for and goes on behind it`(engine: Engine) async throws
    {
        try await engine.withLog { log in
            let handle = await log.handle
            for number in 0..<25 { _ = try await handle.append(record("\(number)")) }
            let reader = try await handle.makeReader()
            reader.assign(journal, from: Offset(3))
            let some = try await reader.next(max: 10, waitingUpTo: .seconds(10))
            #expect(some.reduce(0) { $0 + $1.count } == 10)
            #expect(some.first?[0].offset == Offset(3))
            let rest = try await reader.collect(12, max: 10)
            #expect(rest.map(text) == (13..<25).map { "\($0)" })
            reader.assign(journal, from: Offset(24))
            #expect(try await reader.collect(1).map(text) == ["24"])
            reader.unassign(journal)
            _ = try await handle.append(record("unread"))
            #expect(try await reader.next(max: 10, waitingUpTo: .milliseconds(30)).isEmpty)
            await reader.close()
        }
    }

    @Test(arguments: Engine.plain)
    func `one reader reads many partitions and starves none`(engine: Engine) async throws {
        try await engine.withLog(partitions: 4) { log in
            let handle = await log.handle
            for number in 0..<400 {
                _ = try await handle.append(
                    record("\(number)", in: TopicPartition(.journal, Int32(number % 4))))
            }
            let reader = try await handle.makeReader()
            for partition in 0..<4 {
                reader.assign(TopicPartition(.journal, Int32(partition)), from: .zero)
            }
            var seen: Set<Int32> = []
            // Brokers give a run of each partition at a time.
            for _ in 0..<(engine == .kafka ? 8 : 4) {
                for batch in try await reader.next(max: 50, waitingUpTo: .seconds(10)) {
                    seen.insert(batch.partition.partition)
                }
            }
            #expect(seen == [0, 1, 2, 3])
            await reader.close()
        }
    }

    @Test(arguments: Engine.plain)
    func `a waiting reader wakes for an append by another handle`(engine: Engine) async throws {
        try await engine.withLog { log in
            let (one, two) = (await log.handle, try await log.open())
            let reader = try await one.makeReader()
            reader.assign(journal, from: .zero)
            for number in 0..<5 {
                async let found = reader.next(max: 10, waitingUpTo: .seconds(20))
                let start = ContinuousClock.now
                _ = try await two.append(record("\(number)"))
                #expect(try await found.first?.record(at: 0).value == Array("\(number)".utf8))
                #expect(ContinuousClock.now - start < .seconds(5))
            }
            await reader.close()
        }
    }

    @Test(arguments: Engine.plain)
    func `a wait ends at its limit, when cancelled, and when closed`(engine: Engine) async throws {
        try await engine.withLog { log in
            let handle = await log.handle
            let reader = try await handle.makeReader()
            reader.assign(journal, from: .zero)
            #expect(try await reader.next(max: 1, waitingUpTo: .milliseconds(20)).isEmpty)
            #expect(try await reader.next(max: 1, waitingUpTo: .zero).isEmpty)
            let cancelled = Task { try await reader.next(max: 1, waitingUpTo: .seconds(60)) }
            cancelled.cancel()
            #expect(try await cancelled.value.isEmpty)
            let closed = Task { try await reader.next(max: 1, waitingUpTo: .seconds(60)) }
            await reader.close()
            await #expect(throws: LogError.closed(log: handle.url)) { _ = try await closed.value }
        }
    }
}
