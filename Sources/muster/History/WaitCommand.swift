import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime

/// `wait`: until something is as wished.
enum WaitCommand {
    static let command = MusterCommandLine.Command(
        "wait", "wait until nodes, groups or a cluster are as wished",
        discussion: """
            A wish is node/NAME=WORD, where WORD is a membership (known, joining, member, leaving, \
            removing, removed) or a status (up, suspect, down); group/NAME=leader, when somebody \
            leads it; or cluster/NAME=configured, when it has a policy. Several wishes must all \
            hold at once. Ends with exit code 8 when the time limit passes first.
            """,
        examples: [
            .init("wait --for node/n4=member --timeout 5m", "until n4 has joined"),
            .init("wait --for node/n3=removed --for group/g1=leader", "until both hold"),
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
                        .init("WISH", "wish"), .init("HOLDS", "holds"), .init("IS", "found"),
                    ], empty: "")
            ], rows: "wishes", name: "wish")
    ) { call in
        let wishes = try call.texts("for").map { try Wish($0, call) }
        if wishes.isEmpty {
            throw CommandError.usage(
                "nothing to wait for", advice: "give --for node/NAME=member or the like")
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

    private static func wait(
        _ wishes: [Wish], _ call: Invocation, _ log: any EventLog
    ) async throws -> (Bool, [ResultValue]) {
        let clock = ContinuousClock()
        let end = clock.now + (call.duration("timeout") ?? .seconds(30))
        let query = try await Query(call, log)
        let follower = try await JournalFollower(query.projection, log)
        let chosen: ClusterID? = try call.name(option: CommonOptions.cluster.name)
        while true {
            let states = follower.states.filter { state in
                chosen.map { $0 == state.id } ?? true
            }
            if states.count > 1, chosen == nil { _ = try query.cluster() }
            let rows = wishes.map { $0.look(states.first) }
            if rows.allSatisfy(\.holds) || clock.now >= end {
                await follower.close()
                return (rows.allSatisfy(\.holds), rows.map(\.row))
            }
            _ = try await follower.next(waitingUpTo: min(end - clock.now, .seconds(1)))
        }
    }

    /// One thing that is to hold.
    private struct Wish {
        enum Thing {
            case node(NodeID, String)
            case leader(GroupID)
            case configured
        }

        let text: String
        let thing: Thing

        private static let words =
            Membership.allCases.map(\.rawValue) + NodeState.Liveness.allCases.map(\.rawValue)

        init(_ text: String, _ call: Invocation) throws {
            self.text = text
            let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
            let path = (sides.first ?? "").split(separator: "/", maxSplits: 1).map(String.init)
            guard sides.count == 2, path.count == 2 else { throw Self.wrong(text) }
            switch path[0] {
            case "node" where Self.words.contains(sides[1]):
                thing = .node(try call.name(path[1], "node"), sides[1])
            case "group" where sides[1] == "leader":
                thing = .leader(try call.name(path[1], "group"))
            case "cluster" where sides[1] == "configured":
                let _: ClusterID = try call.name(path[1], "cluster")
                thing = .configured
            default: throw Self.wrong(text)
            }
        }

        private static func wrong(_ text: String) -> CommandError {
            let list = EscapedText.joined(words.map { "\($0)" }, by: ", ")
            return .usage(
                "--for cannot be \"\(text)\"",
                advice: """
                    give node/NAME=WORD with one of \(list); group/NAME=leader; or \
                    cluster/NAME=configured
                    """)
        }

        func look(_ state: ClusterState?) -> (holds: Bool, row: ResultValue) {
            var found: [String] = []
            var holds = false
            switch thing {
            case .node(let node, let word):
                if let state, let membership = state.membership(of: node) {
                    found = [membership.rawValue]
                    found += state.nodes[node].map { [$0.liveness.rawValue] } ?? []
                }
                holds = found.contains(word)
            case .leader(let group):
                found = state?.groups[group]?.leader.map { [$0.text] } ?? []
                holds = !found.isEmpty
            case .configured:
                holds = state?.policy != nil
                found = [holds ? "configured" : "standalone"]
            }
            return (
                holds,
                .object(["wish": .text(text), "holds": .flag(holds), "found": .texts(found)])
            )
        }
    }
}
