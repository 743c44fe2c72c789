import Foundation
import MusterCommandLine
import MusterCore
import MusterLog
import MusterWire
import Testing

/// `schemas/asyncapi.yaml` against what the program creates and writes. That it is valid AsyncAPI
/// is tested by validators that are not ours, in Tests/Python.
struct AsyncAPITests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "schemas")

    private func document() throws -> YAMLNode {
        let data = try Data(contentsOf: Self.folder.appending(path: "asyncapi.yaml"))
        return try #require(try YAMLReader.read([UInt8](data)))
    }

    @Test func `it describes the topics that the program has, in their order`() throws {
        let channels = try document().at("channels")
        #expect(channels.keys == Topic.allCases.map(\.name))
        for topic in Topic.allCases {
            #expect(channels.at(topic.name, "address").text == "{prefix}.\(topic.name)")
        }
    }

    @Test(arguments: TopicSettings.standard(partitions: 1))
    func `a topic's settings are those with which it is created`(
        _ settings: TopicSettings
    ) throws {
        let kafka = try document().at(
            "channels", settings.topic.name, "bindings", "kafka", "topicConfiguration")
        switch settings.cleanup {
        case .delete(let retention):
            #expect(kafka.at("cleanup.policy").elements.map(\.text) == ["delete"])
            let milliseconds = retention?.milliseconds ?? -1
            #expect(kafka.at("retention.ms").text == String(milliseconds))
        case .compact:
            #expect(kafka.at("cleanup.policy").elements.map(\.text) == ["compact"])
            #expect(kafka.keys == ["cleanup.policy"])
        }
    }

    @Test(arguments: Topic.allCases)
    func `a topic's messages are those that may lie on it`(_ topic: Topic) throws {
        let messages = try document().at("channels", topic.name, "messages")
        let known = MessageType.all.filter { $0.topics.contains(topic) }.map(\.shortName)
        #expect(Set(messages.keys) == Set(known))
        for name in messages.keys {
            #expect(messages.at(name, "$ref").text == "#/components/messages/\(name)")
        }
    }

    @Test(arguments: MessageType.all)
    func `a message refers to its schema and says its dialect`(_ type: MessageType) throws {
        let message = try document().at("components", "messages", type.shortName)
        #expect(message.at("name").text == type.name)
        #expect(
            message.at("payload", "schemaFormat").text
                == "application/schema+json;version=draft-2020-12")
        #expect(message.at("payload", "schema", "$ref").text == "./\(type.name).json")
        #expect(
            FileManager.default.fileExists(
                atPath: Self.folder.appending(path: "\(type.name).json").path))
    }

    @Test func `it describes no message that the program does not have`() throws {
        let messages = try document().at("components", "messages")
        #expect(Set(messages.keys) == Set(MessageType.all.map(\.shortName)))
    }

    @Test func `headers are those that the program writes`() throws {
        let event = CloudEvent(
            id: "1", source: "/x", type: "t", time: "2026-01-01T00:00:00Z", subject: "s",
            correlation: "c", causation: "d", traceParent: "p", traceState: "q")
        let headers = try document().at(
            "components", "messageTraits", "cloudEvent", "headers", "properties")
        #expect(headers.keys == event.headers.map { String(decoding: $0.name, as: UTF8.self) })
    }
}

extension YAMLNode {
    /// The node at a path of keys; an empty text where there is none.
    fileprivate func at(_ keys: String...) -> YAMLNode {
        var node = self
        for key in keys {
            guard case .mapping(let members) = node.content,
                let member = members.first(where: { $0.key == key })
            else { return YAMLNode.nothing }
            node = member.value
        }
        return node
    }

    fileprivate var keys: [String] {
        guard case .mapping(let members) = content else { return [] }
        return members.map(\.key)
    }

    fileprivate var elements: [YAMLNode] {
        guard case .sequence(let nodes) = content else { return [] }
        return nodes
    }

    fileprivate var text: String {
        guard case .scalar(let text, _) = content else { return "" }
        return text
    }

    private static var nothing: YAMLNode {
        (try? YAMLReader.read(Array("''".utf8))).flatMap(\.self)
            ?? { fatalError("YAML knows no empty text") }()  // it is one
    }
}
