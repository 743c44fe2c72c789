import Foundation
import MusterCommandLine
import MusterCore
import MusterLog
import MusterWire
import Testing
import muster

/// What is published by hand is what a manager reads.
@Suite(.timeLimit(.minutes(5)))
struct PublishTests {
    @Test(arguments: SceneLog.all)
    func `every fact can be published by flags, as its example says`(log: SceneLog) async throws {
        try await Scene.withFacts(log) { scene in
            var types: Set<String> = []
            for (path, command) in Table.program.leaves
            where path.first == "publish" && path.last != "lines" {
                let example = try #require(command.examples.first, "\(path)")
                let run = try await scene.muster.run(Self.words(example.line) + ["-o", "json"])
                #expect(run.status == 0, "\(path): \(run.err)")
                let json = try run.json()
                types.insert(try #require(json["type"] as? String))
                let message = try await scene.input(json)
                #expect(message.event.id == json["id"] as? String)
                #expect(message.message.type.name == json["type"] as? String)
                #expect(message.message.cluster.text == "orders")
            }
            let all = MessageType.all.filter { type in
                type.topics.contains(.events) || type.topics.contains(.heartbeats)
            }
            #expect(types == Set(all.map(\.name)))
        }
    }

    @Test(arguments: SceneLog.all)
    func `the flags say all that the message can say`(log: SceneLog) async throws {
        try await Scene.withFacts(log) { scene in
            let store = Scene.stores[0]
            let run = try await scene.muster(
                "publish", "node-up", "--cluster", "orders", "--node", "n1", "--store", store,
                "--start", "7", "--boot", Scene.stores[4], "--role", "replica", "--engine", "e1",
                "--recovery-epoch", "2", "--address", "10.0.0.1:1", "--zone", "a",
                "--groups-version", "3", "--group-on", "id=g2,applied=9",
                "--group-on", "id=g1,seed=external,demote=true,transfer=false,learnersMax=2",
                "--event-id", "e-1", "--source", "/mine", "--correlation", "c-1", "-o", "json")
            let incoming = try await scene.input(try run.json())
            #expect(incoming.event.source == "/mine" && incoming.correlation == "c-1")
            guard case .fact(.nodeUp(let up)) = incoming.message.content else {
                Issue.record("no nodeUp: \(incoming)")
                return
            }
            #expect(up.identity.start == Start(7) && up.identity.store.description == store)
            #expect(up.role == .replica && !up.blank && up.groupsVersion == 3)
            #expect(up.engine == EngineIdentity(cluster: "e1", recoveryEpoch: 2))
            #expect(up.address == "10.0.0.1:1" && up.zone == "a")
            #expect(up.groups.map(\.group.text) == ["g1", "g2"])
            #expect(up.groups[0].capabilities.seed == .external)
            #expect(up.groups[0].capabilities.learnersMax == 2)
            #expect(up.groups[0].capabilities.demote && !up.groups[0].capabilities.transfer)
            #expect(up.groups[1].applied == LogIndex(9))
        }
    }

    @Test(arguments: SceneLog.all)
    func `observations go to heartbeats when nothing has changed`(log: SceneLog) async throws {
        try await Scene.withFacts(log) { scene in
            let line = Scene.facts.last ?? ""
            try await scene.publish([line], "--soft")
            let counts = try await scene.counts()
            #expect(counts["events"] == "4" && counts["heartbeats"] == "1")
        }
    }

    @Test(arguments: SceneLog.all)
    func `many lines are published in order`(log: SceneLog) async throws {
        try await Scene.withFacts(log) { scene in
            let lines = (0..<5000).map { number in
                Scene.event(
                    "nodeReportedUp",
                    #"{"cluster":"orders","node":"n1","observer":"o","reason":"r\#(number)"}"#,
                    id: "e\(number)")
            }
            try scene.write(lines.joined(separator: "\n"), to: "many.jsonl")
            let run = try await scene.muster("publish", "lines", "many.jsonl", "-o", "json")
            #expect(try run.json()["published"] as? Int == 5000, "\(run.err)")
            let found = try await scene.records(.events).compactMap { record -> String? in
                let json = try JSONSerialization.jsonObject(with: Data(record.value ?? []))
                return (json as? [String: Any])?["id"] as? String
            }
            #expect(found.filter { $0.hasPrefix("e") } == (0..<5000).map { "e\($0)" })
        }
    }

    /// The words of an example, as a shell splits them.
    private static func words(_ line: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        for character in line {
            switch character {
            case "\"": isQuoted.toggle()
            case " " where !isQuoted:
                if !word.isEmpty { words.append(word) }
                word = ""
            default: word.append(character)
            }
        }
        return words + (word.isEmpty ? [] : [word])
    }
}

extension Scene {
    /// The input at the place that a command printed, read as a manager reads it.
    func input(_ json: [String: Any]) async throws -> InputReader.Incoming {
        let topic = try #require((json["topic"] as? String).flatMap { Topic(name: $0) })
        let partition = try #require(json["partition"] as? Int)
        let offset = try #require((json["offset"] as? String).flatMap { UInt64($0) })
        let position = Position(TopicPartition(topic, Int32(partition)), Offset(offset))
        let record = try await withLog { try await $0.readOne(position) }
        let found = try #require(record)
        return try InputReader().read(
            topic, key: found.key, headers: found.headers, value: found.value)
    }
}
