import MusterCore
import Testing

/// Every kind of request on whatever it should not be asked of: what each is answered, with the
/// code and the whole sentence. A line that comes out otherwise fails the test.
@Suite struct RefusalTableTests {
    /// What is asked of a node, `N` being its name.
    private static let requests = [
        "add N", "remove N", "replace N", "replace n3 N", "promote N", "demote N",
        "transfer g1 N", "cancel N", "extend N 60s", "retry N", "hold N for=10m", "release N",
        "adopt N", "forget N",
    ]

    /// The situations, and who is asked about in each.
    private static let situations: [(name: String, script: String, node: String)] = [
        ("a node that does not exist", calm, "n9"),
        ("a node that is being removed", calm + "\nholdup n1\nrequest remove n4\nwait 3s", "n4"),
        (
            "a node that is joining",
            "engine demote\ncluster n1 n2 n3 groups g1 g2\npolicy join=listed\nwait 45s\nup n4\n"
                + "holdup n4\nrequest add n4\nwait 3s", "n4"
        ),
        ("a node that is held", calm + "\nrequest hold n4 for=10m\nwait 3s", "n4"),
        ("a node that a person removed", calm + "\nrequest remove n4\nwait 10s", "n4"),
        (
            "a node with another cluster's data",
            "data own\nengine demote\ncluster n1 n2 n3 groups g1 g2\npolicy join=listed\nwait 45s\n"
                + "up n4 applied=5 data=other\nwait 3s", "n4"
        ),
        (
            "a cluster without a policy", "engine demote\ncluster n1 n2 n3 n4 groups g1 g2\nwait 45s",
            "n4"
        ),
        ("a cluster that does not exist", "", "n4"),
    ]

    private static let calm =
        "engine demote\ncluster n1 n2 n3 n4 groups g1 g2\npolicy join=listed\nwait 45s"

    /// How a request is answered in a situation.
    private static func answer(_ request: String, after script: String) throws -> String {
        var runner = ScriptRunner()
        _ = try runner.run(script)
        _ = try runner.run("request \(request) id=asked")
        let record = runner.world.state.requests.last { $0.id.text == "asked" }
        #expect(runner.world.problems == [] && !runner.world.output.contains { $0.hasPrefix("BR") })
        switch record?.outcome {
        case .rejected(let refusal): return "\(refusal.code.rawValue): \(refusal.sentence)"
        case .failed(let refusal): return "done, \(refusal.code.rawValue): \(refusal.sentence)"
        case .accepted: return "begun"
        case .completed: return "done"
        case nil: return "no answer"
        }
    }

    @Test func `each request on a node that it does not fit is refused by its own code and numbers`()
        throws
    {
        var lines: [String] = []
        for situation in Self.situations {
            lines.append("== \(situation.name)")
            for request in Self.requests {
                let words = request.replacing("N", with: situation.node)
                lines.append("\(words): " + (try Self.answer(words, after: situation.script)))
            }
        }
        print(lines.joined(separator: "\n"))
        for (line, wanted) in zip(lines, Self.expected.split(separator: "\n")) {
            #expect(line == wanted)
        }
        #expect(lines.count == Self.expected.split(separator: "\n").count)
    }

    private static let expected = """
        """

    /// What is asked for, after what, and the answer.
    private static let others: [(request: String, script: String, answer: String)] = [
        ("add n1 groups=g1,g9", calm, "unknownGroup"),
        ("transfer g9 n2", calm, "unknownGroup"),
        ("transfer g9 n2", calm + "\nrequest hold n2", "unknownGroup"),
        ("add n1 groups=g9", "", ""),
        ("promote n4 version=7", calm, ""),
        ("resume", calm, ""),
        ("pause for=25h", calm, ""),
        ("hold n4 for=0s", calm, ""),
        ("hold n3", calm + "\nrequest hold n4\nsilence n2\nwait 30s", ""),
        ("approve 4711", calm, ""),
        ("adopt", "", ""),
        ("adopt n9", calm, ""),
        ("retry n4", calm, ""),
        ("remove n4", calm + "\nholdup n1\nrequest remove n3", ""),
        ("remove n3", calm + "\nholdup n1\nrequest remove n4\nwait 1s", ""),
        ("demote n3", calm + "\nholdup n1\nrequest remove n4\nwait 1s", ""),
        ("remove n4", calm + "\nholdup n1\nrequest remove n4 id=first", ""),
        ("cancel n4", calm + "\nholdup n1\nrequest remove n4", ""),
        ("cancel n4", calm + "\nrequest remove n4\nwait 10s", ""),
        ("remove n2 version=4", calm + "\nrequest remove n4\nwait 10s", ""),
        ("remove n1", "cluster n1 groups g1\npolicy join=listed\nwait 5s", ""),
        (
            "approve past",
            "cluster n1 n2 n3 n4 n5 groups g1\npolicy join=listed removal=propose\nwait 10s\nsilence n5\n"
                + "wait 360s\nreturn n5\nwait 10s", ""
        ),
        (
            "approve first",
            "cluster n1 n2 n3 n4 n5 groups g1\npolicy join=listed removal=propose\nwait 10s\nsilence n5\n"
                + "wait 360s\nrequest hold n5", ""
        ),
        (
            "approve first",
            "cluster n1 n2 n3 n4 n5 groups g1\npolicy join=listed removal=propose\nwait 10s\nsilence n5\n"
                + "wait 360s\nsilence n4\nwait 5s\nsilence n3", ""
        ),
    ]

    @Test func `what is wrong with a request otherwise is named with what is so`() throws {
        for (request, script, wanted) in Self.others {
            let answer = try Self.answer(request, after: script)
            print("\(request) | \(answer)")
            #expect(answer == wanted, "\(request)")
        }
    }
}
