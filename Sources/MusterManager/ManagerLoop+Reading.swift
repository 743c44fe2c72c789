internal import MusterCore
internal import MusterLog
internal import MusterWire

// What is read: the journal, inputs, heartbeats, checkpoints.

extension ManagerLoop {
    mutating func read(_ batch: RecordBatch) {
        let partition = batch.partition
        switch partition.topic {
        case .journal: readJournal(batch)
        case .snapshots: readSnapshots(batch)
        case .events, .requests, .heartbeats: readInputs(batch)
        case .commands, .members, .quarantine: break
        }
    }

    private mutating func readInputs(_ batch: RecordBatch) {
        let partition = batch.partition
        let own = share(of: partition)
        guard let share = shares[own], !isStopping,
            let position = share.positions[partition]
        else { return }
        let backlogEnd = share.backlog[partition]
        for index in batch.indices {
            let view = batch[index]
            if view.offset < position { continue }
            let isLive = backlogEnd.map { view.offset >= $0 } ?? true
            if isLive { noteLag(of: view.appended) }
            clock.note(view.appended, isLive: isLive, now: now)
            readInput(batch, index, Position(partition, view.offset), view.appended)
        }
        shares.update(own) { share in
            share.positions[partition] = max(position, batch.next)
            if let end = share.backlog[partition], batch.next >= end {
                share.backlog[partition] = nil
            }
        }
        if !share.isLive { lookAroundIfLive(own) }
    }

    private mutating func readInput(
        _ batch: RecordBatch, _ index: Int, _ position: Position, _ appended: Timestamp
    ) {
        let view = batch[index]
        if position.partition.topic == .heartbeats {
            var plain = PlainHeaders()
            batch.eachHeader(at: index) { plain.note($0, $1) }
            let keyBytes = view.key?.count ?? 0
            if let sign = inputs.signOfLife(plain, keyBytes: keyBytes, value: view.value) {
                return hear(
                    sign, Evidence.Heard(position: position, appended: appended), batch, index)
            }
        }
        do {
            let incoming = try inputs.read(
                position.partition.topic, keyBytes: view.key?.count ?? 0,
                headers: batch.headers(at: index), value: view.value)
            switch incoming.message.content {
            case .heartbeat, .report:
                let heard = Evidence.Heard(position: position, appended: appended)
                hear(incoming.message, heard, batch, index)
            case .fact(let fact):
                take(incoming, .fact(fact), position, appended, event(batch, index, incoming))
            case .request(let request):
                take(
                    incoming, .request(request), position, appended,
                    event(batch, index, incoming))
            }
        } catch {
            quarantine(error, batch, index, position)
        }
    }

    /// The input in CloudEvents' structured form, as the journal holds it.
    private func event(
        _ batch: RecordBatch, _ index: Int, _ incoming: InputReader.Incoming
    ) -> [UInt8] {
        let value = batch[index].value.map { [UInt8]($0) } ?? []
        return incoming.event.structuredForm(value: value)
    }

    /// Soft evidence: of clusters of this partition only, so that whoever owns it hears all of it.
    private mutating func hear(
        _ message: InputMessage, _ heard: Evidence.Heard, _ batch: RecordBatch, _ index: Int
    ) {
        guard let place = worker(of: message.cluster) else { return }
        guard reader.clusters[place].partition == share(of: heard.position.partition) else {
            return misplace(message.cluster, place, heard.position, batch, index)
        }
        counts.heard += 1
        let lease = reader.clusters[place].state.policy?.lease ?? Policy().lease
        switch message.content {
        case .heartbeat(let heartbeat):
            workers[place].evidence.hear(heartbeat, heard, lease: lease)
            if ask(place, { $0.needsLook(afterHearing: heartbeat) }) {
                workers[place].look = .everything
            }
        case .report(let report):
            guard ask(place, { $0.listens(to: report.observer) }) else { return }
            workers[place].evidence.hear(report, heard, lease: lease)
            for entry in report.groups { workers[place].look(at: entry.group) }
        case .fact, .request: return
        }
        if case .nothing = workers[place].look { return }
        touch(place)
    }

