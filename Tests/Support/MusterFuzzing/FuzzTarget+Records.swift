import MusterCore
import MusterLog
import MusterTesting
import MusterWire

// What managers write and others read: the journal, commands, snapshots, checkpoints, views.

extension FuzzTarget {
    /// The records of the journal: envelope and decision.
    static let journal = FuzzTarget(name: "journal", share: 150) { corpus in
        let seeds = corpus.records(on: .journal).compactMap(\.value)
        let mutator = DocumentMutator(words: corpus.words)
        let reader = JournalRecordReader()
        let json = JSONReader()
        return Body(
            draw: { mutator.mutate(seeds[$0.pick(seeds.count)], &$0, donors: seeds) },
            run: { bytes in
                if JournalHeader.begins(bytes) {
                    return try again(
                        { () throws(JSONReadError) in try JournalHeader(bytes, reader: json) },
                        { try JournalHeader($0.bytes, reader: json) })
                }
                let envelope = JournalEnvelope(of: bytes)
                if let envelope {
                    try demand(bytes.starts(with: envelope.prefix), "the envelope is not canonical")
                }
                let decision: Decision
                do throws(DecisionError) {
                    decision = try reader.decision(of: bytes, withEvent: true)
                } catch {
                    try demandHarmless(error.description, "the refusal")
                    return .refused
                }
                guard let envelope else { return .read }
                let written = JournalRecord(envelope, decision).bytes
                let read = try reader.decision(of: written, withEvent: true)
                try demand(read == decision, "written and read again it is another decision")
                return .read
            })
    }

    /// What is folded of a journal that was damaged: the state that follows is written and read.
    static let fold = FuzzTarget(name: "fold", share: 50) { corpus in
        let seeds = corpus.values("decision")
        let mutator = DocumentMutator(words: corpus.words)
        let reader = JournalRecordReader()
        let json = JSONReader()
        let begin = try corpus.values("snapshot").map { try Snapshot($0, reader: json) }
        return Body(
            draw: { dice in
                let bytes = mutator.mutate(seeds[dice.pick(seeds.count)], &dice, donors: seeds)
                return [UInt8(dice.pick(256))] + bytes
            },
            run: { bytes in
                let value = Array(bytes.dropFirst())
                let decision: Decision
                do throws(DecisionError) {
                    decision = try reader.decision(of: value)
                } catch {
                    return .refused
                }
                var snapshot = begin[Int(bytes.first ?? 0) % begin.count]
                snapshot.state.evolve(decision, hash: SHA256.hash(of: value))
                guard let written = snapshot.outgoing()?.value else { return .read }
                let read = try? Snapshot(written, reader: json)
                try demand(read == snapshot, "the folded state is not read as it was written")
                return .read
            })
    }

    /// Snapshots, checkpoints, the members view, quarantine records.
    static let views = FuzzTarget(name: "views", share: 120) { corpus in
        let seeds = corpus.records(on: .snapshots, .members, .quarantine).filter {
            $0.value != nil
        }
        let donors = seeds.compactMap(\.value)
        let mutator = DocumentMutator(words: corpus.words)
        let json = JSONReader()
        return Body(
            draw: { dice in
                var record = seeds[dice.pick(seeds.count)]
                record.value = mutator.mutate(record.value ?? [], &dice, donors: donors)
                return record.bytes
            },
            run: { bytes in
                let record = FuzzRecord(bytes)
                let value = record.value ?? []
                switch record.topic {
                case .members:
                    return try again(
                        { () throws(JSONReadError) in
                            try json.read(value, .exact, MemberRecord.init(reading:))
                        },
                        {
                            let written = $0.outgoing(correlation: "c").value ?? []
                            return try json.read(written, .exact, MemberRecord.init(reading:))
                        })
                case .quarantine:
                    return try again(
                        { () throws(JSONReadError) in
                            try json.read(value, .exact, QuarantineRecord.init(reading:))
                        },
                        {
                            let written = $0.outgoing().value ?? []
                            return try json.read(written, .exact, QuarantineRecord.init(reading:))
                        })
                default: return try snapshotOrCheckpoint(value, json)
                }
            })
    }

    private static func snapshotOrCheckpoint(_ value: [UInt8], _ json: JSONReader) throws -> Tally {
        let tally = try again(
            { () throws(JSONReadError) in try Snapshot(value, reader: json) },
            { snapshot in
                guard let written = snapshot.outgoing()?.value else { return snapshot }
                return try Snapshot(written, reader: json)
            })
        if tally.read > 0 { return tally }
        return try again(
            { () throws(JSONReadError) in try Checkpoint(value, reader: json) },
            { try Checkpoint($0.outgoing().value ?? [], reader: json) })
    }

    /// The commands topic, as agents read it.
    static let commands = FuzzTarget(name: "commands", share: 80) { corpus in
        let seeds = corpus.records(on: .commands)
        let donors = seeds.compactMap(\.value)
        let mutator = DocumentMutator(words: corpus.words)
        let reader = CloudEventReader()
        return Body(
            draw: { dice in
                var record = seeds[dice.pick(seeds.count)]
                record.value = mutator.mutate(record.value ?? [], &dice, donors: donors)
                return record.bytes
            },
            run: { bytes in
                let record = FuzzRecord(bytes)
                let command: CommandRecord
                do throws(UnreadableInput) {
                    command = try CommandRecord(
                        headers: record.headers, value: record.value, reader: reader)
                } catch {
                    try demandHarmless(error.description, "the refusal")
                    return .refused
                }
                let written = command.outgoing()
                let read = try CommandRecord(
                    headers: written.headers, value: written.value, reader: reader)
                try demand(read == command, "written and read again it is another command")
                return .read
            })
    }

    /// Reads, and where that works writes and reads once more, which must give the same.
    private static func again<Value: Equatable>(
        _ read: () throws(JSONReadError) -> Value, _ rewritten: (Value) throws -> Value
    ) throws -> Tally {
        let value: Value
        do throws(JSONReadError) {
            value = try read()
        } catch {
            try demandHarmless(error.description, "the refusal")
            return .refused
        }
        let second: Value
        do {
            second = try rewritten(value)
        } catch {
            throw FuzzFailure("written again it is refused: \(error)")
        }
        try demand(second == value, "written and read again it is another")
        return .read
    }
}
