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

    private func expect(
        _ refusal: Refusal, _ sentence: String, _ place: SourceLocation = #_sourceLocation
    ) {
        #expect(refusal.sentence == sentence, sourceLocation: place)
    }

    @Test func `slots say their limit, of what, and who has them or waits`() {
        expect(
            Refusal(.learnerSlot, group: group, nodes: nodes, numbers: [2]),
            "g1 allows 2 learners; n3 n1 have the places")
        expect(
            Refusal(.learnerSlot, group: group, nodes: nodes, numbers: [1], text: "queue"),
            "g1 allows 1 learner, and n3 waits for the next place already")
        expect(
            Refusal(.learnerSlot, group: group, numbers: [1], text: "readonly"),
            "g1 allows 1 learner, and a readonly node may not take the last place")
        expect(
            Refusal(.syncSlot, group: group, nodes: nodes + nodes, numbers: [2]),
            "the cluster allows 2 copies at a time; n3 n1 gets them")
        expect(
            Refusal(.syncSlot, group: group, nodes: [nodes[0]], numbers: [1], text: "n1"),
            "n1 gives 1 copy at a time; n3 gets it")
    }

    @Test func `what ends by itself says when, and what does not says what to do`() {
        // 14:30 of some day.
        let until: Int64 = 20_000 * 86_400_000 + 52_200_000
        expect(
            Refusal(.held, nodes: nodes, numbers: [until]), "n3 is held until 14:30:00 UTC")
        expect(
            Refusal(.paused, numbers: [until + 5000]),
            "automation is paused until 14:30:05 UTC")
        expect(
            Refusal(.noTransferTarget, group: group, nodes: nodes, numbers: [-until]),
            "n3 leads g1 and no other voter may take it: n1 is held until 14:30:00 UTC")
        expect(
            Refusal(.storeChanged, nodes: nodes),
            "n3 came back with another disk; as a voter it could vote twice: replace it")
        expect(
            Refusal(.storeChanged, nodes: nodes, text: "data"),
            "the other disk that n3 came back with holds data; only a blank one comes in for the "
                + "one before")
        for edge in [Int64.min, .max] {
            let refusals = Refusal.Code.allCases.filter { $0 != .invalidPolicy }.map {
                Refusal($0, group: group, nodes: nodes, numbers: [edge, edge])
            }
            #expect(refusals.allSatisfy { !$0.sentence.isEmpty })
        }
    }

    @Test func `the sentences are those of the specification`() {
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
