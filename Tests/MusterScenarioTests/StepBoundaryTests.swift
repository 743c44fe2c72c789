import MusterCore
import Testing

/// A pause or a hold that comes after each single decision of a change, and ends soon or late:
/// while it lasts automation commands nothing, and in the end all is as without it.
@Suite struct StepBoundaryTests {
    /// What is disturbed: the script, and how long it takes undisturbed.
    private static let stories: [(script: String, node: String)] = [
        ("cluster n1 n2 n3 groups g1 g2\npolicy join=open\nwait 5s\nup n4", "n4"),
        (
            "engine external\ncluster n1 n2 n3 groups g1\npolicy join=open\nwait 5s\nup n4", "n4"
        ),
        (
            "cluster n1 n2 n3 n4 n5 groups g1 g2\npolicy join=listed removalDelay=30s\nwait 5s\n"
                + "silence n5", "n5"
        ),
        // A dead voter is replaced by a replica that stands beside it, and the replica is held.
        (
            "cluster n1 n2 n3 groups g1\npolicy join=open removalDelay=30s\nwait 5s\n"
                + "up n4 role=replica\nwait 40s\nsilence n3", "n4"
        ),
        // A voter comes back with an empty disk, and is replaced in place.
        (
            "cluster n1 n2 n3 groups g1 g2\npolicy join=listed\nwait 10s\nsilence n3\nwait 30s\n"
                + "wipe n3", "n3"
        ),
    ]

    private static let lengths: [Duration] = [.seconds(1), .seconds(7), .seconds(45)]

    private func run(
        _ story: Int, after count: UInt64?, _ action: Request.Action?
    ) throws -> ScriptWorld {
        var runner = ScriptRunner()
        _ = try runner.run(Self.stories[story].script)
        let begun = runner.world.chain
        if let count, let action { runner.world.interruption = (begun + count, action) }
        runner.world.wait(.seconds(300))
        return runner.world
    }

    private func outcome(_ world: ScriptWorld) -> [String] {
        world.state.groups.map { group, known in
            let members = known.configuration?.members ?? []
            return "\(group): " + members.map { "\($0.node) \($0.role)" }.joined(separator: " ")
        }
    }

    @Test(arguments: stories.indices, lengths)
    func `a pause or a hold at each step boundary delays a change and alters nothing`(
        story: Int, length: Duration
    ) throws {
        let calm = try run(story, after: nil, nil)
        let node = NodeID(unchecked: Self.stories[story].node)
        let kinds: [Request.Action] = [
            .pause(lasting: length), .hold(node: node, lasting: length),
        ]
        for action in kinds {
            var count: UInt64 = 1
            while true {
                let world = try run(story, after: count, action)
                if world.interruption != nil { break }
                let what = "\(action) after \(count) decisions"
                #expect(world.problems == [], "\(what)")
                #expect(world.output.filter { $0.hasPrefix("BROKEN") } == [], "\(what)")
                #expect(outcome(world) == outcome(calm), "\(what)")
                #expect(commands(of: world, length).isEmpty, "\(what)")
                count += 1
            }
            #expect(count > 5, "a change has more decisions than that")
        }
    }

    /// What was commanded while the pause or the hold lasted, but for looks.
    private func commands(
        of world: ScriptWorld, _ length: Duration
    ) -> [Command.Action] {
        guard let began = world.interrupted else { return [] }
        return world.issued.filter {
            $0.at > began && $0.at < began + length && $0.command.action != .observeGroup
        }.map(\.command.action)
    }
}
