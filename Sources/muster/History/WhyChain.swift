import MusterCommandLine
import MusterCore
import MusterLog
import MusterRuntime
import MusterWire

/// The decisions that tell why something is as it is.
struct WhyChain {
    let decisions: [WhyDecision]
    /// What is left out, for people; nil when nothing is.
    let rest: String?

    /// How far around a decision its change is looked for.
    private static let reach: UInt64 = 512
    /// So many decisions are all looked at: a trail that is not full does not name the first one.
    static let countSmall: UInt64 = 4096

    static func find(
        _ subject: WhySubject, _ query: Query, _ state: ClusterState, isWhole: Bool
    ) async throws -> WhyChain {
        guard let walk = ChainWalk(query, state) else { return WhyChain(decisions: [], rest: nil) }
        let inputs = InputReader()
        switch subject {
        case .node(let node):
            let trail = state.nodes[node]?.trail.sequences ?? []
            let places = groups(around: node, state).flatMap {
                state.groups[$0]?.trail.sequences ?? []
            }
            return try await story(
                Selection(
                    trail: trail, others: places + state.trail.sequences,
                    isWhole: isWhole || isSmall(trail, state)),
                walk, state, node, inputs
            ) { concerns($0, node, inputs) }
        case .group(let group):
            let trail = state.groups[group]?.trail.sequences ?? []
            return try await story(
                Selection(
                    trail: trail, others: state.trail.sequences,
                    isWhole: isWhole || isSmall(trail, state)), walk, state, nil, inputs
            ) { entry in entry.decision.events.contains { $0.subject.group == group } }
        case .decision(let sequence):
            return try await change(at: sequence, command: nil, walk, state, inputs)
        case .command(let id):
            let command = (subject.name, { (other: CommandID) in other == id })
            return try await change(at: id.sequence, command: command, walk, state, inputs)
        case .place(let sequence, let index):
            let command = (subject.name, { (other: CommandID) in other.index == index })
            return try await change(at: sequence, command: command, walk, state, inputs)
        }
    }

    static func isSmall(_ trail: [MusterCore.Sequence], _ state: ClusterState) -> Bool {
        trail.count < Trail.countMax && state.head.sequence.value <= countSmall
    }

    // MARK: A node or a group

    /// Which decisions are looked at.
    private struct Selection {
        /// Of the thing itself.
        let trail: [MusterCore.Sequence]
        /// Where something about it may stand as well.
        let others: [MusterCore.Sequence]
        let isWhole: Bool

        var oldest: MusterCore.Sequence {
            let first = trail.first ?? others.first ?? MusterCore.Sequence(1)
            return isWhole ? MusterCore.Sequence(1) : first
        }
    }

    private static func story(
        _ selection: Selection, _ walk: ChainWalk, _ state: ClusterState, _ node: NodeID?,
        _ inputs: InputReader, _ concerns: (HistoryEntry) -> Bool
    ) async throws -> WhyChain {
        let places = Set(selection.trail + selection.others)
        let oldest = selection.oldest
        let found =
            selection.isWhole
            ? try await walk.decisions(from: oldest)
            : try await walk.decisions(numbered: places.filter { $0 >= oldest })
        let policies = try await WhyPolicies(found, from: oldest, walk, state)
        let told = node.map { removalTurns(found, $0) } ?? []
        let kept = found.filter { concerns($0) || told.contains($0.sequence) }
        if kept.isEmpty {
            throw CommandError(
                .notFound,
                "nothing was ever decided about \"\(query(node))\" in cluster \"\(state.id.text)\"",
                advice: "`muster nodes` and `muster groups` list those that are there")
        }
        let isCut = !selection.isWhole && selection.trail.count == Trail.countMax
        let outcomes = WhyOutcomes(found)
        return WhyChain(
            decisions: kept.map {
                WhyDecision(
                    $0, about: node, policy: policies.policy(at: $0.sequence), outcomes, inputs)
            },
            rest: isCut ? "(older decisions are left out; see --all)" : nil)
    }

    private static func query(_ node: NodeID?) -> String { node?.text ?? "the group" }

    /// The groups whose own decisions may name the node.
    private static func groups(around node: NodeID, _ state: ClusterState) -> [GroupID] {
        let copies = state.nodes[node].map { Array($0.sync.keys) } ?? []
        return Set(state.groups(of: node) + copies).sorted()
    }

    /// What held all removals back, and let them go on, while the node's was pending.
    private static func removalTurns(
        _ entries: [HistoryEntry], _ node: NodeID
    ) -> Set<MusterCore.Sequence> {
        var isPending = false
        var found: Set<MusterCore.Sequence> = []
        for entry in entries {
            for event in entry.decision.events {
                switch event {
                case .removalScheduled(node, _, _): isPending = true
                case .removalCancelled(node, _), .nodeRemoved(node, _, _): isPending = false
                case .calmed, .thawed, .timeGap, .frozen, .blinded, .sighted, .automationPaused,
                    .automationResumed:
                    if isPending { found.insert(entry.sequence) }
                default: continue
                }
            }
        }
        return found
    }

