import MusterCommandLine
import MusterCore
import MusterLog
import MusterManager
import MusterRuntime
import MusterWire

/// An audit of a copy of the journal: files of one value a line, one for each partition.
struct CopyAuditRun {
    private let call: Invocation
    private let copies: [JournalCopy]

    /// - Parameter texts: the files, with the number of their partition where it was given.
    init(_ call: Invocation, _ texts: [String]) throws {
        self.call = call
        copies = try texts.map { text throws(CommandError) in try JournalCopy(text) }
    }

    func view(_ wanted: ExpectedHeads) async throws -> AuditView {
        let expected = try await wanted.resolved {
            throw CommandError.usage(
                "a head needs its cluster where a copy is verified",
                advice: "give CLUSTER=SEQ:HASH, or --cluster")
        }
        var audit = JournalAudit(expectations: expected)
        var names: [Int32: String] = [:]
        let total = copies.reduce(Int64(0)) { $0 + ($1.file.length ?? 0) }
        let progress = ProgressBar(
            "verifying", total: total > 0 ? total : nil, call.context)
        defer { progress.end() }
        var done: Int64 = 0
        for copy in copies {
            let partition = try await copy.read(taken: Set(names.keys)) { batch in
                for index in batch.indices {
                    audit.read(batch[index], of: batch.partition.partition)
                }
                done += Int64(batch.bytes + batch.count)
                progress.update(done)
            }
            names[partition] = copy.file.name
        }
        if audit.reader.header == nil, audit.findings.isEmpty {
            throw CommandError(
                .notFound, "no line of \(copies[0].file.name) is a record of a journal",
                advice: "export the journal with one value a line; the guide on auditing says how")
        }
        audit.finish()
        if let name: ClusterID = try call.name(option: CommonOptions.cluster.name),
            audit.reader.index(of: name) == nil, audit.reader.rootless[name] == nil
        {
            throw Query.unknown(name)
        }
        return AuditView(audit) { position in
            "\(names[position.partition.partition] ?? "?"):\(position.offset)"
        }
    }
}

/// One partition's copy. A record's offset there is the number of its line.
private struct JournalCopy {
    let file: LineFile
    private let given: Int32?

    init(_ text: String) throws(CommandError) {
        let digits = text.prefix { ("0"..."9").contains($0) }
        if !digits.isEmpty, text.dropFirst(digits.count).first == "=", let number = Int32(digits) {
            given = number
            file = try LineFile(String(text.dropFirst(digits.count + 1)))
        } else {
            given = nil
            file = try LineFile(text)
        }
    }

    private static let batchSize = 1024
    /// How many lines are looked at to tell the partition.
    private static let looksMax = 100_000

    /// Hands out the records as batches of their partition, which the first chain that begins there
    /// tells.
    ///
    /// - Returns: the partition.
    func read(taken: Set<Int32>, _ body: (RecordBatch) -> Void) async throws -> Int32 {
        var partition = given
        var held: [[UInt8]] = []
        var first = 1
        var guess = PartitionGuess()
        func flush(_ partition: Int32) {
            let place = TopicPartition(.journal, partition)
            for start in stride(from: 0, to: held.count, by: Self.batchSize) {
                let lines = held[start..<min(start + Self.batchSize, held.count)]
                let records = lines.enumerated().map { index, line in
                    LogRecord(
                        position: Position(place, Offset(UInt64(first + start + index))),
                        appended: .zero, key: nil, headers: [], value: line.isEmpty ? nil : line)
                }
                body(RecordBatch.copying(records, of: place))
            }
            first += held.count
            held = []
        }
        try await file.read { line, _ in
            if partition == nil { guess.look(at: line) }
            held.append(line)
            if partition == nil, guess.isSure || held.count >= Self.looksMax {
                partition = try settle(guess, taken)
            }
            if let partition, held.count >= Self.batchSize { flush(partition) }
        }
        let found: Int32
        if let partition { found = partition } else { found = try settle(guess, taken) }
        flush(found)
        return found
    }

    private func settle(_ guess: PartitionGuess, _ taken: Set<Int32>) throws -> Int32 {
        guard let partition = guess.partition else {
            // Nothing in it is about any partition.
            return (0...).first { !taken.contains($0) } ?? 0
        }
        if taken.contains(partition) {
            throw CommandError.usage(
                "\(file.name) is partition \(partition), and so is another file",
                advice: "say which is which: --file PARTITION=FILE")
        }
        return partition
    }
}

/// Which partition the lines of a file are: that of the first cluster whose chain begins there.
private struct PartitionGuess {
    private var header: (value: JournalHeader, hash: Hash)?
    private var first: ClusterID?
    private(set) var isSure = false

    mutating func look(at line: [UInt8]) {
        if isSure { return }
        if header == nil, JournalHeader.begins(line) {
            // Another header than ours is a finding of the audit.
            guard let value = try? JournalHeader(line, reader: JSONReader()) else { return }
            header = (value, SHA256.hash(of: line))
        } else if let envelope = JournalEnvelope(of: line) {
            first = first ?? envelope.cluster
            if envelope.sequence.value == 1, envelope.previous == header?.hash {
                first = envelope.cluster
                isSure = true
            }
        }
    }

    var partition: Int32? {
        guard let header, let first else { return nil }
        return Partitioner.partition(of: first, count: header.value.partitions)
    }
}
