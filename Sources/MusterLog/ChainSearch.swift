package import MusterCore
internal import MusterWire

/// Finds decisions of one cluster by their numbers, without reading its whole journal.
///
/// A chain's numbers rise with the offsets, so a place is guessed between two known ones (search by
/// interpolation) and a stretch around it is read. What in a stretch is accepted is told by its
/// hashes: the chain that ends where a known one goes on, or else the longest one; a stretch is
/// longer than what one manager may have had in flight when it lost a race. This is for looking;
/// whoever must be certain reads from the start.
package struct ChainSearch {
    /// A decision with its place.
    package struct Found {
        package let sequence: MusterCore.Sequence
        package let hash: Hash
        package let decision: Decision
        package let position: Position
        package let appended: Timestamp
    }

    private let log: any EventLog
    private let place: TopicPartition
    private let cluster: ClusterID
    private let head: Head
    private let headOffset: Offset
    private let records = JournalRecordReader()

    private static let stretch: UInt64 = 320
    /// How many stretches are read for one number.
    private static let probesMax = 48

    /// - Parameters:
    ///   - place: the cluster's journal partition.
    ///   - headOffset: where the chain's last decision lies.
    package init(
        _ log: any EventLog, _ place: TopicPartition, cluster: ClusterID,
        head: Head, at headOffset: Offset
    ) {
        self.log = log
        self.place = place
        self.cluster = cluster
        self.head = head
        self.headOffset = headOffset
    }

    /// A number of the chain, where its record lies, and the hash of the record before it.
    private struct Anchor {
        var sequence: UInt64
        var offset: UInt64
        var previous: Hash

        init(_ sequence: UInt64, _ offset: UInt64, _ previous: Hash) {
            self.sequence = sequence
            self.offset = offset
            self.previous = previous
        }

        init(_ link: Link) {
            self.init(
                link.envelope.sequence.value, link.record.position.offset.value,
                link.envelope.previous)
        }
    }

    /// The decisions with these numbers, in order; nil when one of them cannot be found this way.
    package func find(_ wanted: [MusterCore.Sequence]) async throws -> [Found]? {
        let start = try await log.range(of: place).lowerBound.value
        let reader = try await log.makeReader()
        var found: [UInt64: Found] = [:]
        var anchors = SortedMap<UInt64, Anchor>()
        anchors[0] = Anchor(0, start, .zero)
        let end = head.sequence.value + 1
        anchors[end] = Anchor(end, headOffset.value + 1, head.hash)
        var isWhole = true
        do {
            for number in wanted.map(\.value).sorted(by: >) where found[number] == nil {
                guard number > 0, number <= head.sequence.value,
                    try await look(for: number, reader, &anchors, &found, wanted)
                else {
                    isWhole = false
                    break
                }
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
        return isWhole ? wanted.sorted().compactMap { found[$0.value] } : nil
    }

    private func look(
        for number: UInt64, _ reader: any LogReader, _ anchors: inout SortedMap<UInt64, Anchor>,
        _ found: inout [UInt64: Found], _ wanted: [MusterCore.Sequence]
    ) async throws -> Bool {
        guard var low = anchors.values.last(where: { $0.sequence <= number }),
            var high = anchors.values.first(where: { $0.sequence > number })
        else { return false }
        for _ in 0..<Self.probesMax where low.offset < high.offset {
            let share = Double(number - low.sequence) / Double(high.sequence - low.sequence)
            let guess = low.offset + UInt64(share * Double(high.offset - low.offset))
            let from = max(low.offset, guess - min(guess, Self.stretch / 2))
            let chain = try await chain(
                from: from, upTo: high.offset, before: high.previous, reader)
            for link in chain.links {
                let sequence = link.envelope.sequence.value
                anchors[sequence] = Anchor(link)
                if found[sequence] == nil, wanted.contains(link.envelope.sequence) {
                    found[sequence] = try decode(link)
                }
            }
            if found[number] != nil { return true }
            if let first = chain.links.first, first.envelope.sequence.value > number {
                high = Anchor(first)
                if from == low.offset { return false }
            } else if let last = chain.links.last {
                low = Anchor(last)
                low.offset += 1
            } else if chain.next > from, chain.next < high.offset {
                // Nothing of this cluster lies here: what is wanted is before or behind it.
                let isBehind = try await isBehind(chain.next, number, high.offset, reader)
                if isBehind { low.offset = chain.next } else { high.offset = from }
            } else if from > low.offset {
                high.offset = from
            } else {
                return false
            }
        }
        return false
    }

    /// Whether the first record of the cluster from there on has at most that number.
    private func isBehind(
        _ offset: UInt64, _ number: UInt64, _ end: UInt64, _ reader: any LogReader
    ) async throws -> Bool {
        var from = offset
        while from < end {
            let chain = try await chain(from: from, upTo: end, before: .zero, reader)
            if let first = chain.links.first { return first.envelope.sequence.value <= number }
            if chain.next <= from { return false }
            from = chain.next
        }
        return false
    }

    private struct Link {
        let envelope: JournalEnvelope
        let hash: Hash
        let record: LogRecord
    }

    /// The accepted records of the cluster in the stretch, and where it ends.
    ///
    /// - Parameter tip: the hash of the last accepted one before `end`.
    private func chain(
        from: UInt64, upTo end: UInt64, before tip: Hash, _ reader: any LogReader
    ) async throws -> (links: [Link], next: UInt64) {
        reader.assign(place, from: Offset(from))
        var links: [Link] = []
        var next = from
        while next < min(end, from + Self.stretch) {
            let batches = try await reader.next(
                max: Int(Self.stretch), waitingUpTo: .seconds(1))
            if batches.isEmpty { break }
            for batch in batches {
                for index in batch.indices where batch[index].offset.value < end {
                    let record = batch.record(at: index)
                    guard let value = record.value, let envelope = JournalEnvelope(of: value),
                        envelope.cluster == cluster
                    else { continue }
                    links.append(
                        Link(
                            envelope: envelope, hash: SHA256.hash(of: value), record: record))
                }
                next = batch.next.value
            }
        }
        reader.unassign(place)
        return (Self.accepted(links, tip), next)
    }

    private static func accepted(_ links: [Link], _ tip: Hash) -> [Link] {
        var places: [Hash: Int] = [:]
        var lengths: [Int] = []
        var parents: [Int?] = []
        var best: Int?
        for (index, link) in links.enumerated() {
            let parent = places[link.envelope.previous]
            parents.append(parent)
            lengths.append((parent.map { lengths[$0] } ?? 0) + 1)
            // Of two records with one hash the first counts that lies behind what it extends.
            if places[link.hash].map({ lengths[$0] < lengths[index] }) ?? true {
                places[link.hash] = index
            }
            if best.map({ lengths[index] > lengths[$0] }) ?? true { best = index }
        }
        best = places[tip] ?? best
        var chain: [Link] = []
        while let place = best {
            chain.append(links[place])
            best = parents[place]
        }
        return chain.reversed()
    }

    private func decode(_ link: Link) throws -> Found? {
        guard let value = link.record.value else { return nil }
        return Found(
            sequence: link.envelope.sequence, hash: link.hash,
            decision: try records.decision(of: value, withEvent: true),
            position: link.record.position, appended: link.record.appended)
    }
}
