import MusterCommandLine
import MusterCore
import MusterRuntime

/// What became of a request, or would become of it.
struct RequestOutcome {
    enum Word: String, CaseIterable {
        /// A dry run: it would be accepted.
        case possible
        /// Appended, and nobody waited for more.
        case appended
        /// No manager has answered within the time limit.
        case unanswered
        /// Accepted, and under way when the time limit passed.
        case accepted
        case completed
        case rejected
        /// Accepted, and not carried out in the end.
        case failed
    }

    let cluster: ClusterID
    let request: RequestID
    var word: Word
    var refusal: Refusal?
    var proofs: [Proof] = []
    var events: [Event] = []
    var sequence: MusterCore.Sequence?
    var at: Timestamp?
    var version: MembershipVersion?
    var position: Position?

    init(cluster: ClusterID, request: RequestID, _ word: Word) {
        self.cluster = cluster
        self.request = request
        self.word = word
    }

    /// Takes in what a decision says of the request.
    ///
    /// - Returns: whether nothing more is to come.
    mutating func take(_ events: [Event]) -> Bool {
        var isOver = false
        for event in events {
            switch event {
            case .requestAccepted(let id, _) where id == request:
                word = .accepted
            case .requestRejected(let id, let refusal, _) where id == request:
                word = .rejected
                self.refusal = refusal
                isOver = true
            case .requestCompleted(let id, let refusal) where id == request:
                word = refusal == nil ? .completed : .failed
                self.refusal = refusal
                isOver = true
            default: break
            }
        }
        proofs += events.flatMap { Wording.proofs($0) }
        self.events += events.filter { !isAnswer($0) }
        return isOver
    }

    /// Whether an event says of the request what the outcome says already.
    private func isAnswer(_ event: Event) -> Bool {
        switch event {
        case .requestAccepted(let id, _), .requestRejected(let id, _, _),
            .requestCompleted(let id, _):
            id == request
        default: false
        }
    }

    /// The refusals that say that something named does not exist.
    private static let absences: [Refusal.Code] = [.unknownNode, .unknownGroup]

    var exitCode: ExitCode {
        switch word {
        case .possible, .appended, .completed: .ok
        case .unanswered, .accepted: .timedOut
        case .rejected, .failed:
            refusal.map { Self.absences.contains($0.code) } == true ? .notFound : .conflict
        }
    }

    var sentence: String {
        let id = "request \(request.text)"
        let why = refusal.map { ": " + Wording.sentence($0) } ?? ""
        return switch word {
        case .possible: "\(id) would be accepted; nothing was appended"
        case .appended: "\(id) is appended; `muster log -f` shows what becomes of it"
        case .unanswered:
            "\(id) is appended, and no manager has answered yet; start one with `muster manager`, "
                + "or look at `muster status`"
        case .accepted: "\(id) is accepted and still under way; `muster log -f` shows how it ends"
        case .completed: "\(id) is done"
        case .rejected: "\(id) is refused\(why)"
        case .failed: "\(id) was accepted and has failed\(why)"
        }
    }

    static let exitCodes: [ExitCode] = [.notFound, .conflict, .notPermitted, .timedOut]

    static let shape: ResultShape = .object([
        .init("cluster", .text, "the cluster's name"),
        .init("request", .text, "the request's id"),
        .init("outcome", .word(Word.allCases.map(\.rawValue)), "what became of it"),
        .init("sentence", .text, "the same, for people"),
        .init("refusal", RefusalView.shape, "why not", isOptional: true),
        .init("seq", .id, "the newest decision about it", isOptional: true),
        .init("at", .time, "when that was decided", isOptional: true),
        .init(
            "membershipVersion", .id, "the version that the answer holds for", isOptional: true),
        .init("topic", .text, "where the request lies", isOptional: true),
        .init("partition", .number, "its partition", isOptional: true),
        .init("offset", .id, "its offset there", isOptional: true),
        .init("proofs", .array(RefusalView.proofShape), "the arithmetic behind the answer"),
        .init("seen", .array(.text), "what the arithmetic rests on, for people"),
        .init("events", .array(.text), "what was decided, or would be"),
        .init("instead", .text, "what can be asked for instead", isOptional: true),
    ])

    static let layout = ResultLayout(
        [
            .lines("sentence"),
            .table(title: nil, rows: "proofs", columns: RefusalView.proofColumns, empty: ""),
            .lines("seen"), .lines("events"), .lines("instead"),
            .facts([
                .init("decision", "seq", wide: true),
                .init("membership version", "membershipVersion"),
            ]),
        ], name: "request")

    private func seen(_ proof: Proof) -> String? {
        guard let leader = proof.leader, let version = proof.version, let age = proof.age else {
            return nil
        }
        return "seen: \(proof.group.text) led by \(leader.text) in term \(proof.term), "
            + "configuration \(version), \(Wording.length(age)) before"
    }

    /// A policy may be set aside knowingly; a rule of safety may not.
    private var instead: String? {
        guard let override = refusal?.code.override,
            let option = RequestOptions.option(of: override)
        else { return nil }
        return "instead: wait until that is over, or, knowing this, give --\(option) and a --reason"
    }

    var value: ResultValue {
        .object([
            "cluster": .name(cluster), "request": .name(request),
            "outcome": .text(word.rawValue), "sentence": .text(sentence),
            "refusal": refusal.map { RefusalView.value($0) },
            "seq": sequence.map { .id($0) }, "at": at.map { .time($0) },
            "membershipVersion": version.map { .id($0) },
            "topic": position.map { .text($0.partition.topic.name) },
            "partition": position.map { .number(Int64($0.partition.partition)) },
            "offset": position.map { .id($0.offset) },
            "proofs": .array(proofs.map { RefusalView.value($0) }),
            "seen": .texts(proofs.compactMap { seen($0) }),
            "events": .texts(events.map { Wording.sentence($0) }),
            "instead": instead.map { .text($0) },
        ])
    }
}
