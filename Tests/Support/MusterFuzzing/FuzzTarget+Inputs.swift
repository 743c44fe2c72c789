import MusterCore
import MusterLog
import MusterTesting
import MusterWire

extension FuzzTarget {
    /// The records of the input topics: headers, CloudEvents in both modes, data.
    static let inputs = FuzzTarget(name: "inputs", share: 400) { corpus in
        let maker = InputMaker(corpus)
        let judge = InputJudge()
        return Body(
            draw: { maker.record(&$0).bytes }, run: { try judge.judge(FuzzRecord($0)) })
    }
}

/// Makes inputs out of golden ones.
struct InputMaker: Sendable {
    private let seeds: [FuzzRecord]
    private let donors: [[UInt8]]
    private let mutator: DocumentMutator
    private let types: [[UInt8]]

    init(_ corpus: FuzzCorpus) {
        let binary = corpus.records(on: .events, .requests, .heartbeats)
        let structured = binary.map { record in
            let event =
                #"{"specversion":"1.0","id":"e-1","source":"/n","type":""# + Self.type(record)
                + #"","correlationid":"c-1","data":"#
            return FuzzRecord(
                topic: record.topic,
                headers: [
                    Header(
                        name: Array("content-type".utf8),
                        value: Array("application/cloudevents+json".utf8))
                ], value: Array(event.utf8) + (record.value ?? []) + Array("}".utf8))
        }
        seeds = binary + binary + structured
        donors = seeds.compactMap(\.value)
        mutator = DocumentMutator(words: corpus.words)
        types = MessageType.all.map { Array($0.name.utf8) }
    }

    private static func type(_ record: FuzzRecord) -> String {
        let header = record.headers.first { $0.name == Array("ce_type".utf8) }
        return String(decoding: header?.value ?? [], as: UTF8.self)
    }

    /// A golden one as it is, or changed.
    func record(_ dice: inout SeededGenerator) -> FuzzRecord {
        var record = seeds[dice.pick(seeds.count)]
        if dice.happens(perMille: 20) { return record }
        if !dice.happens(perMille: 100) {
            record.value = mutator.mutate(record.value ?? [], &dice, donors: donors)
        }
        if dice.happens(perMille: 250) { change(&record.headers, &dice) }
        if dice.happens(perMille: 20) {
            record.topic = [.events, .requests, .heartbeats][dice.pick(3)]
        }
        if dice.happens(perMille: 5) { record.value = nil }
        if dice.happens(perMille: 5) {
            record.value = [UInt8](repeating: UInt8(ascii: " "), count: 65_000 + dice.pick(800))
        }
        return record
    }

    private func change(_ headers: inout [Header], _ dice: inout SeededGenerator) {
        guard !headers.isEmpty else { return }
        let place = dice.pick(headers.count)
        switch dice.pick(9) {
        case 0: headers.remove(at: place)
        case 1: headers.append(headers[place])
        case 2: headers[place].value = nil
        case 3: headers[place].value = []
        case 4:
            headers[place].value = DocumentMutator.texts[dice.pick(DocumentMutator.texts.count)]
        case 5:
            var value = headers[place].value ?? []
            ByteMutator.change(&value, &dice)
            headers[place].value = value
        case 6:
            if let type = headers.firstIndex(where: { $0.name == Array("ce_type".utf8) }) {
                headers[type].value = types[dice.pick(types.count)]
            }
        case 7: ByteMutator.change(&headers[place].name, &dice)
        default:
            let name = Array("ce_x\(dice.pick(3))".utf8)
            headers.append(Header(name: name, value: Array("1".utf8)))
        }
    }
}

/// What must hold of every input, whatever it is.
final class InputJudge {
    private let reader = InputReader()
    private let json = JSONReader()
    private let origin = EventOrigin(id: "e-1", source: "/n")

    func judge(_ input: FuzzRecord) throws -> FuzzTarget.Tally {
        let incoming: InputReader.Incoming
        do throws(UnreadableInput) {
            incoming = try reader.read(
                input.topic, key: nil, headers: input.headers, value: input.value)
        } catch {
            try judge(error, input)
            return .refused
        }
        let again = incoming.message.outgoing(origin)
        do {
            let read = try reader.read(
                again.topic, key: again.key, headers: again.headers, value: again.value)
            try demand(read.message == incoming.message, "written and read again it is another")
        } catch let error as UnreadableInput {
            throw FuzzFailure("written again it is refused: \(error)")
        }
        try judgeJournaled(incoming, input)
        try judgeSign(incoming.message, input)
        return .read
    }

    /// What goes to quarantine says why, holds every byte, and is read as it was written.
    private func judge(_ error: UnreadableInput, _ input: FuzzRecord) throws {
        try demandHarmless(error.description, "the refusal")
        let record = QuarantineRecord(
            error, at: Position(TopicPartition(input.topic, 0), Offset(7)), key: nil,
            headers: input.headers, value: input.value, sha256: SHA256.hash(of: input.value ?? []))
        let size = (input.value?.count ?? 0)
        try demand(
            size > QuarantineRecord.keptMax / 2 || record.value == input.value,
            "its quarantine record lacks bytes")
        let read = try json.read(record.outgoing().value ?? [], .exact) {
            root throws(JSONReadError) in try QuarantineRecord(reading: root)
        }
        try demand(read == record, "its quarantine record is read as another")
        if let offset = error.offset {
            try demand(0...size ~= offset, "the offset \(offset) lies outside of it")
        }
    }

    /// What the journal holds of it is decided again as the same input.
    private func judgeJournaled(_ incoming: InputReader.Incoming, _ input: FuzzRecord) throws {
        let event = incoming.event.structuredForm(value: input.value ?? [])
        do {
            let read = try reader.read(input.topic, causeEvent: event)
            try demand(read.message == incoming.message, "its journaled form is another input")
            try demand(
                read.correlation == incoming.correlation,
                "its journaled form has another correlation")
        } catch let error as JSONReadError {
            throw FuzzFailure("its journaled form cannot be read: \(error)")
        }
    }

    /// The quick way of reading signs of life gives what the whole way gives.
    private func judgeSign(_ message: InputMessage, _ input: FuzzRecord) throws {
        guard input.topic == .heartbeats, let value = input.value else { return }
        var plain = PlainHeaders()
        for header in input.headers {
            header.name.withUnsafeBytes { name in
                if let value = header.value {
                    value.withUnsafeBytes { plain.note(name, $0) }
                } else {
                    plain.note(name, nil)
                }
            }
        }
        let quick = value.withUnsafeBytes { reader.signOfLife(plain, keyBytes: 0, value: $0) }
        if let quick { try demand(quick == message, "read the quick way it is another") }
    }
}
