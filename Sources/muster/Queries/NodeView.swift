import MusterCommandLine
import MusterCore
import MusterWire

/// One node as part of a result: what `nodes`, `node` and `at` show.
struct NodeView {
    let state: ClusterState
    let record: MemberRecord
    let node: NodeState

    /// nil when the cluster knows no such node.
    init?(_ state: ClusterState, _ id: NodeID) {
        guard let record = MemberRecord(state, id), let node = state.nodes[id] else { return nil }
        self.state = state
        self.record = record
        self.node = node
    }

    static func all(of state: ClusterState) -> [ResultValue] {
        state.nodes.keys.compactMap { NodeView(state, $0)?.value }
    }

    static let groupShape: ResultShape = .object([
        .init("group", .text, "the group's name"),
        .init(
            "role", .word(MemberRole.allCases.map(\.rawValue)),
            "what the node is in the committed configuration", isOptional: true),
        .init("leads", .flag, "whether it was last observed to lead"),
        .init(
            "sync", .word(["notStarted", "syncing", "synced", "failed"]),
            "how far the copy of the group's data is", isOptional: true),
        .init("source", .text, "from whom the data is copied", isOptional: true),
        .init("syncSince", .time, "since when it is copied", isOptional: true),
        .init("index", .id, "the entry up to which the copy reaches", isOptional: true),
        .init("syncError", .text, "why copying failed", isOptional: true),
        .init("attempts", .number, "how often it failed", isOptional: true),
    ])

    /// The same with what was heard of the group just now.
    static let heardGroupShape: ResultShape = {
        guard case .object(let fields) = groupShape else { return groupShape }
        return .object(
            fields + [
                .init(
                    "server", .word(ServerState.allCases.map(\.rawValue)),
                    "what its agent says of its server", isOptional: true),
                .init(
                    "match", .id, "the last entry that its leader knows it to have",
                    isOptional: true),
                .init("committed", .id, "the last entry that is committed", isOptional: true),
                .init("lag", .number, "how many committed entries it lacks", isOptional: true),
                .init(
                    "contact", .duration, "how long ago its leader last had contact with it",
                    isOptional: true),
                .init("healthy", .flag, "whether it counts as a healthy voter", isOptional: true),
            ])
    }()

    static let shape: ResultShape = .object([
        .init("cluster", .text, "the cluster's name"),
        .init("node", .text, "the node's name"),
        .init("membership", .word(Membership.allCases.map(\.rawValue)), "what it is"),
        .init("status", .word(NodeState.Liveness.allCases.map(\.rawValue)), "whether it is heard"),
        .init("statusSince", .time, "since when"),
        .init("role", .word(Role.allCases.map(\.rawValue)), "what it is meant to be"),
        .init(
            "standing", .array(.text),
            "its groups in short: a star where it leads, else what it is if no voter"),
        .init("groups", .array(groupShape), "its groups, by name"),
        .init("removalDue", .time, "when its removal is due", isOptional: true),
        .init("refusal", RefusalView.shape, "why it may not take part", isOptional: true),
        .init("store", .text, "the identity of its disk"),
        .init("start", .id, "how often a process was started on that disk"),
        .init("boot", .text, "the identity of its process"),
        .init("address", .text, "where it can be reached", isOptional: true),
        .init("zone", .text, "its failure domain", isOptional: true),
        .init("started", .time, "when its newest start was announced"),
        .init("returned", .time, "when it came back from silence", isOptional: true),
        .init("heldUntil", .time, "until when automation leaves it alone", isOptional: true),
        .init("flapScore", .number, "how often it came and went, as of its newest decision"),
        .init("damped", .flag, "whether that was too often to count on it"),
        .init("seq", .id, "the decision as of which this holds"),
    ])

    static let columns: [ResultLayout.Column] = [
        .init("NODE", "node"),
        .init(
            "MEMBERSHIP", "membership",
            tones: ["member": .good, "removing": .warning, "removed": .dim]),
        .init(
            "STATUS", "status", tones: ["up": .good, "suspect": .warning, "down": .bad]),
        .init("SINCE", "statusSince"),
        .init("ROLE", "role"),
        .init("GROUPS", "standing"),
        .init("REMOVAL", "removalDue"),
        .init("WHY NOT", "refusal.code"),
        .init("CLUSTER", "cluster", wide: true),
        .init("STORE", "store", wide: true),
        .init("START", "start", wide: true),
        .init("BOOT", "boot", wide: true),
        .init("ADDRESS", "address", wide: true),
        .init("ZONE", "zone", wide: true),
        .init("STARTED", "started", wide: true),
        .init("RETURNED", "returned", wide: true),
        .init("HELD UNTIL", "heldUntil", wide: true),
        .init("FLAP SCORE", "flapScore", wide: true),
        .init("SEQ", "seq", wide: true),
    ]

    static let groupColumns: [ResultLayout.Column] = [
        .init("GROUP", "group"), .init("ROLE", "role"), .init("LEADS", "leads"),
        .init("SYNC", "sync"), .init("FROM", "source"), .init("SINCE", "syncSince"),
        .init("INDEX", "index"), .init("ERROR", "syncError"),
        .init("ATTEMPTS", "attempts", wide: true),
    ]

    var value: ResultValue {
        .object([
            "cluster": .name(record.cluster), "node": .name(record.node),
            "membership": .text(record.membership.rawValue),
            "status": .text(record.liveness.rawValue),
            "statusSince": .time(record.livenessSince), "role": .text(record.role.rawValue),
            "standing": .texts(Wording.standing(record)),
            "groups": .array(record.groups.map { Self.value($0) }),
            "removalDue": record.removalDue.map { .time($0) },
            "refusal": record.refusal.map { RefusalView.value($0) },
            "store": .text("\(record.store)"), "start": .id(record.start),
            "boot": .text("\(node.boot)"),
            "address": record.address.isEmpty ? nil : .text(record.address),
            "zone": record.zone.isEmpty ? nil : .text(record.zone),
            "started": .time(node.started), "returned": node.returned.map { .time($0) },
            "heldUntil": node.hold.map { .time($0.until) },
            "flapScore": .number(node.flaps.points(at: state.at)),
            "damped": .flag(node.flaps.isDamped(at: state.at)),
            "seq": .id(record.sequence),
        ])
    }

    static func value(_ entry: MemberRecord.GroupEntry) -> ResultValue {
        var sync: (word: String, source: ResultValue?, since: ResultValue?)?
        var index: ResultValue?
        var failure: (reason: ResultValue, attempts: ResultValue)?
        switch entry.sync {
        case nil: break
        case .notStarted: sync = ("notStarted", nil, nil)
        case .syncing(let source, let since): sync = ("syncing", .name(source), .time(since))
        case .synced(let end):
            sync = ("synced", nil, nil)
            index = .id(end)
        case .failed(let reason, let attempts):
            sync = ("failed", nil, nil)
            failure = (.text(reason), .number(Int64(attempts)))
        }
        return .object([
            "group": .name(entry.group), "role": entry.role.map { .text($0.rawValue) },
            "leads": .flag(entry.leader), "sync": sync.map { .text($0.word) },
            "source": sync?.source, "syncSince": sync?.since, "index": index,
            "syncError": failure?.reason, "attempts": failure?.attempts,
        ])
    }
}
