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
            "a cluster without a policy",
            "engine demote\ncluster n1 n2 n3 n4 groups g1 g2\nwait 45s",
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

    @Test
    func `each request on a node that it does not fit is refused by its own code and numbers`()
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
        for (line, wanted) in zip(lines, Self.expected.split(separator: "\n")) {
            #expect(line == wanted)
        }
        #expect(lines.count == Self.expected.split(separator: "\n").count)
    }

    private static let expected = """
        == a node that does not exist
        add n9: unknownNode: there is no node n9
        remove n9: unknownNode: there is no node n9
        replace n9: unknownNode: there is no node n9
        replace n3 n9: unknownNode: there is no node n9
        promote n9: unknownNode: there is no node n9
        demote n9: unknownNode: there is no node n9
        transfer g1 n9: unknownNode: there is no node n9
        cancel n9: unknownNode: there is no node n9
        extend n9 60s: unknownNode: there is no node n9
        retry n9: unknownNode: there is no node n9
        hold n9 for=10m: unknownNode: there is no node n9
        release n9: unknownNode: there is no node n9
        adopt n9: unknownNode: there is no node n9
        forget n9: unknownNode: there is no node n9
        == a node that is being removed
        add n4: busy: n4 is busy: a remove is under way
        remove n4: begun
        replace n4: busy: n4 is busy: a remove is under way
        replace n3 n4: alreadyMember: n4 is a member of g1 already
        promote n4: busy: n4 is busy: a remove is under way
        demote n4: busy: n4 is busy: a remove is under way
        transfer g1 n4: busy: n4 is busy: a remove is under way
        cancel n4: tooLate: the removal of n4 has gone too far to be cancelled
        extend n4 60s: busy: n4 is busy: a remove is under way
        retry n4: notStalled: nothing of n4 is stalled
        hold n4 for=10m: done
        release n4: notHeld: n4 is not held
        adopt n4: done
        forget n4: notGone: n4 is a member; remove it first
        == a node that is joining
        add n4: begun
        remove n4: begun
        replace n4: busy: n4 is busy: a join is under way
        replace n3 n4: begun
        promote n4: notMember: n4 is no member
        demote n4: notMember: n4 is no member
        transfer g1 n4: notMember: n4 is no member
        cancel n4: done
        extend n4 60s: busy: n4 is busy: a join is under way
        retry n4: notStalled: nothing of n4 is stalled
        hold n4 for=10m: done
        release n4: notHeld: n4 is not held
        adopt n4: notMember: n4 is no member
        forget n4: notGone: n4 is up; only what is gone can be forgotten
        == a node that is held
        add n4: held: n4 is held until 13:57:25 UTC
        remove n4: held: n4 is held until 13:57:25 UTC
        replace n4: held: n4 is held until 13:57:25 UTC
        replace n3 n4: alreadyMember: n4 is a member of g1 already
        promote n4: held: n4 is held until 13:57:25 UTC
        demote n4: held: n4 is held until 13:57:25 UTC
        transfer g1 n4: held: n4 is held until 13:57:25 UTC
        cancel n4: held: n4 is held until 13:57:25 UTC
        extend n4 60s: held: n4 is held until 13:57:25 UTC
        retry n4: held: n4 is held until 13:57:25 UTC
        hold n4 for=10m: done
        release n4: done
        adopt n4: held: n4 is held until 13:57:25 UTC
        forget n4: held: n4 is held until 13:57:25 UTC
        == a node that a person removed
        add n4: begun
        remove n4: notMember: n4 is no member
        replace n4: notMember: n4 is no member
        replace n3 n4: tombstoned: the disk of n4 was removed for good (request); add it by request
        promote n4: notMember: n4 is no member
        demote n4: notMember: n4 is no member
        transfer g1 n4: notMember: n4 is no member
        cancel n4: nothingToCancel: nothing is planned or under way for n4
        extend n4 60s: nothingToCancel: nothing is planned or under way for n4
        retry n4: notStalled: nothing of n4 is stalled
        hold n4 for=10m: done
        release n4: notHeld: n4 is not held
        adopt n4: notMember: n4 is no member
        forget n4: notGone: n4 is up; only what is gone can be forgotten
        == a node with another cluster's data
        add n4: foreign: n4 holds data of another cluster: other, epoch 2
        remove n4: notMember: n4 is no member
        replace n4: notMember: n4 is no member
        replace n3 n4: foreign: n4 holds data of another cluster: other, epoch 2
        promote n4: notMember: n4 is no member
        demote n4: notMember: n4 is no member
        transfer g1 n4: notMember: n4 is no member
        cancel n4: nothingToCancel: nothing is planned or under way for n4
        extend n4 60s: nothingToCancel: nothing is planned or under way for n4
        retry n4: notStalled: nothing of n4 is stalled
        hold n4 for=10m: done
        release n4: notHeld: n4 is not held
        adopt n4: notMember: n4 is no member
        forget n4: notGone: n4 is up; only what is gone can be forgotten
        == a cluster without a policy
        add n4: standalone: the cluster has no policy yet; configure it first
        remove n4: standalone: the cluster has no policy yet; configure it first
        replace n4: standalone: the cluster has no policy yet; configure it first
        replace n3 n4: standalone: the cluster has no policy yet; configure it first
        promote n4: standalone: the cluster has no policy yet; configure it first
        demote n4: standalone: the cluster has no policy yet; configure it first
        transfer g1 n4: standalone: the cluster has no policy yet; configure it first
        cancel n4: nothingToCancel: nothing is planned or under way for n4
        extend n4 60s: nothingToCancel: nothing is planned or under way for n4
        retry n4: notStalled: nothing of n4 is stalled
        hold n4 for=10m: standalone: the cluster has no policy yet; configure it first
        release n4: notHeld: n4 is not held
        adopt n4: standalone: the cluster has no policy yet; configure it first
        forget n4: notGone: n4 is a member; remove it first
        == a cluster that does not exist
        add n4: standalone: the cluster has no policy yet; configure it first
        remove n4: standalone: the cluster has no policy yet; configure it first
        replace n4: standalone: the cluster has no policy yet; configure it first
        replace n3 n4: standalone: the cluster has no policy yet; configure it first
        promote n4: standalone: the cluster has no policy yet; configure it first
        demote n4: standalone: the cluster has no policy yet; configure it first
        transfer g1 n4: unknownGroup: there is no group g1
        cancel n4: unknownNode: there is no node n4
        extend n4 60s: unknownNode: there is no node n4
        retry n4: unknownNode: there is no node n4
        hold n4 for=10m: standalone: the cluster has no policy yet; configure it first
        release n4: unknownNode: there is no node n4
        adopt n4: standalone: the cluster has no policy yet; configure it first
        forget n4: unknownNode: there is no node n4
        """

    /// The removal of n5 waits for somebody's approval.
    private static let proposed =
        "cluster n1 n2 n3 n4 n5 groups g1\npolicy join=listed removal=propose\nwait 10s\n"
        + "silence n5\nwait 360s"

    /// What is asked for, after what, and the answer.
    private static let others: [(request: String, script: String, answer: String)] = [
        (
            "add n1 groups=g1,g9", calm,
            "unknownGroup: there is no group g9"
        ),
        (
            "transfer g9 n2", calm,
            "unknownGroup: there is no group g9"
        ),
        (
            "transfer g9 n2", calm + "\nrequest hold n2",
            "unknownGroup: there is no group g9"
        ),
        (
            "add n1 groups=g9", "",
            "standalone: the cluster has no policy yet; configure it first"
        ),
        (
            "promote n4 version=7", calm,
            "changed: the membership is at version 5, not 7"
        ),
        (
            "resume", calm,
            "notHeld: automation is not paused"
        ),
        (
            "pause for=25h", calm,
            "outOfRange: 25 h is no time to hold or pause for; from 1 ms to 24 h"
        ),
        (
            "hold n4 for=0s", calm,
            "outOfRange: 0 ms is no time to hold or pause for; from 1 ms to 24 h"
        ),
        (
            "hold n3", calm + "\nrequest hold n4\nsilence n2\nwait 30s",
            "quorumAfter: with n3 held, g1 has 1 of 4 voters left that count (n1), 3 are needed"
        ),
        (
            "approve 4711", calm,
            "noProposal: there is no proposal 4711 to approve"
        ),
        (
            "adopt", "",
            "standalone: the cluster has no policy yet; configure it first"
        ),
        (
            "adopt n9", calm,
            "unknownNode: there is no node n9"
        ),
        (
            "retry n4", calm,
            "notStalled: nothing of n4 is stalled"
        ),
        (
            "remove n4", calm + "\nholdup n1\nrequest remove n3",
            "changeInFlight: g1 is changing (removeMember n3, 0 ms)"
        ),
        (
            "remove n3", calm + "\nholdup n1\nrequest remove n4\nwait 1s",
            "changeInFlight: g1 is changing (removeMember n4, 1 s)"
        ),
        (
            "demote n3", calm + "\nholdup n1\nrequest remove n4\nwait 1s",
            "changeInFlight: g1 is changing (removeMember n4, 1 s)"
        ),
        (
            "remove n4", calm + "\nholdup n1\nrequest remove n4 id=first",
            "begun"
        ),
        (
            "cancel n4", calm + "\nholdup n1\nrequest remove n4",
            "tooLate: the removal of n4 has gone too far to be cancelled"
        ),
        (
            "cancel n4", calm + "\nrequest remove n4\nwait 10s",
            "nothingToCancel: nothing is planned or under way for n4"
        ),
        (
            "remove n2 version=4", calm + "\nrequest remove n4\nwait 10s",
            "changed: the membership is at version 9, not 4"
        ),
        (
            "remove n1", "cluster n1 groups g1\npolicy join=listed\nwait 5s",
            "lastVoter: n1 is the last voter of g1"
        ),
        (
            "approve past", proposed + "\nreturn n5\nwait 10s",
            "noProposal: there is no proposal 10 to approve: the leader of a group is in contact with n5 again"
        ),
        (
            "approve past", proposed + "\nrequest hold n5 for=10m",
            "noProposal: there is no proposal 10 to approve: n5 is held until 14:02:50 UTC"
        ),
        (
            "approve past", proposed + "\nlag n3 9000\nlag n4 9000\nwait 5s",
            "noProposal: there is no proposal 10 to approve: g1 has 2 of 5 voters healthy (n1 n2), 3 are needed to change anything"
        ),
        (
            "approve first", proposed + "\nviews none\nwait 8s",
            "stale: the newest view of g1 is 8 s old (limit 5 s)"
        ),
    ]

    @Test func `what is wrong with a request otherwise is named with what is so`() throws {
        for (request, script, wanted) in Self.others {
            let answer = try Self.answer(request, after: script)
            #expect(answer == wanted, "\(request)")
        }
    }
}
