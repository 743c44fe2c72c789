import MusterCore
import Testing

/// A pause, a hold or a request that is too old, which comes after each single decision of a
/// change, and ends soon or late: while a hold lasts nothing is commanded for the node, while a
/// pause lasts automation commands nothing, and in the end all is as without it.
@Suite struct StepBoundaryTests {
    /// What is disturbed.
    private struct Story {
        /// What has happened before.
        let prelude: String
        /// What begins the change.
        let begin: String
        let node: String
        /// Whether somebody asked for it: then a pause does not concern it.
        var isAsked: Bool { begin.hasPrefix("request") || begin.hasPrefix("leave") }
    }

    private static let three = "cluster n1 n2 n3 groups g1 g2\npolicy join=listed\nwait 45s"
    private static let four = "cluster n1 n2 n3 n4 groups g1 g2\npolicy join=listed\nwait 45s"
    private static let replica = three + "\nup n4\nrequest add n4 role=replica\nwait 60s"

    private static let stories = [
        Story(
            prelude: "cluster n1 n2 n3 groups g1 g2\npolicy join=open\nwait 5s", begin: "up n4",
            node: "n4"),
        Story(
            prelude: "engine external\ncluster n1 n2 n3 groups g1\npolicy join=open\nwait 5s",
            begin: "up n4", node: "n4"),
        Story(
            prelude: "cluster n1 n2 n3 n4 n5 groups g1 g2\npolicy join=listed removalDelay=30s\n"
                + "wait 5s", begin: "silence n5", node: "n5"),
        // A dead voter is replaced by a replica that stands beside it; each of them is held.
        Story(
            prelude: "cluster n1 n2 n3 groups g1\npolicy join=open removalDelay=30s\nwait 5s\n"
                + "up n4 role=replica\nwait 40s", begin: "silence n3", node: "n3"),
        Story(
            prelude: "cluster n1 n2 n3 groups g1\npolicy join=open removalDelay=30s\nwait 5s\n"
                + "up n4 role=replica\nwait 40s", begin: "silence n3", node: "n4"),
        // A voter comes back with an empty disk, or with a shorter log, and is replaced in place.
        Story(prelude: three + "\nsilence n3\nwait 30s", begin: "wipe n3", node: "n3"),
        Story(prelude: three + "\nsilence n3\nwait 45s", begin: "regress n3 900", node: "n3"),
        // What somebody asks for.
        Story(prelude: three + "\nup n4", begin: "request add n4 id=asked", node: "n4"),
        Story(
            prelude: four + "\nlead n4 g1\nwait 3s", begin: "request remove n4 id=asked",
            node: "n4"),
        Story(prelude: four, begin: "leave n4", node: "n4"),
        Story(prelude: replica, begin: "request promote n4 id=asked", node: "n4"),
        Story(
            prelude: "engine demote\n" + four + "\nlead n4 g1\nwait 3s",
            begin: "request demote n4 id=asked", node: "n4"),
        Story(prelude: three, begin: "request transfer g1 n2 id=asked", node: "n2"),
        Story(prelude: replica, begin: "request replace n3 n4 id=asked", node: "n3"),
        Story(prelude: replica, begin: "request replace n3 n4 id=asked", node: "n4"),
    ]

    private static let lengths: [Duration] = [.seconds(1), .seconds(7), .seconds(45)]

    private func run(
        _ story: Int, after count: UInt64?, _ action: Request.Action?, ago age: Duration = .zero
    ) throws -> ScriptWorld {
        var runner = ScriptRunner()
        _ = try runner.run(Self.stories[story].prelude)
        runner.world.output = []
        let begun = runner.world.chain
        if let count, let action { runner.world.interruption = (begun + count, action, age) }
        _ = try runner.run(Self.stories[story].begin)
        runner.world.wait(.seconds(300))
        return runner.world
    }

    /// The members of each group, and whether nobody waits for an answer.
    private func outcome(_ world: ScriptWorld) -> [String] {
        let waiting = world.state.requests.filter { $0.outcome == .accepted }
        return world.state.groups.map { group, known in
            let members = known.configuration?.members ?? []
            return "\(group): " + members.map { "\($0.node) \($0.role)" }.joined(separator: " ")
        } + waiting.map { "\($0.id) waits" }
    }

    /// Whatever comes, at every step boundary.
    ///
    /// - Parameter wrong: what is wrong with a world to which it came; empty: nothing.
    private func disturb(
        _ story: Int, _ action: Request.Action, ago age: Duration = .zero,
        wrong: (ScriptWorld) -> [String]
    ) throws {
        let calm = try run(story, after: nil, nil)
        #expect(calm.output.count > 5, "a change has more decisions than that")
        var count: UInt64 = 1
        while true {
            let world = try run(story, after: count, action, ago: age)
            if world.interruption != nil { break }
            let what = "\(action) after \(count) decisions"
            #expect(world.problems == [], "\(what)")
            #expect(world.output.filter { $0.hasPrefix("BROKEN") } == [], "\(what)")
            #expect(outcome(world) == outcome(calm), "\(what)")
            #expect(wrong(world) == [], "\(what)")
            count += 1
        }
        #expect(count > 3, "a change has more decisions than that")
    }

    @Test(arguments: stories.indices, lengths)
    func `a pause or a hold at each step boundary delays a change and alters nothing`(
        story: Int, length: Duration
    ) throws {
        let node = NodeID(unchecked: Self.stories[story].node)
        let isAsked = Self.stories[story].isAsked
        try disturb(story, .pause(lasting: length)) { world in
            isAsked ? [] : commands(of: world, length).map { "\($0.action)" }
        }
        try disturb(story, .hold(node: node, lasting: length)) { world in
            // Whom a group cannot spare is not held.
            if world.output.contains(where: { $0.contains("requestRejected interruption") }) {
                return []
            }
            let given = commands(of: world, length).filter { $0.node == node }
            return given.map { "\($0.action)" }
        }
    }

    @Test(arguments: stories.indices)
    func `a request that is too old is refused at each step boundary, and nothing else comes of it`(
        story: Int
    ) throws {
        let calm = try run(story, after: nil, nil).output
        let node = NodeID(unchecked: Self.stories[story].node)
        for action in [Request.Action.cancel(node: node), .remove(node: node)] {
            try disturb(story, action, ago: .seconds(61)) { world in
                let answers = world.output.filter { $0.contains(" interruption") }
                let isRefused =
                    answers.count == 1
                    && answers[0].hasSuffix("requestRejected interruption (expired)")
                let others = world.output.filter { !$0.contains(" interruption") }
                return (isRefused ? [] : answers) + (others == calm ? [] : ["another course"])
            }
        }
    }

    /// What was commanded while the pause or the hold lasted, but for looks, and for servers that
    /// must not run.
    private func commands(of world: ScriptWorld, _ length: Duration) -> [Command] {
        guard let began = world.interrupted else { return [] }
        return world.issued.filter {
            $0.at > began && $0.at < began + length && $0.command.action != .observeGroup
                && $0.command.action != .stopMember
        }.map(\.command)
    }
}
