import MusterCore
import MusterWire

/// What libFuzzer calls with every input.
///
/// Compiled by scripts/fuzz with -sanitize=fuzzer, and no part of the package. A promise that is
/// broken traps, which libFuzzer reports with the input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    CoverageFuzz.read(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

// libFuzzer runs one input after another on one thread.
nonisolated(unsafe) private let inputs = InputReader()
nonisolated(unsafe) private let events = CloudEventReader()
nonisolated(unsafe) private let decisions = JournalRecordReader()
nonisolated(unsafe) private let json = JSONReader()
private let origin = EventOrigin(id: "e-1", source: "/n")

/// The decoders of the wire: the first byte of an input says which one gets the rest.
enum CoverageFuzz {
    static func read(_ bytes: [UInt8]) {
        guard let kind = bytes.first else { return }
        let value = Array(bytes.dropFirst())
        switch kind % 8 {
        case 0: readInput(.events, value)
        case 1: readInput(.requests, value)
        case 2: readInput(.heartbeats, value)
        case 3: readDecision(value)
        case 4: readSnapshot(value)
        case 5: readCheckpoint(value)
        case 6: readCommand(value)
        default: readStructured(value)
        }
    }

    /// Binary mode: the type is the first line, as long as no schema says otherwise.
    private static func readInput(_ topic: Topic, _ bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: 10) else { return }
        func header(_ name: String, _ value: [UInt8]) -> Header {
            Header(name: Array(name.utf8), value: value)
        }
        let headers = [
            header("ce_specversion", Array("1.0".utf8)), header("ce_id", Array("e-1".utf8)),
            header("ce_source", Array("/n".utf8)), header("ce_type", Array(bytes[..<end])),
            header("content-type", Array("application/json".utf8)),
        ]
        check(topic, headers, Array(bytes[(end + 1)...]))
    }

    private static func readStructured(_ bytes: [UInt8]) {
        let headers = [
            Header(
                name: Array("content-type".utf8),
                value: Array("application/cloudevents+json".utf8))
        ]
        check(.events, headers, bytes)
    }

    private static func check(_ topic: Topic, _ headers: [Header], _ value: [UInt8]) {
        // What is refused goes to quarantine; that is looked at by muster-fuzz.
        guard let read = try? inputs.read(topic, key: nil, headers: headers, value: value) else {
            return
        }
        let again = read.message.outgoing(origin)
        let second = try? inputs.read(
            again.topic, key: again.key, headers: again.headers, value: again.value)
        precondition(second?.message == read.message, "written and read again it is another input")
        let event = read.event.structuredForm(value: value)
        let journaled = try? inputs.read(topic, causeEvent: event)
        precondition(journaled?.message == read.message, "its journaled form is another input")
    }

    private static func readDecision(_ bytes: [UInt8]) {
        guard let decision = try? decisions.decision(of: bytes, withEvent: true),
            let envelope = JournalEnvelope(of: bytes)
        else { return }
        let written = JournalRecord(envelope, decision).bytes
        let second = try? decisions.decision(of: written, withEvent: true)
        precondition(second == decision, "written and read again it is another decision")
    }

    private static func readSnapshot(_ bytes: [UInt8]) {
        guard let snapshot = try? Snapshot(bytes, reader: json),
            let written = snapshot.outgoing()?.value
        else { return }
        let second = try? Snapshot(written, reader: json)
        precondition(second == snapshot, "written and read again it is another snapshot")
    }

    private static func readCheckpoint(_ bytes: [UInt8]) {
        guard let checkpoint = try? Checkpoint(bytes, reader: json) else { return }
        let second = try? Checkpoint(checkpoint.outgoing().value ?? [], reader: json)
        precondition(second == checkpoint, "written and read again it is another checkpoint")
    }

    private static func readCommand(_ bytes: [UInt8]) {
        let command = try? json.read(bytes, .input) { root throws(JSONReadError) in
            try CommandRecord(reading: root, correlation: "")
        }
        guard let command else { return }
        let written = command.outgoing()
        let second = try? CommandRecord(
            headers: written.headers, value: written.value, reader: events)
        precondition(second == command, "written and read again it is another command")
    }
}
