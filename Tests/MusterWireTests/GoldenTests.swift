import Foundation
import MusterCore
import MusterWire
import Testing

/// The bytes of every message, as files that a person reads: no change of the wire format goes
/// unseen. With MUSTER_REWRITE=1 the files are written anew; look at the difference.
struct GoldenTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "golden")

    static let isRewriting = ProcessInfo.processInfo.environment["MUSTER_REWRITE"] == "1"

    @Test(arguments: GoldenMessages.all)
    func `a message has the bytes of its golden files`(_ golden: GoldenMessage) throws {
        let value = String(decoding: golden.record.value ?? [], as: UTF8.self) + "\n"
        let around = Self.around(golden.record)
        let valueFile = Self.folder.appending(path: "\(golden.name).json")
        let aroundFile = Self.folder.appending(path: "\(golden.name).headers")
        if Self.isRewriting {
            try FileManager.default.createDirectory(
                at: Self.folder, withIntermediateDirectories: true)
            try Data(value.utf8).write(to: valueFile)
            try Data(around.utf8).write(to: aroundFile)
        }
        #expect(try Data(contentsOf: valueFile) == Data(value.utf8))
        #expect(try Data(contentsOf: aroundFile) == Data(around.utf8))
    }

    @Test func `there is a golden file for every type and none too many`() throws {
        let types = Set(GoldenMessages.all.map(\.type))
        #expect(MessageType.all.filter { !types.contains($0) }.isEmpty)
        let names = Set(GoldenMessages.all.map(\.name))
        #expect(names.count == GoldenMessages.all.count)
        for file in try FileManager.default.contentsOfDirectory(atPath: Self.folder.path) {
            let name = file.replacingOccurrences(of: ".json", with: "")
                .replacingOccurrences(of: ".headers", with: "")
            #expect(names.contains(name), "\(file) belongs to no message")
        }
    }

    @Test(arguments: GoldenMessages.all)
    func `a record is one line that names its type`(_ golden: GoldenMessage) {
        let value = golden.record.value ?? []
        #expect(!value.contains { $0 < 0x20 })
        let type = golden.record.headers.first { $0.name == Array("ce_type".utf8) }?.value
        #expect(type == Array(golden.type.name.utf8))
        #expect(golden.type.topics.contains(golden.record.topic))
    }

    @Test func `every kind of event is among the samples`() throws {
        let schema = try Data(
            contentsOf: SchemaTests.folder.appending(path: "muster.decision.v1.json"))
        let known = try #require(SchemaTests.eventTypes(of: schema))
        #expect(Set(Sample.events.map { $0.typeName.description }) == known)
    }

    /// Key and headers, one a line.
    private static func around(_ record: OutgoingRecord) -> String {
        let key = record.key.map { "\"\(String(decoding: $0, as: UTF8.self))\"" } ?? "none"
        let headers = record.headers.map { header in
            let value = header.value.map { String(decoding: $0, as: UTF8.self) } ?? "none"
            return "\(String(decoding: header.name, as: UTF8.self)): \(value)\n"
        }
        return "topic: \(record.topic.name)\nkey: \(key)\n\n" + headers.joined()
    }
}
