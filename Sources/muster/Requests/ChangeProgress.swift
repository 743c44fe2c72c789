import MusterCommandLine
import MusterCore
import MusterRuntime

/// Where a change stands in each of its groups: a live line while it is waited for, and a row of
/// the result when it is not over in time.
struct ChangeProgress {
    let state: ClusterState
    let saga: Saga

    /// The change that a request waits for; nil when there is none.
    ///
    /// - Parameter node: whom the request is about, where its saga is another's.
    init?(_ state: ClusterState, request: RequestID, node: NodeID?) {
        let own = state.sagas.values.first { $0.requests.contains(request) }
        guard let saga = own ?? node.flatMap({ Self.saga(of: $0, state) }) else { return nil }
        self.state = state
        self.saga = saga
    }

    /// The change of a node that is under way: its own, or the replacement that it comes in by.
    static func saga(of node: NodeID, _ state: ClusterState) -> Saga? {
        state.sagas[node] ?? state.sagas.values.first { $0.newcomer?.node == node }
    }

    /// A line for the change as a whole, and one for each of its groups.
    func lines(now: Timestamp) -> [LiveLines.Line] {
        var lines = [head(now)]
        if let whole = saga.whole { lines.append(line("", whole, now)) }
        let width = saga.steps.keys.map { TerminalCells.width(of: $0.text) }.max() ?? 0
        for (group, step) in saga.steps {
            let place = EscapedText(group.text).text
            lines.append(line(TerminalCells.pad(place, to: width), step, now))
        }
        return lines
    }

    private func head(_ now: Timestamp) -> LiveLines.Line {
        let since = Wording.length(max(.zero, now - saga.began))
        let newcomer = saga.newcomer.map { " with \($0.node.text)" } ?? ""
        let start: EscapedText = "\(saga.kind.rawValue) \(saga.node.text)\(newcomer)"
        let (done, all) = (
            saga.steps.values.filter { $0.name == .done }.count, saga.steps.count
        )
        let count: EscapedText = all == 0 ? "" : ", \(done) of \(all) groups done"
        switch saga.phase {
        case .active: return .init(start + count + ", \(since)", .strong)
        case .rollingBack(let refusal):
            return .init(
                start + ": taken back (\(Wording.sentence(refusal)))" + count + ", \(since)",
                .warning)
        case .stalled(let refusal, _):
            return .init(start + ": stalled, \(Wording.sentence(refusal))", .bad)
        }
    }

    private func line(_ place: String, _ step: Step, _ now: Timestamp) -> LiveLines.Line {
        let since = Wording.length(max(.zero, now - step.since))
        let lead = EscapedText(trusted: place.isEmpty ? "  " : "  " + place + "  ")
        let (words, tone) = Self.words(step)
        let time: EscapedText = step.name == .done ? "" : ", \(since)"
        return .init(lead + "\(words)" + time, tone)
    }

    /// What a step is doing.
    static func words(_ step: Step) -> (text: String, tone: Tone) {
        if step.name == .done { return ("done", .good) }
        let name = Wording.doing(step.name)
        let attempt = step.attempt > 1 ? ", try \(step.attempt)" : ""
        switch step.phase {
        case .ready:
            guard let blocked = step.blocked else { return (name + attempt, .plain) }
            return ("\(name): waits, \(Wording.sentence(blocked))", .warning)
        case .issued(let outstanding):
            let by = outstanding.command.executor.node.text
            let reported = outstanding.succeeded == nil ? "" : ", reported done, to be seen"
            return ("\(name): \(by) is at it\(reported)\(attempt)", .plain)
        case .inDoubt: return ("\(name): the outcome is unknown, being looked at", .warning)
        case .failed(let refusal): return ("\(name): failed, \(Wording.sentence(refusal))", .bad)
        }
    }

    // MARK: Result

    static let shape: ResultShape = .object([
        .init("group", .text, "the group; none: the node as a whole", isOptional: true),
        .init("step", .word(Step.Name.allCases.map(\.rawValue)), "what is done there"),
        .init("phase", .word(["ready", "issued", "inDoubt", "failed"]), "how far it is"),
        .init("since", .time, "when the step began"),
        .init("attempt", .number, "which try it is, from 1"),
        .init("command", .text, "the command that is out", isOptional: true),
        .init("executor", .text, "whose agent is at it", isOptional: true),
        .init("waitsFor", RefusalView.shape, "what holds it back", isOptional: true),
    ])

    static let columns: [ResultLayout.Column] = [
        .init("GROUP", "group"), .init("STEP", "step"),
        .init("PHASE", "phase", tones: ["inDoubt": .warning, "failed": .bad]),
        .init("SINCE", "since"), .init("ATTEMPT", "attempt"), .init("EXECUTOR", "executor"),
        .init("COMMAND", "command", wide: true), .init("WAITS FOR", "waitsFor.sentence"),
    ]

    /// A row for each step of a change, the node's own first.
    static func rows(_ saga: Saga) -> [ResultValue] {
        (saga.whole.map { [value($0, nil)] } ?? []) + saga.steps.map { value($0.value, $0.key) }
    }

    private static func value(_ step: Step, _ group: GroupID?) -> ResultValue {
        let (phase, failure): (String, Refusal?) =
            switch step.phase {
            case .ready: ("ready", nil)
            case .issued: ("issued", nil)
            case .inDoubt: ("inDoubt", nil)
            case .failed(let refusal): ("failed", refusal)
            }
        let outstanding = step.outstanding
        return .object([
            "group": group.map { .name($0) }, "step": .text(step.name.rawValue),
            "phase": .text(phase), "since": .time(step.since),
            "attempt": .number(Int64(step.attempt)),
            "command": outstanding.map { .text("\($0.id)") },
            "executor": outstanding.map { .name($0.command.executor.node) },
            "waitsFor": (failure ?? step.blocked).map { RefusalView.value($0) },
        ])
    }
}

extension Wording {
    /// What is done while a step is under way.
    static func doing(_ name: Step.Name) -> String {
        switch name {
        case .clear: "the disk is made blank"
        case .seed: "data is copied"
        case .start: "the server is started"
        case .learner: "added as learner"
        case .catchUp: "catching up"
        case .promote: "promoted to voter"
        case .transfer: "the leadership moves"
        case .remove: "taken out of the configuration"
        case .stop: "the server is stopped"
        case .demote: "made a learner"
        case .takeBack: "the learner is taken out again"
        case .done: "done"
        }
    }
}
