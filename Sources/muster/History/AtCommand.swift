import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime

/// `at`: the projection as it was.
enum AtCommand {
    static let command = MusterCommandLine.Command(
        "at", "show the nodes and groups of a cluster as they were",
        discussion: """
            MOMENT is a decision's number, or a time: then the last decision whose record was \
            appended by then counts. Who was healthy then is not shown: signs of life are not \
            kept.
            """,
        examples: [
            .init("at 41", "as of decision 41"), .init("at 2026-03-01T14:03:00Z", "at that time"),
            .init("at 10m -o json", "ten minutes ago"),
        ],
        arguments: [CommandArgument("MOMENT", .text, "a decision's number, or a time")],
        options: [CommonOptions.cluster], exitCodes: [.notFound, .notPermitted], shape: shape,
        layout: ResultLayout(
            [
                .facts([
                    .init("cluster", "cluster"), .init("decision", "seq"),
                    .init("decided", "at"), .init("appended", "appended"),
                    .init("membership version", "membershipVersion"),
                    .init("hash", "hash", wide: true),
                ]),
                .table(
                    title: "nodes", rows: "nodes", columns: NodeView.columns, empty: "no nodes"),
                .table(
                    title: "groups", rows: "groups",
                    columns: GroupView.columns.filter {
                        !["healthy", "spare", "observed", "unusable.code"].contains($0.path)
                    }, empty: "no groups"),
            ], rows: "nodes", name: "node")
    ) { call in
        let moment = try Moment(call)
        return try await call.withLog(for: .read) { log in
            guard let found = try await find(moment, call, log) else {
                throw CommandError(
                    .notFound,
                    "the cluster has no decision as of \"\(call.argument("MOMENT") ?? "")\"",
                    advice: "`muster log` lists the decisions")
            }
            try call.show(value(found.state, found.appended))
            return .ok
        }
    }

    private static let shape: ResultShape = .object([
        .init("cluster", .text, "the cluster's name"),
        .init("seq", .id, "the decision"),
        .init("at", .time, "when it was decided"),
        .init("appended", .time, "when its record was appended"),
        .init("membershipVersion", .id, "counts changes of members, roles, floors and policy"),
        .init("hash", .text, "the hash of its record"),
        .init("nodes", .array(NodeView.shape), "the nodes, by name"),
        .init("groups", .array(GroupView.shape), "the groups, by name"),
    ])

    private enum Moment {
        case sequence(UInt64)
        case time(Timestamp)

        init(_ call: Invocation) throws {
            let text = call.argument("MOMENT") ?? ""
            if let number = UInt64(text), number > 0 {
                self = .sequence(number)
            } else if let time = TimeText.milliseconds(text, now: call.context.now()) {
                self = .time(Timestamp(milliseconds: time))
            } else {
                throw CommandError.usage(
                    "\"\(text)\" is neither a decision's number nor a time",
                    advice: "give for instance 41, 2026-03-01T14:03:00Z or 10m (ago)")
            }
        }
    }

    private typealias Found = (state: ClusterState, appended: Timestamp)

    /// Reading stops at the decision that was asked for.
    private struct Stop: Error {
        let state: ClusterState
        let appended: Timestamp
    }

    private static func find(
        _ moment: Moment, _ call: Invocation, _ log: any EventLog
    ) async throws -> Found? {
        let id = try await Query(call, log).cluster().id
        switch moment {
        case .sequence(let wanted):
            do {
                _ = try await History(call, log) { entry, state in
                    if entry.cluster == id, entry.sequence.value == wanted {
                        throw Stop(state: state, appended: entry.appended)
                    }
                    return false
                }
                return nil
            } catch let stop as Stop {
                return (stop.state, stop.appended)
            }
        case .time(let time):
            var newest: Timestamp?
            let history = try await History(call, log, ends: try await ends(log, time)) {
                entry, _ in
                if entry.cluster == id { newest = entry.appended }
                return false
            }
            guard let newest, let state = history.projection.reader.state(of: id) else {
                return nil
            }
            return (state, newest)
        }
    }

    /// Per journal partition the first record that was appended later.
    private static func ends(
        _ log: any EventLog, _ time: Timestamp
    ) async throws -> [Int32: Offset] {
        var ends: [Int32: Offset] = [:]
        for partition in 0..<Int32(try await Query.journalPartitions(log) ?? 0) {
            let place = TopicPartition(.journal, partition)
            // The header is read whatever the time.
            let first = try await log.range(of: place).lowerBound.next
            if let end = try await log.offset(of: place, since: time + .milliseconds(1)) {
                ends[partition] = max(end, first)
            }
        }
        return ends
    }

    private static func value(_ state: ClusterState, _ appended: Timestamp) -> ResultValue {
        .object([
            "cluster": .name(state.id), "seq": .id(state.head.sequence), "at": .time(state.at),
            "appended": .time(appended), "membershipVersion": .id(state.membershipVersion),
            "hash": .text("\(state.head.hash)"), "nodes": .array(NodeView.all(of: state)),
            "groups": .array(GroupView.all(of: state, nil, now: state.at)),
        ])
    }
}
