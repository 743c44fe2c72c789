import MusterCore
import MusterLog
import MusterTesting
import Testing

/// What every engine keeps about topics, ranges, times, retention, ownership and its end.
@Suite(.timeLimit(.minutes(2)))
struct ContractKeepingTests {
    @Test(arguments: Engine.all)
    func `topics are created once and described in order`(engine: Engine) async throws {
        try await engine.withLog(partitions: 3) { log in
            let handle = await log.handle
            let standard = TopicSettings.standard(partitions: 3)
            #expect(try await handle.describeTopics() == standard)
            try await handle.createTopics(standard)
            let shorter = TopicSettings(
                .events, partitions: 3, cleanup: .delete(retention: .seconds(60)))
            try await handle.createTopics([shorter])
            #expect(try await handle.describeTopics().first == shorter)
            await #expect(throws: LogError.self) {
                try await handle.createTopics(TopicSettings.standard(partitions: 4))
            }
            await #expect(throws: LogError.self) {
                try await handle.createTopics([
                    TopicSettings(.journal, partitions: 3, cleanup: .compact)
                ])
            }
            #expect(
                try await handle.describeTopics().map(\.partitions) == Array(repeating: 3, count: 8)
            )
        }
    }

    @Test(arguments: Engine.all)
    func `a partition that does not exist is named`(engine: Engine) async throws {
        try await engine.withLog { log in
            let handle = await log.handle
            let absent = TopicPartition(.events, 2)
            let error = LogError.topicMissing(log: handle.url, absent)
            await #expect(throws: error) { _ = try await handle.append(record("v", in: absent)) }
            await #expect(throws: error) { _ = try await handle.range(of: absent) }
            await #expect(throws: error) { _ = try await handle.readOne(Position(absent, .zero)) }
            let reader = try await handle.makeReader()
            reader.assign(absent, from: .zero)
            await #expect(throws: error) {
                _ = try await reader.next(max: 1, waitingUpTo: .seconds(10))
            }
            await reader.close()
            let appended = try await handle.append(record("fine"))
            #expect(appended.offset == .zero)
        }
    }

    @Test(arguments: Engine.all)
    func `the range begins at the first record kept and ends behind the last`(engine: Engine)
        async throws
    {
        try await engine.withLog { log in
            let handle = await log.handle
            #expect(try await handle.range(of: journal) == .zero..<(.zero))
            for _ in 0..<7 { _ = try await handle.append(record("v")) }
            #expect(try await handle.range(of: journal) == .zero..<Offset(7))
            #expect(try await handle.readOne(Position(journal, Offset(7))) == nil)
        }
    }

    @Test(arguments: Engine.moved)
    func `append times follow the clock, never backwards, and find their offset`(engine: Engine)
        async throws
    {
        try await engine.withLog { log in
            let (handle, clock) = (await log.handle, log.clock)
            let start = clock.now
            for _ in 0..<10 {
                _ = try await handle.append(record("v"))
                clock.advance(by: .seconds(10))
            }
            clock.set(start)
            let back = try await handle.append(record("late"))
            #expect(back.appended >= start + .seconds(90))
            for (seconds, wanted) in [(-5, 0), (0, 0), (1, 1), (10, 1), (89, 9), (90, 9)] {
                let found = try await handle.offset(of: journal, since: start + .seconds(seconds))
                #expect(found == Offset(UInt64(wanted)), "\(seconds) s")
            }
            let never = try await handle.offset(of: journal, since: back.appended + .seconds(1))
            #expect(never == nil)
        }
    }

    @Test(arguments: Engine.moved)
    func `retention cuts the start, and offsets go on`(engine: Engine) async throws {
        try await engine.withLog { log in
            let (handle, clock) = (await log.handle, log.clock)
            let commands = TopicPartition(.commands, 0)
            for number in 0..<1_200 {
                handle.submit(record("\(number)", in: commands)) { _ in }
            }
            _ = try await handle.append(record("j"))
            clock.advance(by: .seconds(6 * 24 * 60 * 60))
            let kept = try await handle.append(record("kept", in: commands))
            clock.advance(by: .seconds(2 * 24 * 60 * 60))
            let reader = try await handle.makeReader()
            reader.assign(commands, from: Offset(5))
            try await log.maintain()
            #expect(try await handle.range(of: commands) == kept.offset..<kept.offset.next)
            await #expect(
                throws: LogError.offsetOutOfRange(
                    Position(commands, Offset(5)), kept: kept.offset..<kept.offset.next)
            ) { _ = try await reader.next(max: 5, waitingUpTo: .seconds(10)) }
            reader.assign(commands, from: kept.offset)
            #expect(try await reader.collect(1).map(text) == ["kept"])
            await reader.close()
            #expect(try await handle.range(of: journal) == .zero..<Offset(1))

            clock.advance(by: .seconds(8 * 24 * 60 * 60))
            try await log.maintain()
            #expect(try await handle.range(of: commands) == kept.offset.next..<kept.offset.next)
            let next = try await handle.append(record("next", in: commands))
            #expect(next.offset == kept.offset.next)
        }
    }

    @Test(arguments: Engine.moved)
    func `compaction keeps the newest of each key, where it lies`(engine: Engine) async throws {
        try await engine.withLog { log in
            let (handle, clock) = (await log.handle, log.clock)
            for round in 0..<3 {
                for key in ["a", "b", "c"] {
                    _ = try await handle.append(record("\(key)\(round)", key: key, in: members))
                }
            }
            _ = try await handle.append(record("keyless", key: nil, in: members))
            _ = try await handle.append(NewRecord(members, key: Array("b".utf8), value: nil))
            try await log.maintain()
            let read = try await handle.read(4, of: members)
            #expect(read.map(text) == ["a2", "c2", "keyless", nil])
            #expect(read.map(\.position.offset.value) == [6, 8, 9, 10])
            #expect(try await handle.range(of: members) == .zero..<Offset(11))
            #expect(try await handle.readOne(Position(members, .zero)) == nil)

            clock.advance(by: .seconds(25 * 60 * 60))
            let next = try await handle.append(record("c3", key: "c", in: members))
            #expect(next.offset == Offset(11))
            try await log.maintain()
            let rest = try await handle.read(3, of: members)
            #expect(rest.map(text) == ["a2", "keyless", "c3"])
        }
    }

    @Test(arguments: Engine.moved)
    func `a reader passes the gaps that compaction leaves`(engine: Engine) async throws {
        try await engine.withLog { log in
            let handle = await log.handle
            for number in 0..<30 {
                _ = try await handle.append(record("\(number)", key: "same", in: members))
            }
            let reader = try await handle.makeReader()
            reader.assign(members, from: Offset(2))
            try await log.maintain()
            let left = try await reader.collect(1)
            #expect(left.map(text) == ["29"])
            _ = try await handle.append(record("30", key: "same", in: members))
            #expect(try await reader.collect(1).map(text) == ["30"])
            await reader.close()
        }
    }

    @Test(arguments: Engine.all)
    func `a position beyond the end is an error, not a wait`(engine: Engine) async throws {
        try await engine.withLog { log in
            let handle = await log.handle
            _ = try await handle.append(record("v"))
            let reader = try await handle.makeReader()
            reader.assign(journal, from: Offset(9))
            let error = LogError.offsetOutOfRange(
                Position(journal, Offset(9)), kept: .zero..<Offset(1))
            await #expect(throws: error) {
                _ = try await reader.next(max: 1, waitingUpTo: .seconds(10))
            }
            await reader.close()
        }
    }

    @Test(arguments: Engine.all)
    func `partitions are shared, and handed over when a member leaves`(engine: Engine) async throws
    {
        try await engine.withLog(partitions: 4) { log in
            let (one, two) = (await log.handle, try await log.open())
            var first = one.assignments(group: "g", member: "a").makeAsyncIterator()
            #expect(await first.next() == [0, 1, 2, 3])
            var second = two.assignments(group: "g", member: "b").makeAsyncIterator()
            let newcomers = try #require(await second.next())
            let left = try #require(await first.next())
            #expect(newcomers.count == 2 && left.count == 2)
            #expect(newcomers.union(left) == [0, 1, 2, 3])
            var other = two.assignments(group: "other", member: "c").makeAsyncIterator()
            #expect(await other.next() == [0, 1, 2, 3])
            await one.close()
            #expect(await first.next() == nil)
            #expect(await second.next() == [0, 1, 2, 3])
        }
    }

    @Test(arguments: Engine.all)
    func `a closed log completes what it took and refuses the rest`(engine: Engine) async throws {
        try await engine.withLog { log in
            let handle = try await log.open()
            let first = await log.handle
            async let replaced: Void = { for await _ in handle.producerReplacements {} }()
            let appends = (0..<50).map { number in
                Task { try await handle.append(record("\(number)")) }
            }
            for append in appends { _ = try await append.value }
            let reader = try await handle.makeReader()
            await handle.close()
            await replaced
            let closed = LogError.closed(log: handle.url)
            await #expect(throws: closed) { _ = try await handle.append(record("no")) }
            await #expect(throws: closed) { _ = try await handle.range(of: journal) }
            await #expect(throws: closed) { _ = try await handle.makeReader() }
            await #expect(throws: closed) {
                _ = try await reader.next(max: 1, waitingUpTo: .seconds(10))
            }
            var owned = handle.assignments(group: "g", member: "m").makeAsyncIterator()
            #expect(await owned.next() == nil)
            #expect(try await first.range(of: journal).upperBound == Offset(50))
        }
    }
}
