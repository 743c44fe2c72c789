import Foundation
import MusterCore
import MusterWire
import Testing

/// Documents that another program made from the schemas: those that are valid are read, those that
/// were broken are refused with the place of the trouble.
///
/// The file named by MUSTER_GENERATED (Tests/Python/generate.py makes it) has one object a line:
/// `message`, the name of the schema without "muster." and ".v1"; `valid`; `document`, the data;
/// and for a broken one `pointer`, the place that was broken, where that is one place.
struct GeneratedDocumentTests {
    private static let file = ProcessInfo.processInfo.environment["MUSTER_GENERATED"]

    @Test(.enabled(if: file != nil))
    func `documents made from the schemas are read, and broken ones are refused`() throws {
        let lines = try String(contentsOfFile: try #require(Self.file), encoding: .utf8)
            .split(separator: "\n")
        var counts = (valid: 0, broken: 0)
        for line in lines {
            let text = Array(line.utf8)
            let (name, isValid) = try JSONReader().read(text, .exact) {
                value throws(JSONReadError) in
                var object = try value.object()
                return (
                    try object.required("message").string(), try object.required("valid").bool()
                )
            }
            let document = try #require(Self.part(["document"], of: text))
            let type = try #require(MessageType(name: "muster.\(name).v1"))
            let topic = try #require(type.topics.first)
            let refusal = Self.refusal(of: document, type, topic)
            if isValid {
                counts.valid += 1
                #expect(refusal == nil, "\(refusal.map(\.description) ?? ""): \(line)")
            } else {
                counts.broken += 1
                #expect(refusal?.pointer != nil || refusal?.offset != nil, "accepted: \(line)")
            }
        }
        #expect(counts.valid > 0 && counts.broken > 0)
    }

    private static func part(_ path: [StaticString], of text: [UInt8]) -> [UInt8]? {
        text.withUnsafeBytes { bytes in
            JSONSource.range(at: path, in: bytes).map { [UInt8](bytes[$0]) }
        }
    }

    private static func refusal(
        of document: [UInt8], _ type: MessageType, _ topic: Topic
    ) -> UnreadableInput? {
        let event = CloudEvent(id: "1", source: "/generated", type: type.name)
        do {
            _ = try InputReader().read(topic, key: nil, headers: event.headers, value: document)
            return nil
        } catch {
            return error
        }
    }
}
