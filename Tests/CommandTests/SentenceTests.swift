import MusterCore
import Testing

/// What a refusal says to a person.
@Suite struct SentenceTests {
    private let nodes = ["n3", "n1"].map(NodeID.init(unchecked:))
    private let group = GroupID(unchecked: "g1")

    @Test func `every code has a sentence of its own, with a name or a number in it`() {
        var seen: Set<String> = []
        for code in Refusal.Code.allCases {
            let refusal = Refusal(
                code, group: group, nodes: nodes, numbers: [11, 22, 33, 44], text: "a text")
            let sentence = refusal.sentence
            #expect(seen.insert(sentence).inserted, "\(code): \(sentence)")
            #expect(!sentence.hasSuffix(".") && sentence.count > 5, "\(code): \(sentence)")
            #expect(!sentence.contains("the node "), "\(code) names nobody: \(sentence)")
        }
    }

    @Test func `a refusal without its numbers still has a sentence`() {
        for code in Refusal.Code.allCases where code != .invalidPolicy {
            #expect(!Refusal(code).sentence.isEmpty, "\(code)")
        }
    }

    @Test func `the sentences are those of the specification`() {
        func expect(_ refusal: Refusal, _ sentence: String) {
            #expect(refusal.sentence == sentence)
        }
        expect(
            Refusal(.quorumNow, group: group, nodes: [nodes[1]], numbers: [1, 3, 2]),
            "g1 has 1 of 3 voters healthy (n1), 2 are needed to change anything")
        expect(
            Refusal(.stale, group: group, numbers: [14_000, 5000]),
            "the newest view of g1 is 14 s old (limit 5 s)")
        expect(
            Refusal(.stillInContact, group: group, nodes: nodes, numbers: [360_000, 200]),
            "n3's agent is silent for 6 m, but leader n1 of g1 reached n3 200 ms ago: the agent is "
                + "down, not the node")
        expect(
            Refusal(
                .notCaughtUp, group: group, nodes: nodes, numbers: [88_120, 91_007, 0, 10_000]),
            "n3 has 88120, 91007 was committed in g1; stable for 0 ms of 10 s")
        expect(
            Refusal(.expired, numbers: [10_800_000, 60_000]), "asked 3 h ago, valid for 1 m")
        expect(
            Refusal(.changed, numbers: [19, 18]), "the membership is at version 19, not 18")
        expect(
            Refusal(.floor, group: group, nodes: nodes, numbers: [2, 3]),
            "without n3, g1 has 2 voters, below the wanted 3")
    }
}
