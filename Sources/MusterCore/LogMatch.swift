/// The last committed entry of a group that a member's store is known to hold: what its leader
/// reported of it. A store that comes back with less has lost what it had acknowledged.
package struct LogMatch: Hashable, Sendable {
    package var group: GroupID
    package var index: LogIndex
    /// The term of the leader that said so.
    package var term: Term

    package init(group: GroupID, index: LogIndex, term: Term) {
        self.group = group
        self.index = index
        self.term = term
    }
}

/// What was noted of a silent node's store, and when: what a start had said before that was written
/// is not held against it.
package struct NotedMatch: Hashable, Sendable {
    package var match: LogMatch
    /// When it was decided.
    package var noted: Timestamp

    package init(_ match: LogMatch, noted: Timestamp) {
        self.match = match
        self.noted = noted
    }

    /// How many are kept of one group.
    static let most = 4
}

extension NodeState {
    /// How much of its groups its store was known to hold when it last fell silent, in group order.
    package var matches: [LogMatch] {
        var newest = SortedMap<GroupID, LogMatch>()
        for note in notes {
            if let old = newest[note.match.group], old.index >= note.match.index { continue }
            newest[note.match.group] = note.match
        }
        return newest.map(\.value)
    }

    /// The most that was noted of a group until then.
    func noted(_ group: GroupID, until moment: Timestamp) -> LogIndex? {
        notes.lazy.filter { $0.match.group == group && $0.noted <= moment }.map(\.match.index).max()
    }

    mutating func note(_ matches: [LogMatch], at moment: Timestamp) {
        let known = self.matches
        for match in matches where !known.contains(match) {
            notes.append(NotedMatch(match, noted: moment))
            let old = notes.filter { $0.match.group == match.group }
            guard old.count > NotedMatch.most, let place = notes.firstIndex(of: old[0]) else {
                continue
            }
            notes.remove(at: place)
        }
    }
}
