import Foundation
import MusterAgent
import MusterCore
import MusterLog
import MusterTesting

extension FuzzTarget {
    /// An agent's local journal, as a file.
    static let localJournal = FuzzTarget(name: "local-journal", share: 5) { corpus in
        let seeds = AgentSeeds.notes
        let mutator = DocumentMutator(words: corpus.words)
        let file = FileManager.default.temporaryDirectory
            .appending(path: "muster-fuzz-\(UUID().uuidString)").path()
        let guardian = RemovedFile(path: file)
        return Body(
            draw: { dice in
                var bytes: [UInt8] = []
                for _ in 0...dice.pick(5) {
                    var note = seeds[dice.pick(seeds.count)]
                    if dice.happens(perMille: 500) {
                        note = mutator.mutate(note, &dice, donors: seeds)
                    }
                    note.removeAll { $0 == UInt8(ascii: "\n") }
                    let sum = SHA256.hash(of: note).description.prefix(16)
                    bytes += Array("\(sum) ".utf8) + note + [UInt8(ascii: "\n")]
                }
                if dice.happens(perMille: 400) { ByteMutator.change(&bytes, &dice) }
                return bytes
            },
            run: { bytes in
                try Data(bytes).write(to: URL(filePath: guardian.path))
                let journal = try LocalJournal(guardian.path)
                try demand(journal.length <= bytes.count, "it is longer than the file")
                let again = try LocalJournal(guardian.path)
                try demand(again.memory == journal.memory, "opened again it says something else")
                return journal.memory.notes.isEmpty ? .refused : .read
            })
    }

    /// What programs of operators and etcd answer.
    static let agentAnswers = FuzzTarget(name: "agent-answers", share: 60) { corpus in
        let seeds = AgentSeeds.answers
        let donors = seeds.map(\.bytes)
        let mutator = DocumentMutator(words: corpus.words)
        let reader = AnswerReader()
        return Body(
            draw: { dice in
                let (kind, seed) = seeds[dice.pick(seeds.count)]
                var bytes = mutator.mutate(seed, &dice, donors: donors)
                if kind == .http, dice.happens(perMille: 500) { ByteMutator.change(&bytes, &dice) }
                let number = AnswerReader.Kind.allCases.firstIndex(of: kind) ?? 0
                return [UInt8(number)] + bytes
            },
            run: { bytes in
                let kinds = AnswerReader.Kind.allCases
                let kind = kinds[Int(bytes.first ?? 0) % kinds.count]
                let rest = Array(bytes.dropFirst())
                guard let problem = reader.problem(with: rest, kind) else { return .read }
                try demandHarmless(problem, "the refusal")
                return .refused
            })
    }
}

/// A file that goes with its last holder.
private final class RemovedFile: Sendable {
    let path: String

    init(path: String) { self.path = path }

    deinit { unlink(path) }
}

private enum AgentSeeds {
    static let notes: [[UInt8]] = [
        #"{"note":"began","command":"1844:1:0123456789abcdef","node":"n1","store":"#
            + #""00000000000000000000000000000001","start":"3","action":"addMember","#
            + #""notAfter":1700000000000}"#,
        #"{"note":"ended","command":"1844:1:0123456789abcdef","result":"succeeded","detail":"","#
            + #""index":"77"}"#,
        #"{"note":"ended","command":"1844:1:0123456789abcdef","result":"failed","detail":"no","#
            + #""code":"rejected","retryable":false,"leaderHint":"n2"}"#,
        #"{"note":"reported","command":"1844:1:0123456789abcdef"}"#,
    ].map { Array($0.utf8) }

    static let answers: [(kind: AnswerReader.Kind, bytes: [UInt8])] = texts.map {
        (kind: $0.0, bytes: Array($0.1.utf8))
    }

    private static let texts: [(AnswerReader.Kind, String)] = [
        (
            .status,
            #"{"header":{"cluster_id":"17","member_id":"9","revision":"4","raft_term":"2"},"#
                + #""version":"3.5.9","dbSize":"24576","leader":"9","raftIndex":"8","#
                + #""raftTerm":"2","raftAppliedIndex":"8","errors":["memberID:9 alarm:NOSPACE "]}"#
        ),
        (
            .members,
            #"{"header":{"cluster_id":"17","member_id":"9"},"members":[{"ID":"9","#
                + #""name":"n1","peerURLs":["http://h:2380"],"clientURLs":["http://h:2379"]},{"ID":"10","#
                + #""peerURLs":["http://i:2380"],"isLearner":true}]}"#
        ),
        (
            .observation,
            #"{"blank":false,"engine":{"cluster":"17","recoveryEpoch":"0"},"list":[{"group":"g1","#
                + #""capabilities":{}}],"groups":[{"group":"g1","state":"leader","term":"3","#
                + #""leader":"n1","applied":"100"}],"member":"9","warnings":["w"]}"#
        ),
        (
            .metrics,
            "etcd_network_peer_received_bytes_total{From=\"8e9e05c52164694d\"} 1.2e+07\n"
                + "etcd_network_peer_received_bytes_total{From=\"9\"} 7\nother 1\n"
        ),
        (.http, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        (.http, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end"),
        (
            .http,
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\na;x=1\r\n0123456789\r\n0\r\n\r\n"
        ),
    ]
}
