import CLibrdkafka
import Foundation
import MusterCore
import MusterKafka
import MusterLog
import Testing

/// What the client does about errors that brokers answer with, from brokers that answer as told.
@Suite(.timeLimit(.minutes(2)))
struct KafkaErrorTests {
    private func withBrokers(
        properties: [(String, String)] = [],
        _ body: (MockBrokers, KafkaLog) async throws -> Void
    ) async throws {
        let brokers = try MockBrokers(1)
        for topic in Topic.allCases { brokers.create("m.\(topic.name)", 2) }
        var options = try KafkaOptions(url: "kafka://\(brokers.servers)/m")
        options.timeout = .seconds(4)
        for (name, value) in properties { try options.set(name, value) }
        let log = try await KafkaLog.open(options)
        do {
            try await body(brokers, log)
        } catch {
            await log.close()
            throw error
        }
        await log.close()
    }

    private func texts(_ log: KafkaLog, _ count: Int) async throws -> [String] {
        try await log.read(count, of: journal).map {
            String(decoding: $0.value ?? [], as: UTF8.self)
        }
    }

    @Test func `a fatal error of the producer is answered by a new one, and told`() async throws {
        try await withBrokers { brokers, log in
            _ = try await log.append(record("a"))
            brokers.fail(.produce, with: [RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER])
            await #expect(throws: LogError.self) { _ = try await log.append(record("b")) }
            var told = log.producerReplacements.makeAsyncIterator()
            #expect(await told.next() != nil)
            _ = try await log.append(record("c"))
            let found = try await texts(log, 2)
            #expect(found == ["a", "c"])
        }
    }

    @Test func `all that is in flight fails with the producer, in order, and nothing hangs`()
        async throws
    {
        try await withBrokers { brokers, log in
            _ = try await log.append(record("a"))
            brokers.fail(.produce, with: [RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER])
            let results = await withTaskGroup(of: Bool.self) { tasks in
                for number in 0..<100 {
                    tasks.addTask { (try? await log.append(record("\(number)"))) != nil }
                }
                return await tasks.reduce(into: [Bool]()) { $0.append($1) }
            }
            #expect(results.count == 100 && results.contains(false))
            // What was submitted before the new producer is there fails with the old one.
            while (try? await log.append(record("z"))) == nil { await Task.yield() }
            let landed = results.filter { $0 }.count
            let found = try await texts(log, landed + 2)
            #expect(found.last == "z" && found.count >= landed + 2, "\(found.count) \(landed)")
        }
    }

    @Test func `errors that pass are borne without a word`() async throws {
        try await withBrokers { brokers, log in
            brokers.fail(
                .produce,
                with: [
                    RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR__TRANSPORT,
                    RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                ])
            // A broker that has just come to lead may not yet have what another one gave.
            brokers.fail(
                .fetch,
                with: [RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE])
            for value in ["a", "b", "c"] { _ = try await log.append(record(value)) }
            let found = try await texts(log, 3)
            #expect(found == ["a", "b", "c"])
        }
    }

    @Test func `a broker that is away is said, and waited for`() async throws {
        try await withBrokers { brokers, log in
            _ = try await log.append(record("a"))
            brokers.setDown(1, true)
            do {
                _ = try await log.range(of: journal)
                Issue.record("a broker that is away answered")
            } catch let error as LogError {
                #expect(error.isTransient, "\(error)")
            }
            async let late = log.append(record("b"))
            brokers.setDown(1, false)
            _ = try await late
            #expect(try await texts(log, 2) == ["a", "b"])
        }
    }

    @Test func `brokers that know no compression are served all the same`() async throws {
        let brokers = try MockBrokers(1)
        // What lz4 needs is not offered: some brokers and proxies do so.
        brokers.limit(.produce, to: 3...7)
        for topic in Topic.allCases { brokers.create("m.\(topic.name)", 2) }
        let log = try await KafkaLog.open(KafkaOptions(url: "kafka://\(brokers.servers)/m"))
        let value = String(repeating: "again and ", count: 1_000)
        _ = try await log.append(record(value))
        #expect(try await texts(log, 1) == [value])
        await log.close()
    }

    @Test func `a topic that may not be written is a matter of rights`() async throws {
        try await withBrokers { brokers, log in
            brokers.fail(.produce, with: [RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED])
            do {
                _ = try await log.append(record("a"))
                Issue.record("it was appended")
            } catch LogError.permission {
                // As it should be.
            }
        }
    }
}
