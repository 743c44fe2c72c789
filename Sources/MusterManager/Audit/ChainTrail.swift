internal import MusterCore
internal import MusterWire

/// What an audit remembers of one cluster's records to say of a void one why it is void, and at the
/// end where a chain was cut.
///
/// Void records come in chains of their own: a manager that lost a race had more in flight, each
/// extending the one before. The first of such a chain competes with an accepted record (it lost),
/// or extends something that is nowhere: an append before it failed, or a record was changed or
/// taken away. Only the latter is left with the highest number at the end.
struct ChainTrail {
    /// A record of a chain that was not accepted.
    private struct Stray {
        let envelope: JournalEnvelope
        let hash: Hash
        let offset: Offset
        let isOrphan: Bool
    }

    /// Of each accepted record, by its number, the beginning of its hash and where it lies.
    private var accepted: [(prefix: UInt64, offset: Offset)] = []
    private var strays: [Hash: Stray] = [:]
    /// Strays that extend something unknown, in their order.
    private var roots: [Stray] = []

    /// Where and why a chain ends before its last record.
    struct Cut {
        let kind: AuditFinding.Kind
        let offset: Offset
        let sequence: MusterCore.Sequence
        let sentence: String
    }

    mutating func accept(_ hash: Hash, at offset: Offset) {
        accepted.append((hash.words.0, offset))
    }

    /// Why a record is void.
    ///
    /// - Returns: of one that is there before, where that is.
    mutating func examine(
        _ envelope: JournalEnvelope, _ hash: Hash, at offset: Offset, head: Head
    ) -> (VoidKind, first: Offset?) {
        let number = Int(clamping: envelope.sequence.value)
        if number <= accepted.count, accepted[number - 1].prefix == hash.words.0 {
            return (.repeated, accepted[number - 1].offset)
        }
        // The copy of a void record is as void as the first.
        if let known = strays[hash] { return (known.isOrphan ? .orphan : .lostRace, nil) }
        let parent = strays[envelope.previous]
        let isOrphan = parent?.isOrphan ?? (envelope.sequence > head.sequence)
        let stray = Stray(envelope: envelope, hash: hash, offset: offset, isOrphan: isOrphan)
        strays[hash] = stray
        if isOrphan && parent == nil { roots.append(stray) }
        return (isOrphan ? .orphan : .lostRace, nil)
    }

    /// Where the chain was cut; nil when nothing claims a place behind the head but what lost.
    func cut(head: Head, at headOffset: Offset) -> Cut? {
        let beyond = strays.values.filter {
            $0.isOrphan && $0.envelope.sequence > head.sequence
        }
        guard let first = beyond.min(by: { $0.offset < $1.offset }) else { return nil }
        if let early = roots.first(where: {
            $0.envelope.previous == head.hash && $0.envelope.sequence == head.sequence.next
        }) {
            return Cut(
                kind: .reordered, offset: early.offset, sequence: early.envelope.sequence,
                sentence: "decision \(early.envelope.sequence) lies before decision "
                    + "\(head.sequence), which it extends and which lies at offset \(headOffset)")
        }
        let next = head.sequence.next
        if let renumbered = roots.first(where: { $0.envelope.previous == head.hash }) {
            return Cut(
                kind: .changed, offset: renumbered.offset, sequence: next,
                sentence: "the record extends decision \(head.sequence) and calls itself "
                    + "\(renumbered.envelope.sequence): its number was changed")
        }
        if first.envelope.sequence > next {
            return Cut(
                kind: .missing, offset: first.offset, sequence: next,
                sentence: "decision \(next) is missing, or its first bytes were changed: it is "
                    + "nowhere between offset \(headOffset) and this record, which is decision "
                    + "\(first.envelope.sequence)")
        }
        return changed(first, head: head, at: headOffset)
    }

    /// The record that follows the head by its number names another hash: either of the two was
    /// changed. What the record behind them names says which.
    private func changed(_ next: Stray, head: Head, at headOffset: Offset) -> Cut {
        let follower = strays.values.first { $0.envelope.previous == next.hash }
        let later = strays.values.first {
            $0.isOrphan && $0.envelope.sequence == next.envelope.sequence.next
        }
        if follower == nil, let later {
            return Cut(
                kind: .changed, offset: next.offset, sequence: next.envelope.sequence,
                sentence: "decision \(next.envelope.sequence) was changed: it names another record "
                    + "before it than decision \(head.sequence), and has not the hash that "
                    + "decision \(later.envelope.sequence) at offset \(later.offset) names")
        }
        let alone =
            follower == nil
            ? ", unless the record at offset \(next.offset) itself was, or an append before it failed"
            : ""
        return Cut(
            kind: .changed, offset: headOffset, sequence: head.sequence,
            sentence: "decision \(head.sequence) was changed\(alone): its hash is \(head.hash), "
                + "and decision \(next.envelope.sequence) at offset \(next.offset) names "
                + "\(next.envelope.previous)")
    }
}
