import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime

/// `wait`: until something is as wished.
enum WaitCommand {
    static let command = MusterCommandLine.Command(
        "wait", "wait until nodes, groups, changes or a cluster are as wished",
        discussion: """
            Wishes are: node/NAME=joined, or =WORD with a membership (known, joining, member, \
            leaving, removing, removed) or a status (up, suspect, down); group/NAME=leader, or \
            =healthy, when all its voters are; saga/NODE=ended, when no change of the node is \
            under way; request/ID=answered or =ended; cluster/NAME=configured, =thawed or =quiet; \
            seq=NUMBER, when that decision is reached.

            Several wishes must all hold at once. Ends with exit code 8 when the time limit passes \
            first; of a cluster, node or group that does not exist yet it waits for that too.
            """,
        examples: [
            .init("wait --for node/n4=joined --timeout 5m", "until n4 has joined"),
            .init("wait --for node/n3=removed --for group/g1=healthy", "until both hold"),
            .init("wait --for saga/n4=ended", "until the change of n4 is over, either way"),
            .init("wait --for seq=41", "until decision 41 is there"),
        ],
        options: [
            CommonOptions.cluster,
            CommandOption(
                "for", value: "WISH", .text, "what to wait for: node/NAME=WORD …", repeats: true),
            CommonOptions.timeout,
        ],
        exitCodes: [.notFound, .notPermitted, .timedOut], shape: shape,
        layout: ResultLayout(
            [
                .table(
                    title: nil, rows: "wishes",
                    columns: [
                        .init("WISH", "wish"),
                        .init("HOLDS", "holds", tones: ["yes": .good, "no": .warning]),
                        .init("IS", "found"),
                    ], empty: "")
            ], rows: "wishes", name: "wish")
    ) { call in
        let wishes = try call.texts("for").map { try Wish($0, call) }
        if wishes.isEmpty {
            throw CommandError.usage(
                "nothing to wait for", advice: "give --for node/NAME=joined or the like")
        }
        return try await call.withLog(for: .read) { log in
            let (holds, rows) = try await wait(wishes, call, log)
            try call.show(.object(["isMet": .flag(holds), "wishes": .array(rows)]))
            return holds ? .ok : .timedOut
        }
    }

    private static let shape: ResultShape = .object([
        .init("isMet", .flag, "whether all wishes hold"),
        .init(
            "wishes",
            .array(
                .object([
                    .init("wish", .text, "as it was given"),
                    .init("holds", .flag, "whether it holds"),
                    .init("found", .array(.text), "how it is"),
                ])), "in the order given"),
    ])

    private typealias Looks = [(wish: Wish, look: Wish.Look)]

    private static func wait(
        _ wishes: [Wish], _ call: Invocation, _ log: any EventLog
    ) async throws -> (Bool, [ResultValue]) {
        let clock = ContinuousClock()
        let end = clock.now + (call.duration("timeout") ?? .seconds(30))
        let query = try await Query(call, log)
        let follower = try await JournalFollower(query.projection, log)
        let live = LiveLines(call.context)
        defer { live.end() }
        let chosen: ClusterID? = try call.name(option: CommonOptions.cluster.name)
        while true {
            let all = follower.states
            if chosen == nil, all.count > 1, wishes.contains(where: { $0.cluster == nil }) {
                _ = try query.cluster()
            }
            var looks: Looks = []
            for wish in wishes {
                let name = wish.cluster ?? chosen
                let state = all.first { state in name.map { $0 == state.id } ?? true }
                looks.append((wish, try await look(wish, state, follower, query)))
            }
            let holds = looks.allSatisfy(\.look.holds)
            if holds || clock.now >= end {
                await follower.close()
                return (holds, looks.map { row($0.wish, $0.look) })
            }
            live.show(looks.map { line($0.wish, $0.look) })
            _ = try await follower.next(waitingUpTo: min(end - clock.now, .seconds(1)))
        }
    }

    private static func look(
        _ wish: Wish, _ state: ClusterState?, _ follower: JournalFollower, _ query: Query
    ) async throws -> Wish.Look {
        let now = max(
            state?.at ?? .zero, Timestamp(milliseconds: query.call.context.now()))
        var evidence = Evidence()
        if wish.hears, let state, let partition = follower.partition(of: state.id) {
            let loader = EvidenceLoader(log: query.log, state: state, partition: partition)
            evidence = try await loader.load(now: now)
        }
        return wish.look(state, evidence, now: now)
    }

    private static func row(_ wish: Wish, _ look: Wish.Look) -> ResultValue {
        .object([
            "wish": .text(wish.text), "holds": .flag(look.holds), "found": .texts(look.found),
        ])
    }

    private static func line(_ wish: Wish, _ look: Wish.Look) -> LiveLines.Line {
        let found = look.found.joined(separator: ", ")
        return LiveLines.Line(
            "waiting for \(wish.text): \(found)", look.holds ? .good : .plain)
    }
}
