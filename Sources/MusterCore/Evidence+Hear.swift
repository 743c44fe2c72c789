// How soft state follows what is heard. Only append times count, and a record that is older than
// what is known, or comes from a process that is over, changes nothing.

extension Evidence {
    /// Folds a heartbeat into what is known softly.
    ///
    /// - Parameter lease: how long a heartbeat counts; a longer silence of the whole cluster is a
    ///   gap.
    package mutating func hear(_ heartbeat: Heartbeat, _ heard: Heard, lease: Duration) {
        notice(heard, lease: lease)
        let node = heartbeat.identity.node
        let known: Bool? = nodes.update(node) { old in
            old.hear(heartbeat, heard, lease: lease)
            return true
        }
        if known == nil {
            nodes[node] = NodeEvidence(
                identity: heartbeat.identity, boot: heartbeat.boot, heard: heard,
                copies: heartbeat.copies.map {
                    NodeEvidence.Copy(progress: $0, moved: heard.appended)
                })
        }
    }

    /// Folds an agent's report of its groups into what is known softly.
    package mutating func hear(_ report: GroupsReport, _ heard: Heard, lease: Duration) {
        if let known = nodes[report.observer.node], known.identity.store == report.observer.store,
            report.observer.start < known.identity.start
        {
            return
        }
        for entry in report.groups {
            groups.update(entry.group, default: GroupEvidence()) {
                $0.hear(entry, by: report.observer, heard, lease: lease)
            }
        }
    }

    /// A fact of a node's own start is a sign of life, as good as a heartbeat.
    ///
    /// - Parameter isCurrent: whether the node is known by this start now: then it takes the place
    ///   of whoever was heard before, on whatever disk.
    package mutating func hear(
        _ up: NodeUp, _ heard: Heard, lease: Duration, isCurrent: Bool = false
    ) {
        if isCurrent, let old = nodes[up.identity.node], old.identity.store != up.identity.store {
            nodes[up.identity.node] = nil
        }
        hear(Heartbeat(identity: up.identity, boot: up.boot, copies: []), heard, lease: lease)
    }

    private mutating func notice(_ heard: Heard, lease: Duration) {
        guard let last = newest else {
            newest = heard
            return
        }
        if heard.appended <= last.appended { return }
        if heard.appended - last.appended > lease {
            gap = Gap(from: last.appended, to: heard.appended)
        }
        newest = heard
    }
}

extension NodeEvidence {
    /// A lower start of the same store is void, and so is another store while the first one was
    /// heard within the lease: whoever speaks with a second disk does not silence the first.
    fileprivate mutating func hear(
        _ heartbeat: Heartbeat, _ new: Evidence.Heard, lease: Duration
    ) {
        if heartbeat.identity.store == identity.store {
            let start = heartbeat.identity.start
            if start < identity.start || start == identity.start && heartbeat.boot != boot {
                return notice(heartbeat, new)
            }
        } else if new.appended - heard.appended <= lease {
            return notice(heartbeat, new)
        }
        if new.appended < heard.appended { return }
        if heartbeat.identity != identity { copies = [] }
        identity = heartbeat.identity
        boot = heartbeat.boot
        heard = new
        if heartbeat.copies.isEmpty {
            if !copies.isEmpty { copies = [] }
            return
        }
        copies = heartbeat.copies.map { progress in
            let before = copies.first { $0.progress.group == progress.group }
            let moved = before.map { progress.bytes > $0.progress.bytes } ?? true
            return Copy(
                progress: progress, moved: moved ? new.appended : before?.moved ?? new.appended)
        }
    }
}

extension NodeEvidence {
    private mutating func notice(_ heartbeat: Heartbeat, _ new: Evidence.Heard) {
        if let rival, new.appended < rival.heard.appended { return }
        rival = Rival(
            store: heartbeat.identity.store, start: heartbeat.identity.start,
            boot: heartbeat.boot, heard: new)
    }
}

extension GroupEvidence {
    fileprivate mutating func hear(
        _ entry: GroupReport, by observer: NodeIdentity, _ heard: Evidence.Heard,
        lease: Duration
    ) {
        termMax = max(termMax, entry.term)
        members.update(observer.node, default: MemberEvidence()) { member in
            if let own = member.own, own.heard.appended > heard.appended { return }
            member.own = MemberEvidence.OwnReport(
                identity: observer, state: entry.state, applied: entry.applied, heard: heard)
        }
        guard entry.state == .leader, let new = entry.view else { return }
        if let old = view {
            if entry.term < old.term { return }
            if heard.appended < old.heard.appended { return }
            if heard.position == old.heard.position { return }
        }
        if new.confirmed { follow(new, entry.term, heard, lease: lease) }
        let before = view.flatMap { $0.term == entry.term ? $0 : nil }
        let commitBefore = before.map { $0.view.confirmed ? $0.view.commit : $0.commitBefore }
        view = Observation(
            heard: heard, leader: observer, term: entry.term, view: new,
            commitBefore: commitBefore ?? nil)
    }

    /// What successive confirmed observations say of each member over time. It is unbroken as long
    /// as no two of them are more than a lease apart, whoever led.
    private mutating func follow(
        _ new: LeaderView, _ term: Term, _ heard: Evidence.Heard, lease: Duration
    ) {
        let last = until
        let unbroken = last.map { heard.appended - $0 <= lease } ?? false
        until = heard.appended
        if unbroken, let last, since != nil {
            gapMax = max(gapMax, heard.appended - last)
        } else {
            since = heard.appended
            gapMax = .zero
        }
        let sameTerm = view.flatMap { $0.term == term ? $0 : nil }
        let commit = sameTerm.flatMap { $0.view.confirmed ? $0.view.commit : $0.commitBefore }
        for member in new.members {
            let node = member.member.node
            let before = view?.view.members.first { $0.member.node == node }
            members.update(node, default: MemberEvidence()) {
                $0.follow(
                    member, before: before, commit: commit, heard, lease: lease,
                    unbroken: unbroken)
            }
        }
    }
}

extension MemberEvidence {
    fileprivate mutating func follow(
        _ member: MemberView, before: MemberView?, commit: LogIndex?, _ heard: Evidence.Heard,
        lease: Duration, unbroken: Bool
    ) {
        let store = member.member.store
        let isKnown = before.map { $0.member.store == store || $0.member.store == nil } ?? false
        if !isKnown {
            // What was seen of a member of this name before it came in was another's.
            caughtUpSince = nil
            progressed = nil
        }
        let inContact = member.contactAge.map { $0 <= lease } ?? false
        if inContact {
            outOfContactSince = nil
        } else if outOfContactSince == nil || !unbroken || before == nil {
            outOfContactSince = heard.appended
        }
        let ownWord = own.flatMap { store == nil || $0.identity.store == store ? $0.applied : nil }
        let match = member.match ?? ownWord
        if let match, let commit, match >= commit {
            if caughtUpSince == nil || !unbroken { caughtUpSince = heard.appended }
        } else {
            caughtUpSince = nil
        }
        let matchBefore = before?.match
        if let match, matchBefore.map({ match > $0 }) ?? true, member.match != nil || inContact {
            progressed = heard.appended
        }
    }
}
