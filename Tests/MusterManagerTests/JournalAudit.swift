import MusterCore
import MusterLog
import MusterManager
import MusterWire

/// Follows the journal beside the managers, with a chain of its own, and says what must not be.
struct JournalAudit {
    /// What was accepted of one cluster; `states[n]` is the state after n decisions.
    struct Chain {
        var states: [ClusterState]
        var decisions: [Decision] = []
        var offsets: [Offset] = []
        var commands: [CommandID: Command] = [:]
        /// How far the authors of its decisions had considered each input partition.
        var passed: [TopicPartition: Offset] = [:]
    }

    private(set) var chains: [ClusterID: Chain] = [:]
    private(set) var published: [ClusterID: [CommandID: Command]] = [:]
    private var quarantined: Set<Position> = []
    private(set) var found: [String] = []
    /// By the hash of a decision of the clock how far its author had read: all of that was
    /// considered.
    private var readBefore: [Hash: [TopicPartition: Offset]] = [:]
    private(set) var journaled = 0
    private(set) var acceptedCount = 0
    /// Clusters whose chain cannot be followed, which is what a test wants to see.
    var unfollowed: Set<ClusterID> = []
    private let all: [ClusterID]
    private let header: JournalHeader
    private let decisions = JournalRecordReader()
    private let events = CloudEventReader()
    private let json = JSONReader()

    init(header: JournalHeader, clusters: [ClusterID]) throws {
        self.header = header
        all = clusters
        let genesis = SHA256.hash(of: header.bytes)
        for cluster in clusters {
            chains[cluster] = Chain(states: [ClusterState(id: cluster, genesis: genesis)])
        }
    }

    /// The clusters of which anything was accepted.
    var clusters: [ClusterID] { all.filter { count(of: $0) > 0 } }

    func count(of cluster: ClusterID) -> Int { chains[cluster]?.decisions.count ?? 0 }

    // MARK: What is appended

    mutating func note(_ record: LogRecord, inputs: [Position: WorldInput]) {
        switch record.position.partition.topic {
        case .journal: noteJournal(record, inputs)
        case .commands: noteCommand(record)
        case .quarantine:
            do {
                let value = record.value ?? []
                let read = try json.read(value, .exact) { root throws(JSONReadError) in
                    try QuarantineRecord(reading: root)
                }
                quarantined.insert(read.position)
            } catch {
                found.append("a quarantine record that cannot be read: \(error)")
            }
        case .events, .requests, .heartbeats, .members, .snapshots: break
        }
    }

    private mutating func noteJournal(_ record: LogRecord, _ inputs: [Position: WorldInput]) {
        guard let value = record.value, !JournalHeader.begins(value) else { return }
        journaled += 1
        for cluster in all where !unfollowed.contains(cluster) {
            guard let state = chains[cluster]?.states.last,
                Partitioner.partition(of: cluster, count: header.partitions)
                    == record.position.partition.partition,
                value.starts(with: JournalEnvelope(extending: state.head, of: cluster).prefix)
            else { continue }
            do {
                let decision = try decisions.decision(of: value, withEvent: true)
                judge(decision, on: state, inputs)
                accept(decision, SHA256.hash(of: value), record.position.offset, cluster)
            } catch {
                found.append("an accepted record that cannot be read: \(error)")
            }
        }
    }

    private mutating func accept(
        _ decision: Decision, _ hash: Hash, _ offset: Offset, _ cluster: ClusterID
    ) {
        guard var chain = chains.removeValue(forKey: cluster), var state = chain.states.last else {
            return
        }
        state.evolve(decision, hash: hash)
        for (id, command) in decision.commands(at: state.head.sequence, hash: hash) {
            chain.commands[id] = command
        }
        chain.states.append(state)
        chain.decisions.append(decision)
        chain.offsets.append(offset)
        chain.passed.merge(readBefore[hash] ?? [:]) { max($0, $1) }
        chains[cluster] = chain
        acceptedCount += 1
    }

    /// Every accepted record was decided on exactly the state that it extends, and no input twice.
    private mutating func judge(
        _ decision: Decision, on state: ClusterState, _ inputs: [Position: WorldInput]
    ) {
        let name = "\(state.id) \(state.head.sequence.next)"
        if decision.at < state.at { found.append("\(name): time goes back") }
        for position in decision.considered
        where position.offset <= state.next[position.partition] ?? .zero {
            found.append("\(name): considered less than before, or nothing new")
        }
        let input: Input
        switch decision.cause {
        case .timer(let subject):
            input = Input(cluster: state.id, source: .manager, content: .wake(subject))
        case .manager:
            found.append("\(name): a decision about the manager")
            return
        case .input(let position, let appended, _):
            if position.offset < state.next[position.partition] ?? .zero {
                found.append("\(name): \(position) takes effect twice, or late")
            }
            if position.offset < chains[state.id]?.passed[position.partition] ?? .zero {
                found.append("\(name): \(position) acts after a decision made in its knowledge")
            }
            guard let known = inputs[position], known.cluster == state.id,
                let content = known.decided
            else { return found.append("\(name): \(position) is no input of the cluster") }
            if known.appended != appended { found.append("\(name): another append time") }
            input = Input(
                cluster: state.id, source: .record(position, appended: appended),
                content: content, correlation: known.correlation)
        }
        let evidence = decision.evidence ?? Evidence()
        let events = state.decide(input, evidence: evidence, at: decision.at)
        if events != decision.events || events.isEmpty {
            found.append("\(name): decided again it is \(events), not \(decision.events)")
        }
    }

