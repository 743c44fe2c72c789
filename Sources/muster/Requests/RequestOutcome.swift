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
    let request: Request
    /// Whether nothing was appended: what is told is what would be.
    let isDry: Bool
    var word: Word
    var refusal: Refusal?
    var proofs: [Proof] = []
    var events: [Event] = []
    /// What is known of the node that the request is about, when it was decided.
    var about: [String] = []
    /// Where the change stands that the request waits for; empty when it is over.
    var steps: [ResultValue] = []
    var sequence: MusterCore.Sequence?
    var at: Timestamp?
    var appended: Timestamp?
    var version: MembershipVersion?
    /// As it was when that was decided; nil when there was none.
    var policy: Policy?
    var position: Position?
    /// How the request begins as a command line: `muster remove n3`.
    var line = ""

    init(cluster: ClusterID, request: Request, _ word: Word, isDry: Bool = false) {
        self.cluster = cluster
        self.request = request
        self.word = word
        self.isDry = isDry
    }

    /// Takes in what a decision says of the request.
    ///
    /// - Returns: whether nothing more is to come.
    mutating func take(_ events: [Event]) -> Bool {
        var isOver = false
        for event in events {
            switch event {
            case .requestAccepted(request.id, _):
                word = .accepted
            case .requestRejected(request.id, let refusal, _):
                word = .rejected
                self.refusal = refusal
                isOver = true
            case .requestCompleted(request.id, let refusal):
                word = refusal == nil ? .completed : .failed
                self.refusal = refusal
                isOver = true
            default: break
            }
        }
        for proof in events.flatMap({ Wording.proofs($0) }) { take(proof) }
        self.events += events.filter { !isNoise($0) }
        return isOver
    }

    /// Keeps of each change of each group the newest proof.
    private mutating func take(_ proof: Proof) {
        let old = proofs.firstIndex {
            $0.group == proof.group && $0.change == proof.change && $0.node == proof.node
        }
        if let old { proofs[old] = proof } else { proofs.append(proof) }
    }

    /// Whether an event says of the request what the outcome says already, or changes nothing.
    private func isNoise(_ event: Event) -> Bool {
        switch event {
        case .requestAccepted(request.id, _), .requestRejected(request.id, _, _),
            .requestCompleted(request.id, _), .observationAsked:
            true
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
        let what = Wording.asked(request.action)
        let why = refusal.map { " (\($0.code.rawValue)): \($0.sentence)" } ?? ""
        return switch word {
        case .possible: "\(what): possible; nothing was appended"
        case .appended: "\(what): appended; `muster log -f` shows what becomes of it"
        case .unanswered:
            "\(what): appended, and no manager has answered yet; start one with `muster manager`, "
                + "or look at `muster status`"
        case .accepted:
            "\(what): accepted and still under way; `muster wait --for "
                + "request/\(request.id.text)=ended` waits for its end"
        case .completed: "\(what): done" + took
        case .rejected: "\(what): refused\(why)" + (isDry ? "; nothing was appended" : "")
        case .failed: "\(what): accepted, and not done in the end\(why)"
        }
    }

    private var took: String {
        guard let at, let appended, at > appended else { return "" }
        return " after \(Wording.length(at - appended))"
    }

    // MARK: Result

    static let exitCodes: [ExitCode] = [.notFound, .conflict, .notPermitted, .timedOut]

    static let shape: ResultShape = .object([
        .init("cluster", .text, "the cluster's name"),
        .init("request", .text, "the request's id"),
        .init("outcome", .word(Word.allCases.map(\.rawValue)), "what became of it"),
        .init("sentence", .text, "the same, for people"),
        .init("refusal", RefusalView.shape, "why not", isOptional: true),
        .init("rule", .text, "the rule behind that", isOptional: true),
        .init("seq", .id, "the newest decision about it", isOptional: true),
        .init("at", .time, "when that was decided", isOptional: true),
        .init(
            "membershipVersion", .id, "the version that the answer holds for", isOptional: true),
        .init("topic", .text, "where the request lies", isOptional: true),
        .init("partition", .number, "its partition", isOptional: true),
        .init("offset", .id, "its offset there", isOptional: true),
        .init("proofs", .array(RefusalView.proofShape), "the arithmetic behind the answer"),
        .init("seen", .array(.text), "what the arithmetic rests on, for people"),
        .init("steps", .array(ChangeProgress.shape), "where an unfinished change stands"),
        .init("events", .array(.text), "what was decided, or would be"),
        .init("instead", .text, "what can be asked for instead", isOptional: true),
    ])

    static let layout = ResultLayout(
        [
            .lines("sentence"),
            .table(title: nil, rows: "proofs", columns: RefusalView.proofColumns, empty: ""),
            .lines("seen"), .lines("rule"),
            .table(title: nil, rows: "steps", columns: ChangeProgress.columns, empty: ""),
            .lines("events"), .lines("instead"),
            .facts([
                .init("request", "request"), .init("decision", "seq"),
                .init("membership version", "membershipVersion"),
            ]),
        ], name: "request")

    private func seen(_ proof: Proof) -> String? {
        Wording.view(of: proof).map { "seen: \(proof.group.text) led by \($0)" }
    }

    /// A policy may be set aside knowingly; a rule of safety may not.
    private var instead: String? {
        guard let code = refusal?.code, let override = code.override,
            let option = RequestOptions.option(of: override)
        else { return nil }
        let first =
            code == .floor ? "let another come in for it: " + replacement : "wait for its end"
        return "instead: \(first); or, knowing this: \(line) --\(option) --reason \"…\""
    }

    private var replacement: String {
        "muster replace " + (refusal?.nodes.first?.text ?? "NODE") + " --with NEWCOMER"
    }

    private var rule: String? {
        guard refusal != nil else { return nil }
        let event = Event.requestCompleted(request.id, refusal)
        return Wording.rule(event, policy).map { "rule: " + $0 }
    }

    var value: ResultValue {
        .object([
            "cluster": .name(cluster), "request": .name(request.id),
            "outcome": .text(word.rawValue), "sentence": .text(sentence),
            "refusal": refusal.map { RefusalView.value($0) },
            "rule": rule.map { .text($0) },
            "seq": sequence.map { .id($0) }, "at": at.map { .time($0) },
            "membershipVersion": version.map { .id($0) },
            "topic": position.map { .text($0.partition.topic.name) },
            "partition": position.map { .number(Int64($0.partition.partition)) },
            "offset": position.map { .id($0.offset) },
            "proofs": .array(proofs.map { RefusalView.value($0) }),
            "seen": .texts(proofs.compactMap { seen($0) } + about),
            "steps": .array(steps),
            "events": .texts(events.map { Wording.sentence($0) }),
            "instead": instead.map { .text($0) },
        ])
    }
}

extension Wording {
    /// How silent a node is, to its agent and to its leaders: `n3: silent to us for 6 m; out of
    /// contact with the leader of g1 for 6 m`. Nothing for one that is heard.
    static func silence(
        of node: NodeID, _ state: ClusterState, _ evidence: Evidence, at moment: Timestamp
    ) -> [String] {
        let lease = state.policy?.lease ?? Policy().lease
        var parts: [String] = []
        if let known = state.nodes[node], known.liveness != .up {
            parts.append("silent to us since \(self.moment(known.livenessSince))")
        } else if let heard = evidence.nodes[node]?.heard.appended, moment - heard > lease {
            parts.append("silent to us for \(length(moment - heard))")
        }
        for (group, seen) in evidence.groups {
            guard let since = seen.members[node]?.outOfContactSince else { continue }
            parts.append(
                "out of contact with the leader of \(group.text) for \(length(moment - since))")
        }
        return parts.isEmpty ? [] : ["\(node.text): " + parts.joined(separator: "; ")]
    }
}