    private static func concerns(
        _ entry: HistoryEntry, _ node: NodeID, _ inputs: InputReader
    ) -> Bool {
        for event in entry.decision.events {
            if event.subject.node == node { return true }
            switch event {
            case .leaderObserved(_, let leader, _) where leader == node: return true
            case .driftDetected(_, let appeared, let vanished, let changed)
            where (appeared + vanished + changed).contains(node):
                return true
            case .frozen(let silent) where silent.contains(node): return true
            case .configurationObserved(_, _, let members, _)
            where members.contains { $0.node == node }:
                return true
            case .requestRejected, .requestCompleted:
                if CauseView(entry.decision, inputs).node == node { return true }
            default: continue
            }
        }
        return false
    }

    // MARK: A decision or a command

    private static func change(
        at sequence: MusterCore.Sequence, command: (name: String, isIt: (CommandID) -> Bool)?,
        _ walk: ChainWalk, _ state: ClusterState, _ inputs: InputReader
    ) async throws -> WhyChain {
        let oldest = MusterCore.Sequence(
            sequence.value > reach ? sequence.value - reach : 1)
        let newest = MusterCore.Sequence(
            sequence.value > .max - reach ? .max : sequence.value + reach)
        let found =
            sequence > state.head.sequence
            ? [] : try await walk.decisions(from: oldest, through: newest)
        guard let center = found.first(where: { $0.sequence == sequence }) else {
            throw CommandError(
                .notFound,
                """
                cluster "\(state.id.text)" has no decision \(sequence); its newest is \
                \(state.head.sequence)
                """,
                advice: "`muster log` lists the decisions")
        }
        let commands = center.decision.commands(at: center.sequence, hash: center.hash).map(\.id)
        if let command, !commands.contains(where: command.isIt) {
            throw CommandError(
                .notFound,
                "decision \(sequence) of \"\(state.id.text)\" holds no command \(command.name)",
                advice: "`muster log` and `muster commands` name those that there are")
        }
        let wanted = commands.filter { command?.isIt($0) ?? true }
        let policies = try await WhyPolicies(found, from: oldest, walk, state)
        let begin = beginning(of: center, found)
        let kept = found.filter { entry in
            entry.sequence == sequence || entry.sequence == begin?.sequence
                || entry.sequence > sequence && isOutcome(entry, of: wanted, center)
        }
        let outcomes = WhyOutcomes(found)
        return WhyChain(
            decisions: kept.map {
                WhyDecision(
                    $0, about: nil, policy: policies.policy(at: $0.sequence), outcomes, inputs)
            }, rest: nil)
    }

    /// The decision that began the change which a wake-up moved on.
    private static func beginning(
        of entry: HistoryEntry, _ entries: [HistoryEntry]
    ) -> HistoryEntry? {
        guard case .timer(let subject) = entry.decision.cause, let node = subject.node else {
            return nil
        }
        return entries.last { earlier in
            earlier.sequence < entry.sequence
                && earlier.decision.events.contains { event in
                    switch event {
                    case .sagaStarted(let saga, _): saga.node == node
                    case .removalScheduled(node, _, _): true
                    default: false
                    }
                }
        }
    }

    /// Whether a later decision says what became of one of the commands, or is the first to see its
    /// step done or failed.
    private static func isOutcome(
        _ entry: HistoryEntry, of commands: [CommandID], _ center: HistoryEntry
    ) -> Bool {
        entry.decision.events.contains { event in
            WhyOutcomes.command(event).map { commands.contains($0) } ?? false
        }
    }
}

extension Subject {
    /// The node that a wake-up looks at; nil: the cluster.
    fileprivate var node: NodeID? {
        switch self {
        case .liveness, .sight: nil
        case .removal(let node), .saga(let node), .step(let node, _): node
        }
    }
}

/// Under which policy each decision of a stretch was made.
struct WhyPolicies {
    private var changes: [(sequence: MusterCore.Sequence, policy: Policy)] = []
    private let now: Policy?
    /// Whether every change of the policy in the stretch is known.
    private let isKnown: Bool

    /// - Parameter entries: with every decision of the cluster's own trail in the stretch.
    init(
        _ entries: [HistoryEntry], from oldest: MusterCore.Sequence, _ walk: ChainWalk,
        _ state: ClusterState
    ) async throws {
        now = state.policy
        let trail = state.trail.sequences
        isKnown = trail.count < Trail.countMax || (trail.first.map { $0 <= oldest } ?? true)
        func take(_ entries: [HistoryEntry]) {
            for entry in entries {
                for case .policyConfigured(let policy) in entry.decision.events {
                    changes.append((entry.sequence, policy))
                }
            }
        }
        let read = Set(entries.map(\.sequence))
        take(entries)
        // What held before the first change stands in the one before it.
        let missing = trail.filter { !read.contains($0) }
        if !changes.isEmpty, let first = missing.first {
            take(try await walk.decisions(numbered: Set(missing.filter { $0 >= first })))
        }
        changes.sort { $0.sequence < $1.sequence }
    }

    /// The policy at a decision; nil when there was none, or it cannot be told.
    func policy(at sequence: MusterCore.Sequence) -> Policy? {
        if let last = changes.last(where: { $0.sequence <= sequence }) { return last.policy }
        return changes.isEmpty && isKnown ? now : nil
    }
}