    private mutating func noteCommand(_ record: LogRecord) {
        do {
            let read = try CommandRecord(
                headers: record.headers, value: record.value, reader: events)
            guard let accepted = chains[read.cluster]?.commands[read.id] else {
                found.append("\(read.id) of \(read.cluster) is published and was never decided")
                return
            }
            if accepted != read.command { found.append("\(read.id) has two meanings") }
            published[read.cluster, default: [:]][read.id] = read.command
        } catch {
            found.append("a command that cannot be read: \(error)")
        }
    }

    /// Looks at a decision when it is made, by a manager that reads its inputs from there on: it
    /// must not lie ahead of the broker's clock.
    mutating func examine(
        _ record: NewRecord, now: Timestamp, reads: [TopicPartition: Offset]
    ) -> String? {
        do {
            let value = record.value ?? []
            let decision = try decisions.decision(of: value)
            if case .timer = decision.cause {
                // The clock has its turn when every input that was read is considered.
                readBefore[SHA256.hash(of: value)] = reads.filter {
                    $0.key.topic == .events || $0.key.topic == .requests
                }
            }
            return decision.at > now ? "decided at \(decision.at), it is \(now)" : nil
        } catch {
            return "appends what it cannot read: \(error)"
        }
    }

    // MARK: What managers hold

    /// A manager's confirmed states are those of the accepted prefix that it has read.
    func disagreement(with loop: ManagerLoop) -> String? {
        for cluster in loop.reader.clusters where !unfollowed.contains(cluster.state.id) {
            guard let chain = chains[cluster.state.id] else { return "a cluster out of nowhere" }
            let position = loop.reader.positions[cluster.partition] ?? .zero
            let count = chain.offsets.count { $0 < position }
            if cluster.state.head != chain.states[count].head {
                return "\(cluster.state.id) is at \(cluster.state.head.sequence), not \(count)"
            }
            if cluster.stopped != nil { return "\(cluster.state.id) stands still" }
        }
        return nil
    }

    /// How a state differs from the fold of all that was accepted.
    func difference(from state: ClusterState) -> String? {
        guard let last = chains[state.id]?.states.last else { return "a cluster out of nowhere" }
        if state == last { return nil }
        return "\(state.id) is at \(state.head.sequence), the fold at \(last.head.sequence)"
    }

    // MARK: What became of everything

    /// What was not done with an input that could not be read.
    func fate(of input: WorldInput, at position: Position) -> String? {
        input.cluster == nil && !quarantined.contains(position)
            ? "\(position) is neither read nor in quarantine" : nil
    }

    /// A command that the state calls outstanding and nobody was told.
    func unpublished(_ state: ClusterState) -> String? {
        for (id, _) in state.outstandingCommands where published[state.id]?[id] == nil {
            return "\(id) of \(state.id) is outstanding and was not published"
        }
        return nil
    }

    /// The nothing rule: an input without a record decided nothing on an accepted state that was
    /// current when it was appended or later, and before the record that covers it; and in order.
    func skipped(_ inputs: [Position: WorldInput]) -> String? {
        var reached: [TopicPartition: [ClusterID: Int]] = [:]
        for (position, input) in inputs.sorted(by: { $0.key < $1.key }) {
            guard let cluster = input.cluster, let chain = chains[cluster],
                let content = input.decided
            else { continue }
            let from = reached[position.partition]?[cluster] ?? 0
            let silent: Int?
            if let cause = chain.place(ofCause: position) {
                if cause < from { return "\(position) is decided before an earlier input" }
                silent = cause
            } else {
                silent = chain.silence(of: content, input, at: position, from: from)
            }
            guard let silent else { return "\(position) of \(cluster) was skipped: \(content)" }
            reached[position.partition, default: [:]][cluster] = silent
        }
        return nil
    }
}

extension JournalAudit.Chain {
    /// The number of decisions before the one that the input caused; nil when it caused none.
    func place(ofCause position: Position) -> Int? {
        decisions.firstIndex {
            guard case .input(position, _, _) = $0.cause else { return false }
            return true
        }
    }

    /// After how many decisions the input decided nothing; nil when it would always have.
    func silence(
        of content: Input.Content, _ input: WorldInput, at position: Position, from: Int
    ) -> Int? {
        let covered = states.firstIndex { position.offset < $0.next[position.partition] ?? .zero }
        let last = covered.map { $0 - 1 } ?? states.count - 1
        if content.restsOnEvidence { return max(from, min(input.head, last)) }
        let first = max(from, input.head)
        guard first <= last else { return nil }
        return (first...last).first { place in
            var state = states[place]
            state.next = SortedMap()
            let question = Input(
                cluster: state.id, source: .record(position, appended: input.appended),
                content: content, correlation: input.correlation)
            return state.decide(
                question, evidence: Evidence(), at: max(state.at, input.appended)
            ).isEmpty
        }
    }
}

extension Input.Content {
    /// Whether what it decides follows from soft evidence too, which nobody but its manager has.
    var restsOnEvidence: Bool {
        switch self {
        case .fact(.nodeReportedDown), .fact(.nodeReportedUp), .fact(.commandFailed), .wake: true
        case .fact, .request: false
        }
    }
}

extension WorldInput {
    /// What is decided; nil for what is only heard, or no input.
    var decided: Input.Content? {
        switch content {
        case .fact(let fact): .fact(fact)
        case .request(let request): .request(request)
        case .heartbeat, .report, nil: nil
        }
    }
}
