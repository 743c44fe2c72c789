import MusterAgent
import MusterCore
import Testing

/// Services that are looked at from outside.
@Suite struct WatchTests {
    private let node = NodeID(unchecked: "n1")

    private func kind(_ fact: Fact?) -> String {
        switch fact {
        case .nodeReportedUp: "up"
        case .nodeReportedDown: "down"
        default: "-"
        }
    }

    @Test
    func `a service is up at once, down after failures in a row, and said again now and then`() {
        var loop = WatchLoop(
            observer: Principal(unchecked: "w"), failuresMax: 3, repeatEvery: .seconds(60))
        var said: [String] = []
        let results: [String?] =
            [nil, nil, "x", "x", nil, "x", "x", "x", "x", nil] + Array(repeating: nil, count: 12)
        for (second, failure) in results.enumerated() {
            said.append(kind(loop.probed(node, failure: failure, now: .seconds(second * 6))))
        }
        #expect(
            said == [
                "up", "-", "-", "-", "-", "-", "-", "down", "-", "up", "-", "-", "-", "-", "-", "-",
                "-", "-", "-", "up", "-", "-",
            ])
    }

    @Test func `an opinion that was not taken is said at the next look`() {
        var loop = WatchLoop(observer: Principal(unchecked: "w"))
        #expect(kind(loop.probed(node, failure: nil, now: .zero)) == "up")
        loop.unsaid(node)
        #expect(kind(loop.probed(node, failure: nil, now: .seconds(1))) == "up")
    }

    @Test(arguments: [
        "", "n1", "ftp://h:1", "tcp://h", "tcp://:1", "http://u:p@h/", "http://h:0",
        "http://h:99999", "http://a b/",
    ])
    func `a URL that is none is refused`(_ url: String) {
        #expect(throws: LocalProblem.self) { _ = try Probe(node: node, url: url) }
    }

    @Test func `an https URL is not asked in plain text where nobody said whom to trust`()
        async throws
    {
        let failure = try await Probe(node: node, url: "https://127.0.0.1:9").look(
            limit: .seconds(2), security: nil)
        #expect(failure == "it is asked by https, and nobody said whom to trust")
    }

    @Test func `nobody listens there, and that is said`() async throws {
        // A port that nobody has: discard, not served on any machine that tests run on.
        let failure = try await Probe(node: node, url: "tcp://127.0.0.1:9").look(
            limit: .seconds(2), security: nil)
        #expect(failure == "Connection refused")
    }
}
