import MusterCommandLine
import MusterCore
import MusterLog
import MusterManager
import MusterRuntime
import MusterWire

/// What an audit found, as a result.
struct AuditView {
    private let audit: JournalAudit
    private let place: (Position) -> String
    var elapsed: Duration = .zero

    /// - Parameter place: how a place in the journal is called.
    init(_ audit: JournalAudit, place: @escaping (Position) -> String) {
        self.audit = audit
        self.place = place
    }

    /// What the process ends with.
    func exitCode(_ call: Invocation) throws -> ExitCode {
        let faults = audit.findings.filter { call.flag("strict") || !$0.kind.isHarmless }
        if audit.findingCount > audit.findings.count {
            call.output.note(
                "only the first \(audit.findings.count) of \(audit.findingCount) findings are shown"
            )
        }
        return faults.isEmpty ? .ok : .altered
    }

    private var verdict: String {
        if audit.findings.contains(where: { !$0.kind.isHarmless }) { return "altered" }
        return audit.findings.isEmpty ? "intact" : "intact, see below"
    }

    // MARK: The result

    private static let findingShape: ResultShape = .object([
        .init("place", .text, "where: TOPIC/PARTITION/OFFSET, or FILE:LINE", isOptional: true),
        .init("kind", .word(AuditFinding.Kind.allCases.map(\.rawValue)), "what is wrong"),
        .init("cluster", .text, "the cluster's name", isOptional: true),
        .init("seq", .id, "the decision", isOptional: true),
        .init("sentence", .text, "the same, for people"),
        .init("recorded", .array(.text), "the events that the record holds, as JSON"),
        .init("decided", .array(.text), "the events that are decided now, as JSON"),
        .init("manager", .text, "the process that wrote it", isOptional: true),
        .init("version", .text, "the version that it ran", isOptional: true),
    ])

    static let shape: ResultShape = .object([
        .init("verdict", .word(["intact", "intact, see below", "altered"]), "in short"),
        .init("records", .number, "journal records read"),
        .init("accepted", .number, "those that extend their cluster's chain"),
        .init("decided", .number, "those that were decided again"),
        .init("void", .number, "those that do not: they have never happened"),
        .init(
            "inputs",
            .object([
                .init("checked", .number, "inputs that are still in their topics"),
                .init("decided", .number, "those with a decision of their own"),
                .init("silent", .number, "those that had nothing to decide"),
                .init(
                    "unproved", .number, "those of which it cannot be told: they rest on heartbeats"
                ),
                .init("unreadable", .number, "those that lie in quarantine"),
                .init("pending", .number, "those that no manager has considered yet"),
                .init("skipped", .number, "those that were passed over"),
                .init("gone", .number, "those that retention has cut: nothing is said of them"),
            ]), "whether any input was passed over; only where the topics were read",
            isOptional: true),
        .init("elapsed", .duration, "how long it took"),
        .init("rate", .number, "records a second"),
        .init("findings", .array(findingShape), "what was found, in the order of reading"),
        .init(
            "voids",
            .array(
                .object([
                    .init(
                        "kind", .word(VoidKind.allCases.map(\.rawValue)), "why they are void"),
                    .init("count", .number, "how many"),
                    .init("meaning", .text, "the same, for people"),
                    .init("places", .array(.text), "where the first ones lie"),
                ])), "the void records, by kind"),
        .init(
            "clusters",
            .array(
                .object([
                    .init("cluster", .text, "the cluster's name"),
                    .init("partition", .number, "its journal partition"),
                    .init("seq", .id, "its newest decision"),
                    .init("at", .time, "when that was decided"),
                    .init("hash", .text, "the hash of its record"),
                    .init("findings", .number, "what was found of it"),
                    .init("head", .text, "to be kept, and given back with --expect"),
                ])), "the clusters, by name"),
    ])

    static let layout = ResultLayout(
        [
            .facts([
                .init(
                    "verdict", "verdict",
                    tones: ["intact": .good, "intact, see below": .warning, "altered": .bad]),
                .init("records", "records"), .init("accepted", "accepted"),
                .init("decided again", "decided"), .init("void", "void"),
                .init("inputs checked", "inputs.checked"),
                .init("inputs decided", "inputs.decided"),
                .init("inputs without effect", "inputs.silent"),
                .init("inputs unproved", "inputs.unproved"),
                .init("inputs in quarantine", "inputs.unreadable", wide: true),
                .init("inputs pending", "inputs.pending"),
                .init("inputs skipped", "inputs.skipped"),
                .init("inputs no longer there", "inputs.gone"),
                .init("time", "elapsed"), .init("records a second", "rate", wide: true),
            ]),
            .table(
                title: "findings", rows: "findings",
                columns: [
                    .init("PLACE", "place"), .init("KIND", "kind"), .init("CLUSTER", "cluster"),
                    .init("SEQ", "seq"), .init("WHAT", "sentence"),
                    .init("VERSION", "version", wide: true),
                    .init("MANAGER", "manager", wide: true),
                ], empty: "nothing was found"),
            .table(
                title: "void records", rows: "voids",
                columns: [
                    .init("KIND", "kind"), .init("COUNT", "count"), .init("MEANING", "meaning"),
                    .init("PLACES", "places"),
                ], empty: "no void records"),
            .table(
                title: "clusters", rows: "clusters",
                columns: [
                    .init("CLUSTER", "cluster"), .init("SEQ", "seq"), .init("DECIDED", "at"),
                    .init("FINDINGS", "findings"), .init("HEAD", "head"),
                    .init("PARTITION", "partition", wide: true),
                ], empty: "no clusters"),
        ], rows: "clusters", name: "head")

