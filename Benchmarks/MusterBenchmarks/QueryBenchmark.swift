internal import Foundation
internal import MusterCore
internal import MusterLog
internal import MusterSQLite
internal import MusterWire

/// How long `muster nodes` takes as a process of its own, from its start to its end.
package struct QueryBenchmark {
    private let directory: String
    private let program: String

    /// - Parameters:
    ///   - directory: an empty folder for the logs; the caller removes it.
    ///   - program: the path of the built `muster`.
    package init(directory: String, program: String) {
        self.directory = directory
        self.program = program
    }

    /// A log with one cluster of `nodes` nodes and, after them, `further` decisions; with a
    /// snapshot of the end where there are any.
    package func fill(_ name: String, nodes: Int, further: Int) async throws -> String {
        let path = "\(directory)/\(name).db"
        let log = try await SQLiteLog.open(path: path)
        try await log.createTopics(TopicSettings.standard(partitions: 1))
        let partition = TopicPartition(.journal, 0)
        let header = SampleChain.header.bytes
        _ = try await log.append(NewRecord(partition, key: nil, value: header))
        var chain = SampleChain(genesis: SHA256.hash(of: header), nodeCount: nodes)
        let count = nodes + 4 + further
        var last = Offset.zero
        for index in 0..<count {
            let record = NewRecord(partition, key: SampleChain.key, value: chain.next())
            if index % 4096 == 4095 || index == count - 1 {
                last = try await log.append(record).offset
            } else {
                log.submit(record) { _ in }
            }
        }
        if further > 0 { try await snapshot(chain.state, last, log) }
        await log.close()
        return path
    }

    private func snapshot(_ state: ClusterState, _ head: Offset, _ log: SQLiteLog) async throws {
        let snapshot = Snapshot(
            journalOffset: head.next, headOffset: head, foldVersion: Projection.foldVersion,
            state: state)
        let checkpoint = Checkpoint(
            partition: 0, positions: SortedMap(), journalFloor: head.next,
            foldVersion: Projection.foldVersion, clusters: [state.id])
        for record in [snapshot.outgoing(), checkpoint.outgoing()] {
            guard let record else { continue }
            _ = try await log.append(
                NewRecord(
                    TopicPartition(.snapshots, 0), key: record.key, headers: record.headers,
                    value: record.value))
        }
    }

    /// Runs `muster nodes -o json` and counts the milliseconds; the best of `rounds`.
    ///
    /// - Throws: when the program fails or its answer does not name `nodes` nodes.
    package func milliseconds(_ path: String, nodes: Int, rounds: Int) throws -> Double {
        try milliseconds(["nodes"], path, rounds: rounds) { answer in
            let found = answer.components(separatedBy: "\"membership\"").count - 1
            return found == nodes ? nil : "muster nodes named \(found) of \(nodes) nodes"
        }
    }

    /// Runs `muster why n5 -o json`, whose first decision lies at the log's start, far from the
    /// last ones of its group; the best of `rounds`.
    package func why(_ path: String, rounds: Int) throws -> Double {
        try milliseconds(["why", "n5"], path, rounds: rounds) { answer in
            let isThere = answer.contains("\"nodeStarted\"") && answer.contains("see --all")
            return isThere ? nil : "muster why does not tell the story of n5: \(answer)"
        }
    }

    private func milliseconds(
        _ words: [String], _ path: String, rounds: Int, trouble: (String) -> String?
    ) throws -> Double {
        var best = Double.infinity
        for _ in 0..<rounds {
            var answer = Data()
            let seconds = try Stopwatch.seconds {
                let process = Process()
                process.executableURL = URL(fileURLWithPath: program)
                process.arguments = words + ["-o", "json", "--log", "sqlite:\(path)"]
                let pipe = Pipe()
                process.standardOutput = pipe
                process.standardError = FileHandle.nullDevice
                try process.run()
                answer = pipe.fileHandleForReading.readDataToEndOfFile()
                process.waitUntilExit()
            }
            if let trouble = trouble(String(decoding: answer, as: UTF8.self)) {
                throw BenchmarkSettings.Failure(description: trouble)
            }
            best = min(best, seconds * 1000)
        }
        return best
    }
}
