import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime
import MusterWire

/// `rebase`: lets a cluster go on past a record of its chain that nobody can read.
///
/// No request: the managers stand still at that record, so nobody would decide one. The command
/// appends the next record of the chain itself, which changes nothing but says what it passes over.
enum RebaseCommand {
    static let command = Command(
        "rebase", "let a cluster go on past a damaged record, or without inputs that are gone",
        discussion: """
            A cluster stands still at a record of its chain that cannot be read. With --past the \
            chain goes on behind it, as if that record had decided nothing; what was decided from \
            it, commands too, is lost, so restore the record from a copy of the log if there is \
            one. Only for damage: a record of a newer version is read by that version.

            Managers stop where inputs are gone from the log before they were considered: retention \
            cut them, or the topic was made anew. Their last line names the partition and where \
            reading goes on; with --lost they are given up, which the journal of every cluster \
            concerned says. Restore the topic instead if there is a copy.
            """,
        examples: [
            .init("rebase --past 1843:2d71…4881 --reason \"bad disk\"", "what `status` names"),
            .init(
                "rebase --lost events/0:812 --reason \"retention was too short\"",
                "what a manager said when it stopped"),
        ],
        options: [
            CommonOptions.cluster,
            CommandOption(
                "past", value: "SEQ:HASH", .text,
                "the newest record of the chain, as `muster status` says it"),
            CommandOption(
                "lost", value: "TOPIC/PARTITION:NEXT", .text,
                "the inputs to give up, as the manager names them, apart by commas; all of a "
                    + "partition before NEXT"
            ),
            CommandOption(
                "reason", "m", value: "TEXT", .text, "why, for whoever reads the journal"),
            CommandOption(
                "as", value: "PRINCIPAL", .text, "who asks; without it the user's name",
                isSetting: true),
            CommandOption(
                flag: "dry-run", summary: "say what would be appended, and append nothing"),
        ],
        exitCodes: [.notFound, .conflict, .notPermitted],
        shape: .object([
            .init("cluster", .text, "the cluster's name", isOptional: true),
            .init("sentence", .text, "what was done, or would be"),
            .init("past", .text, "the record that is passed over: SEQ:HASH", isOptional: true),
            .init(
                "lost", .text, "the inputs given up: TOPIC/PARTITION:FROM-NEXT, apart by commas",
                isOptional: true),
            .init("seq", .id, "the record that goes on behind it", isOptional: true),
            .init("topic", .text, "where that lies", isOptional: true),
            .init("partition", .number, "its partition", isOptional: true),
            .init("offset", .id, "its offset there", isOptional: true),
            .init("decisions", .array(GivingUp.shape), "what says it in each cluster concerned"),
        ]),
        layout: ResultLayout(
            [
                .lines("sentence"),
                .facts([
                    .init("past", "past"), .init("lost", "lost"), .init("decision", "seq"),
                ]),
                .table(
                    title: nil, rows: "decisions",
                    columns: [.init("CLUSTER", "cluster"), .init("DECISION", "seq")], empty: ""),
            ],
            name: "seq")
    ) { call in
        let isDry = call.flag("dry-run")
        if isDry {
            return try await call.withLog(for: .read) { try await run(call, $0, isDry: true) }
        }
        return try await call.withExistingLog { try await run(call, $0, isDry: false) }
    }

    private static func run(
        _ call: Invocation, _ log: any EventLog, isDry: Bool
    ) async throws -> ExitCode {
        guard let lost = call.text("lost") else { return try await pass(call, log, isDry: isDry) }
        if call.text("past") != nil {
            throw CommandError.usage("--past and --lost are two things: ask for one at a time")
        }
        return try await GivingUp(call, log, isDry: isDry).run(lost)
    }

