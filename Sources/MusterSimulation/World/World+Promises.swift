internal import MusterCore
internal import MusterLog
internal import MusterManager
internal import MusterWire

// What managers and agents owe, beside what the journal says. Named as in docs/spec.

extension World {
    /// EveryCommandIsPublished, at every step: whoever publishes for the cluster has published each
    /// command that is outstanding where it has read to, or is about to.
    func unsaid(by index: Int) -> Breach? {
        guard let loop = managers[index].loop, loop.publishes(reference.home),
            let state = loop.reader.state(of: Self.cluster)
        else { return nil }
        let open = state.outstandingCommands.map(\.id).filter { reference.published[$0] == nil }
        if open.isEmpty { return nil }
        let saying = loop.publishing.compactMap { record in
            // Views and checkpoints are no commands.
            try? CommandRecord(headers: record.headers, value: record.value, reader: decoder).id
        }
        guard let id = open.first(where: { !saying.contains($0) }) else { return nil }
        return Breach(
            .everyCommandIsPublished, "it publishes, and \(id) is outstanding and is not said")
    }

    /// How far the manager has read the inputs when it decides by the clock: it considers all of
    /// that before.
    mutating func noteWhatIsKnown(_ index: Int, _ record: NewRecord) {
        guard record.partition.partition == reference.home, let value = record.value else { return }
        var read = SortedMap<TopicPartition, Offset>()
        for (place, offset) in managers[index].reads where InputBook.topics.contains(place.topic) {
            read[place] = offset
        }
        reference.noteWhatIsKnown(read, value)
    }

    /// Of the voters in the end: one without the disk that it voted with is none, and never comes
    /// back. Nil where each has its disk, but for groups that people changed behind Muster's back.
    var lostVoter: String? {
        for (group, model) in groups where !drifted.contains(group) {
            for (node, seat) in model.members where seat.role == .voter {
                guard let index = place(of: node) else { continue }
                let server = nodes[index].servers[group]
                if nodes[index].identity.store != seat.store || server?.isRunning != true {
                    return "\(node) votes in \(group) and has lost its disk"
                }
            }
        }
        return nil
    }

    /// Once all is calm: nothing stays in flight as it is.
    mutating func stuck(_ index: Int) -> Breach? {
        guard isCalm, let text = managers[index].loop?.flying.first else {
            managers[index].stuck = nil
            return nil
        }
        if let (before, since) = managers[index].stuck, before == text {
            return now - since < .seconds(30) ? nil : Breach(.nobodyWaitsForNothing, text)
        }
        managers[index].stuck = (text, now)
        return nil
    }

    /// Whether all that is still to be done waits for a node that fell silent too often: that takes
    /// half an hour, in which nothing happens.
    var waitsForDamping: Bool {
        guard sinceLastDecision >= .seconds(6) else { return false }
        let state = reference.state
        return state.nodes.keys.contains { state.isDamped($0, at: logNow) }
    }

    /// In the end: what was begun by an agent's process that is no more has an answer all the same.
    var unanswered: Breach? {
        for node in nodes where node.loop != nil {
            let lost = node.begun.filter { $0.value != node.epoch }.keys.sorted()
            for id in lost where !reference.book.answered.contains(id) {
                let text = "\(node.identity.node) began \(id), and never said how it ended"
                return Breach(.everyCommandIsAnswered, text)
            }
        }
        return nil
    }

    /// A record of a newer version extends the chain and cannot be read here: a reader stops at it,
    /// and does not pass it over.
    var passedOver: Breach? {
        let place = TopicPartition(.journal, reference.home)
        guard let loop = managers.lazy.compactMap(\.loop).first,
            loop.reader.positions[reference.home] == log.end(of: place)
        else { return nil }
        let prefix = JournalEnvelope(extending: reference.state.head, of: Self.cluster).prefix
        let rest = """
            {"format":"1","at":"\(logNow.milliseconds)","cause":{"timer":{"subject":"liveness"}},\
            "manager":{"id":"000000000000000000000000000000ff","version":"9"},\
            "events":[{"type":"nodeDreamt","node":"n1"}]}}
            """
        var reader = loop.reader
        do {
            let found = try reader.read(
                prefix + Array(rest.utf8), at: log.end(of: place), of: reference.home)
            if case .stopped = found { return nil }
            return Breach(.readersAgree, "what a newer version decided is passed over")
        } catch {
            return Breach(.readersAgree, "what a newer version decided ends a reader: \(error)")
        }
    }

    /// Whether a manager may have to take back what it decided, now that it reads this: something
    /// was accepted, or something that it waits for is void.
    func mayReset(_ index: Int, _ batch: RecordBatch) -> Bool {
        guard let flying = managers[index].loop?.flyingHashes(of: Self.cluster) else { return true }
        return batch.indices.contains { place in
            let offset = batch[place].offset
            guard reference.voidOffsets.contains(offset) else { return true }
            let value = log.record(at: Position(batch.partition, offset))?.value ?? []
            return flying.contains(SHA256.hash(of: value))
        }
    }
}
