internal import MusterCore
internal import MusterLog
internal import MusterWire

/// What landed in the topics of inputs, each read once, with how far the chain was then.
struct InputBook {
    /// One record.
    struct Entry {
        let appended: Timestamp
        /// How many decisions were accepted when it landed.
        let head: Int
        let isReadable: Bool
        /// What is to be decided; nil for what is unreadable, or another cluster's.
        let content: Input.Content?
        let correlation: String

        /// Whether what it decides follows from soft evidence too, which nobody but its manager
        /// has.
        var restsOnEvidence: Bool {
            switch content {
            case .fact(.nodeReportedDown), .fact(.nodeReportedUp), .fact(.commandFailed), .wake,
                nil:
                true
            case .fact, .request: false
            }
        }
    }

    static let topics: [Topic] = [.events, .requests]

    private var entries = SortedMap<TopicPartition, [Entry]>()
    /// The commands of which an end was said.
    private(set) var answered: Set<CommandID> = []
    private let reader = InputReader()

    /// The partitions with inputs.
    var places: [TopicPartition] { entries.keys.map { $0 } }

    subscript(place: TopicPartition) -> [Entry] { entries[place] ?? [] }

    /// What landed there; nil when nothing did, or where no inputs are.
    subscript(position: Position) -> Entry? {
        let all = self[position.partition]
        return position.offset.value < all.count ? all[Int(position.offset.value)] : nil
    }

    /// What a record of an input topic says; nil for what cannot be read.
    func content(of record: LogRecord) -> InputMessage.Content? {
        // What cannot be read says nothing.
        let read = try? reader.read(
            record.position.partition.topic, key: record.key, headers: record.headers,
            value: record.value)
        return read?.message.content
    }

    mutating func note(_ record: LogRecord, cluster: ClusterID, head: Int) {
        let place = record.position.partition
        guard Self.topics.contains(place.topic) else { return }
        // What cannot be read belongs in quarantine, which is asked for later.
        let read = try? reader.read(
            place.topic, key: record.key, headers: record.headers, value: record.value)
        let message = read?.message
        let content = message?.cluster == cluster ? message?.decided : nil
        if case .fact(let fact) = content, let report = fact.outcome {
            answered.insert(report.command)
        }
        let entry = Entry(
            appended: record.appended, head: head, isReadable: read != nil, content: content,
            correlation: read?.correlation ?? "")
        entries.update(place, default: []) { $0.append(entry) }
    }
}

extension InputMessage {
    /// What is decided; nil for what is only heard.
    fileprivate var decided: Input.Content? {
        switch content {
        case .fact(let fact): .fact(fact)
        case .request(let request): .request(request)
        case .heartbeat, .report: nil
        }
    }
}

extension Fact {
    /// How a command ended, by the word of who carried it out.
    fileprivate var outcome: CommandReport? {
        switch self {
        case .commandSucceeded(let report), .commandFailed(let report, _),
            .commandOutcomeUnknown(let report):
            report
        default: nil
        }
    }
}
