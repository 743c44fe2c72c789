import Foundation
import MusterCore
import MusterWire
import Testing

/// The schemas against the program. That the schemas are valid, and that every golden file is valid
/// by them, is tested by validators that are not ours, in Tests/Python.
struct SchemaTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "schemas")

    private static func schema(_ file: String) throws -> [String: Any] {
        let data = try Data(contentsOf: folder.appending(path: file))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    /// The words that `type` may have in the events of a decision.
    static func eventTypes(of schema: Data) -> Set<String>? {
        var node = try? JSONSerialization.jsonObject(with: schema)  // nil says enough
        for name in ["properties", "decision", "properties", "events", "items", "anyOf"] {
            node = (node as? [String: Any])?[name]
        }
        let events = node as? [[String: Any]]
        return events.map { events in
            Set(
                events.compactMap {
                    let properties = $0["properties"] as? [String: [String: Any]]
                    return properties?["type"]?["const"] as? String
                })
        }
    }

    @Test(arguments: MessageType.all)
    func `a type has a schema with its name as title`(_ type: MessageType) throws {
        #expect(try Self.schema("\(type.name).json")["title"] as? String == type.name)
    }

    @Test func `a schema belongs to a type`() throws {
        let names = Set(MessageType.all.map { "\($0.name).json" })
        for file in try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        where file.hasPrefix("muster.") {
            #expect(names.contains(file), "\(file) belongs to no message")
        }
    }

    @Test func `the forbidden code points are those of the program`() throws {
        let names = try Self.schema("names.json")
        let ranges = try #require(names["forbidden"] as? [[String: String]])
        let read = ranges.map { range in
            UInt32(range["from"] ?? "", radix: 16)...UInt32(range["to"] ?? "", radix: 16)
        }
        #expect(read == NameError.forbiddenRanges)
        #expect(names["bytesMax"] as? Int == NameError.bytesMax)
    }

    @Test func `the words of enumerations are the core's`() {
        func check<Word: WireWord & CaseIterable & RawRepresentable>(_ type: Word.Type)
        where Word.RawValue == String {
            #expect(Word.words.all == Word.allCases.map(\.rawValue))
            for value in Word.allCases {
                #expect(Word.words.word(for: value).description == value.rawValue)
            }
        }
        check(Role.self)
        check(MemberRole.self)
        check(Capabilities.Seed.self)
        check(Capabilities.VersionSource.self)
        check(ServerState.self)
        check(CommandFailure.Code.self)
        check(Policy.Mode.self)
        check(Policy.JoinPolicy.self)
        check(Request.Override.self)
        check(Command.AddedRole.self)
        check(Command.CopyScope.self)
        check(Proof.Change.self)
        check(Saga.Kind.self)
        check(Saga.Reason.self)
        check(Step.Name.self)
        check(Event.GapReason.self)
        check(Event.RescheduleReason.self)
        check(Event.CancelReason.self)
        check(Event.ReleaseReason.self)
        check(Rule.self)
        check(Blindness.Kind.self)
        check(Tombstone.Reason.self)
        check(NodeState.Liveness.self)
        check(Membership.self)
        check(Refusal.Code.self)
        check(MessageType.Action.self)
        #expect(Topic.words.all == Topic.allCases.map(\.name))
    }

    @Test func `a refusal's codes in the schema are the core's`() throws {
        var node: Any? = try Self.schema("types.json")
        for name in ["$defs", "refusal", "properties", "code", "enum"] {
            node = (node as? [String: Any])?[name]
        }
        #expect(node as? [String] == Refusal.Code.allCases.map(\.rawValue))
    }
}

private func ... (left: UInt32?, right: UInt32?) -> ClosedRange<UInt32>? {
    guard let left, let right, left <= right else { return nil }
    return ClosedRange(uncheckedBounds: (left, right))
}