    var value: ResultValue {
        let milliseconds = max(1, elapsed.milliseconds)
        let void = audit.voidCounts.values.reduce(0, +)
        return .object([
            "verdict": .text(verdict), "records": .number(Int64(clamping: audit.recordCount)),
            "accepted": .number(Int64(clamping: audit.reader.acceptedCount)),
            "decided": .number(Int64(clamping: audit.decidedCount)),
            "void": .number(Int64(clamping: void)),
            "inputs": audit.inputCounts.map { Self.value($0) },
            "elapsed": .duration(elapsed),
            "rate": .number(Int64(clamping: audit.recordCount) * 1000 / milliseconds),
            "findings": .array(audit.findings.map { value($0) }),
            "voids": .array(voids), "clusters": .array(clusters),
        ])
    }

    private static func value(_ counts: InputCounts) -> ResultValue {
        func number(_ count: UInt64) -> ResultValue { .number(Int64(clamping: count)) }
        return .object([
            "checked": number(counts.seen), "decided": number(counts.decided),
            "silent": number(counts.silent), "unproved": number(counts.unproved),
            "unreadable": number(counts.unreadable), "pending": number(counts.pending),
            "skipped": number(counts.skipped), "gone": number(counts.gone),
        ])
    }

    private func value(_ finding: AuditFinding) -> ResultValue {
        var sentence = finding.sentence
        let (recorded, decided) = (finding.recorded, finding.decided)
        if finding.kind == .decidedOtherwise {
            sentence += "; recorded: \(Self.words(recorded)); now: \(Self.words(decided))"
            if let version = finding.manager?.version, version != Table.program.version {
                sentence += "; this is version \(Table.program.version)"
            }
            if recorded.map(Wording.sentence) == decided.map(Wording.sentence) {
                sentence += Self.difference(recorded, decided)
            }
        } else if !decided.isEmpty {
            sentence += ": \(Self.words(decided))"
        }
        return .object([
            "place": finding.position.map { position in
                .text(
                    position.partition.topic == .journal
                        ? place(position) : CauseView.place(position))
            },
            "kind": .text(finding.kind.rawValue), "cluster": finding.cluster.map { .name($0) },
            "seq": finding.sequence.map { .id($0) }, "sentence": .text(sentence),
            "recorded": .texts(recorded.map { Self.json($0) }),
            "decided": .texts(decided.map { Self.json($0) }),
            "manager": finding.manager.map { .text("\($0.id)") },
            "version": finding.manager.map { .text($0.version) },
        ])
    }

    private static func words(_ events: [Event]) -> String {
        if events.isEmpty { return "nothing" }
        let shown = events.prefix(3).map { Wording.sentence($0) }
        let rest = events.count > 3 ? " and \(events.count - 3) more" : ""
        return shown.joined(separator: ", ") + rest
    }

    /// What stands where events that read alike differ.
    private static func difference(_ recorded: [Event], _ decided: [Event]) -> String {
        guard let pair = zip(recorded, decided).first(where: { $0 != $1 }) else { return "" }
        return "; in full \(json(pair.0)), now \(json(pair.1))"
    }

    private static func json(_ event: Event) -> String {
        var writer = JSONWriter(capacity: 512)
        event.write(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private var voids: [ResultValue] {
        VoidKind.allCases.compactMap { kind in
            guard let count = audit.voidCounts[kind] else { return nil }
            let places = audit.voids.filter { $0.kind == kind }.prefix(20).map { record in
                place(record.position)
            }
            return .object([
                "kind": .text(kind.rawValue), "count": .number(Int64(clamping: count)),
                "meaning": .text(Self.meaning(kind)), "places": .texts(places),
            ])
        }
    }

    private static func meaning(_ kind: VoidKind) -> String {
        switch kind {
        case .lostRace: "another record was accepted at their place"
        case .repeated: "word for word a record before them"
        case .orphan: "they extend a record that is not there"
        case .homeless: "they belong to no chain of this partition"
        case .header: "another header than the first"
        case .noRecord: "no records of a journal"
        }
    }

    private var clusters: [ResultValue] {
        audit.reader.sorted.map { cluster in
            let state = cluster.state
            return .object([
                "cluster": .name(state.id), "partition": .number(Int64(cluster.partition)),
                "seq": .id(state.head.sequence), "at": .time(state.at),
                "hash": .text("\(state.head.hash)"),
                "findings": .number(audit.findings.count { $0.cluster == state.id }),
                "head": .text(ExpectedHeads.text(state.id, state.head)),
            ])
        }
    }
}
