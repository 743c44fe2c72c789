import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime
import MusterWire

/// `watch`: changes of the projection, as they come.
enum WatchCommand {
    static let command = MusterCommandLine.Command(
        "watch", "print changes of the membership as they come",
        discussion: """
            One line for each thing that is another than before: a node's membership, status, \
            groups or removal, a group's leader or members, a cluster's freeze. Runs until it is \
            stopped.
            """,
        examples: [
            .init("watch", "all clusters"), .init("watch -o jsonl --count 1", "the next change"),
        ],
        options: [
            CommonOptions.cluster,
            CommandOption(
                "count", "n", value: "COUNT", .number(1...Int64.max), "end after so many changes"),
        ],
        exitCodes: [.notFound, .notPermitted, .interrupted, .terminated], shape: shape
    ) { call in
        try await call.withLog(for: .read) { try await run(call, $0) }
        return .ok
    }

    private static let shape: ResultShape = .object([
        .init("time", .text, "when it was decided (RFC 3339)"),
        .init("cluster", .text, "the cluster's name"),
        .init("seq", .id, "the decision"),
        .init("kind", .word(["node", "group", "cluster"]), "what changed"),
        .init("name", .text, "its name"),
        .init("aspect", .text, "what of it"),
        .init("from", .text, "as it was; empty: it was not there"),
        .init("to", .text, "as it is; empty: it is gone"),
    ])

    private static let columns: [ResultLayout.Column] = [
        .init("TIME", "time", width: 24), .init("CLUSTER", "cluster", width: 8),
        .init("SEQ", "seq", wide: true, width: 5), .init("KIND", "kind", width: 5),
        .init("NAME", "name", width: 6), .init("WHAT", "aspect", width: 10),
        .init("FROM", "from", width: 10), .init("TO", "to"),
    ]

    private static func run(_ call: Invocation, _ log: any EventLog) async throws {
        let query = try await Query(call, log)
        query.sayFreshness()
        query.sayTroubles()
        let cluster: ClusterID? = try call.name(option: CommonOptions.cluster.name)
        let follower = try await JournalFollower(query.projection, log)
        let stream = ResultStream(call.output, columns, name: "name")
        var left = call.number("count") ?? .max
        while true {
            for entry in try await follower.next(waitingUpTo: .seconds(10))
            where cluster.map({ $0 == entry.cluster }) ?? true {
                for change in changes(entry) {
                    try stream.send(row(change, entry))
                    left -= 1
                    if left == 0 { return await follower.close() }
                }
            }
        }
    }

    private struct Aspect: Equatable {
        let kind: String
        let name: String
        let aspect: String
    }

    private typealias Change = (aspect: Aspect, from: String, to: String)

    private static func row(_ change: Change, _ entry: JournalFollower.Entry) -> ResultValue {
        .object([
            "time": .text(Wording.moment(entry.decision.at)), "cluster": .name(entry.cluster),
            "seq": .id(entry.sequence), "kind": .text(change.aspect.kind),
            "name": .text(change.aspect.name), "aspect": .text(change.aspect.aspect),
            "from": .text(change.from), "to": .text(change.to),
        ])
    }

    /// What is another than before, in the order of `aspects`.
    private static func changes(_ entry: JournalFollower.Entry) -> [Change] {
        let before = entry.before.map { aspects($0) } ?? []
        let after = aspects(entry.after)
        var changes: [Change] = []
        for (aspect, to) in after {
            let from = before.first { $0.0 == aspect }?.1 ?? ""
            if from != to { changes.append((aspect, from, to)) }
        }
        for (aspect, from) in before where !after.contains(where: { $0.0 == aspect }) {
            changes.append((aspect, from, ""))
        }
        return changes
    }

    private static func aspects(_ state: ClusterState) -> [(Aspect, String)] {
        var found: [(Aspect, String)] = []
        func add(_ kind: String, _ name: String, _ aspect: String, _ text: String?) {
            guard let text, !text.isEmpty else { return }
            found.append((Aspect(kind: kind, name: name, aspect: aspect), text))
        }
        add("cluster", state.id.text, "mode", state.policy == nil ? "standalone" : "cluster")
        add("cluster", state.id.text, "freeze", state.freeze.map { _ in "frozen" })
        for node in state.nodes.keys {
            guard let view = NodeView(state, node) else { continue }
            add("node", node.text, "membership", view.record.membership.rawValue)
            add("node", node.text, "status", view.record.liveness.rawValue)
            add("node", node.text, "start", view.record.start.description)
            add(
                "node", node.text, "groups",
                Wording.standing(view.record).joined(separator: " "))
            add("node", node.text, "removal", view.record.removalDue.map { Wording.moment($0) })
            add(
                "node", node.text, "held back",
                view.node.removal?.blocked.map { Wording.sentence($0) })
        }
        for (id, group) in state.groups {
            add("group", id.text, "leader", group.leader?.text)
            let members = group.configuration?.members ?? []
            add("group", id.text, "voters", group.voters.map(\.text).joined(separator: " "))
            add(
                "group", id.text, "learners",
                members.filter { $0.role == .learner }.map(\.node.text).joined(separator: " "))
        }
        return found
    }
}