    /// Asks the state that decisions are made on where it lies: it is large, and asked often.
    @inline(__always)
    private func ask<Answer>(_ index: Int, _ question: (borrowing ClusterState) -> Answer) -> Answer
    {
        workers[index].ahead.map(question) ?? question(reader.clusters[index].state)
    }

    private mutating func misplace(
        _ cluster: ClusterID, _ place: Int, _ position: Position, _ batch: RecordBatch, _ index: Int
    ) {
        quarantine(
            UnreadableInput(
                reason: .misplaced,
                sentence: "a heartbeat of cluster \(JSONExcerpt.quoted(cluster.text)) belongs in "
                    + "partition \(reader.clusters[place].partition), not in "
                    + "\(position.partition.partition); use the partitioner murmur2 over the "
                    + "cluster's name"),
            batch, index, position)
    }

    private mutating func take(
        _ incoming: InputReader.Incoming, _ content: Input.Content, _ position: Position,
        _ appended: Timestamp, _ event: [UInt8]
    ) {
        let cluster = incoming.message.cluster
        guard let place = worker(of: cluster) else { return }
        if reader.clusters[place].partition != share(of: position.partition) {
            noteMisplaced(position, cluster)
        }
        if reader.clusters[place].stopped != nil {
            return workers[place].hold(position)
        }
        let input = Input(
            cluster: cluster, source: .record(position, appended: appended), content: content,
            correlation: incoming.correlation)
        workers[place].queue.append(
            Worker.Waiting(position: position, appended: appended, input: input, event: event))
        counts.queued += 1
        touch(place)
    }

    /// A client chose its own partition, which is allowed. It is said of the first one, the tenth,
    /// the hundredth, and so on.
    private mutating func noteMisplaced(_ position: Position, _ cluster: ClusterID) {
        counts.misplaced += 1
        var count = counts.misplaced
        while count.isMultiple(of: 10) { count /= 10 }
        guard count == 1 else { return }
        say(
            .notice,
            "inputs that lay in another partition than their cluster's: \(counts.misplaced), now at "
                + "\(position.partition.topic.name) \(position.partition.partition) offset "
                + "\(position.offset); they are decided all the same", cluster)
    }

    mutating func quarantine(
        _ error: UnreadableInput, _ batch: RecordBatch, _ index: Int, _ position: Position
    ) {
        let view = batch[index]
        let value = view.value.map { [UInt8]($0) }
        let record = QuarantineRecord(
            error, at: position, key: view.key.map { [UInt8]($0) },
            headers: batch.headers(at: index), value: value,
            sha256: SHA256.hash(of: value ?? []))
        counts.quarantined += 1
        say(
            .warning,
            "\(position.partition.topic.name) \(position.partition.partition) offset "
                + "\(position.offset) is in quarantine: \(error.sentence)")
        publish(.quarantine(position, newRecord(record.outgoing(), share(of: position.partition))))
    }

    /// Once everything that lay there is read, everything is looked at.
    mutating func lookAroundIfLive(_ partition: Int32) {
        guard let share = shares[partition], share.isLive else { return }
        for index in workers.indices where reader.clusters[index].partition == partition {
            workers[index].look = .everything
            touch(index)
        }
    }
}

extension ClusterState {
    /// Whether a heartbeat may change what is decided: anything but one more sign of life of a node
    /// that is up, in a cluster at rest.
    fileprivate func needsLook(afterHearing heartbeat: Heartbeat) -> Bool {
        if freeze != nil || !sagas.isEmpty { return true }
        if let tombstone = tombstones[heartbeat.identity.store], !tombstone.stopped { return true }
        let isPlain = nodes.look(heartbeat.identity.node) {
            $0.liveness == .up && $0.removal == nil && $0.identity == heartbeat.identity
        }
        return isPlain != true
    }
}