    private static func pass(
        _ call: Invocation, _ log: any EventLog, isDry: Bool
    ) async throws -> ExitCode {
        let query = try await Query(call, log)
        let past = try head(call)
        let stopped = try stopped(query)
        let state = stopped.state
        guard let beyond = stopped.beyond, beyond == past else {
            let newest = stopped.beyond.map { JournalTrouble.text($0) } ?? "none"
            throw CommandError(
                .conflict,
                """
                the newest record of the chain of cluster "\(state.id.text)" is \
                \(EscapedText(trusted: newest)), \
                not \(EscapedText(trusted: JournalTrouble.text(past)))
                """,
                advice: "look at what lies there before it is passed over: `muster status`")
        }
        let decision = try decision(
            call, .skipped(past.sequence, past.hash, reason: call.text("reason") ?? ""),
            at: max(state.at, query.newest ?? state.at))
        var position: Position?
        if !isDry { position = try await append(decision, past, stopped, log) }
        try call.show(value(state.id, past, position))
        return .ok
    }

    /// What this command itself puts into a journal: nothing is decided but the cause.
    static func decision(
        _ call: Invocation, _ cause: Decision.ManagerCause, at moment: Timestamp
    ) throws -> Decision {
        Decision(
            at: moment, cause: .manager(cause), considered: [], evidence: nil,
            principal: try RequestOptions.principal(call), correlation: "",
            manager: ManagerIdentity(
                id: Identifier(high: .random(in: 0...(.max)), low: .random(in: 0...(.max))),
                version: Table.program.version),
            events: [])
    }

    static func append(
        _ decision: Decision, _ past: Head, _ cluster: JournalReader.Cluster, _ log: any EventLog
    ) async throws -> Position {
        let record = JournalRecord(
            JournalEnvelope(extending: past, of: cluster.state.id), decision)
        let bytes = record.bytes
        let outgoing = record.outgoing(value: bytes, hash: SHA256.hash(of: bytes), cause: nil)
        let partition = TopicPartition(.journal, cluster.partition)
        let place = try await log.append(
            NewRecord(
                partition, key: outgoing.key, headers: outgoing.headers, value: outgoing.value))
        return Position(partition, place.offset)
    }

    /// The cluster that stands still at damage.
    private static func stopped(_ query: Query) throws -> JournalReader.Cluster {
        let name: ClusterID? = try query.call.name(option: CommonOptions.cluster.name)
        let all = query.projection.reader.sorted.filter { name == nil || $0.state.id == name }
        if all.isEmpty, let name { throw Query.unknown(name) }
        let found = all.filter { $0.stopped != nil }
        guard found.count == 1, let only = found.first else {
            throw CommandError(
                .conflict,
                found.isEmpty
                    ? "no cluster stands still at a record that cannot be read"
                    : "several clusters stand still: say which one with --cluster",
                advice: "`muster status` names the record")
        }
        guard case .damaged? = only.stopped else {
            throw CommandError(
                .conflict,
                """
                the next record of cluster "\(only.state.id.text)" \
                \(EscapedText(trusted: only.stopped?.description ?? ""))
                """,
                advice: "only damage is passed over")
        }
        return only
    }

    private static func head(_ call: Invocation) throws -> Head {
        let text = call.text("past") ?? ""
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if text.isEmpty {
            throw CommandError.usage(
                "say what is passed over: --past SEQ:HASH, or --lost TOPIC/PARTITION:NEXT",
                advice: "`muster status` names a record, a manager's last line lost inputs")
        }
        guard parts.count == 2, let sequence = UInt64(parts[0]), sequence > 0,
            let hash = Hash(hex: String(parts[1]))
        else {
            throw CommandError.usage(
                "--past needs SEQ:HASH, a number and 64 hex digits, not \"\(text)\"",
                advice: "`muster status` names the record")
        }
        return Head(sequence: MusterCore.Sequence(sequence), hash: hash)
    }

    private static func value(
        _ cluster: ClusterID, _ past: Head, _ position: Position?
    ) -> ResultValue {
        let sequence = past.sequence.next
        let sentence =
            position == nil
            ? "decision \(sequence) of cluster \(cluster.text) would pass over the damaged "
                + "\(past.sequence); nothing was appended"
            : "decision \(sequence) of cluster \(cluster.text) passes over the damaged "
                + "\(past.sequence); managers go on behind it"
        return .object([
            "cluster": .name(cluster), "sentence": .text(sentence),
            "past": .text(JournalTrouble.text(past)), "seq": .id(sequence),
            "topic": position.map { .text($0.partition.topic.name) },
            "partition": position.map { .number(Int64($0.partition.partition)) },
            "offset": position.map { .id($0.offset) }, "decisions": .array([]),
        ])
    }
}
