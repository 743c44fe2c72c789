import MusterCore

// Several managers with one journal: each has heard what was said while it was there, and reads the
// heartbeats again at a takeover.

extension ScriptWorld {
    /// What lies on the heartbeats topic.
    enum Saying {
        case heartbeat(Heartbeat)
        case report(GroupsReport)
        case up(NodeUp)
    }

    mutating func say(_ saying: Saying, at appended: Timestamp? = nil) {
        let moment = heard(at: appended)
        said.append((moment, saying))
        hear(saying, moment)
    }

    private mutating func hear(_ saying: Saying, _ moment: Evidence.Heard) {
        switch saying {
        case .heartbeat(let heartbeat): evidence.hear(heartbeat, moment, lease: policy.lease)
        case .report(let report): evidence.hear(report, moment, lease: policy.lease)
        case .up(let up):
            let isCurrent = state.nodes[up.identity.node]?.identity == up.identity
            evidence.hear(up, moment, lease: policy.lease, isCurrent: isCurrent)
        }
    }

    /// Another manager takes over that has read only what was said until so long ago.
    mutating func fallBehind(by duration: Duration) {
        evidence = Evidence()
        for (moment, saying) in said where moment.appended <= now - duration {
            hear(saying, moment)
        }
        wake()
    }

    /// Another manager takes over: it reads from the start of the oldest running deadline, and at
    /// least as far back as the last sign of a node that is not down yet.
    mutating func takeOver() {
        var from = now - policy.lease * (Policy.downLeases + 1)
        for known in state.nodes.values {
            guard let removal = known.removal else { continue }
            from = min(from, removal.since - policy.lease * (Policy.downLeases + 1))
        }
        evidence = Evidence()
        for (moment, saying) in said where moment.appended >= from { hear(saying, moment) }
        if !mischief.isAway { return }
        // What lay there meanwhile is considered before anybody looks at the clock.
        mischief.isAway = false
        for (content, appended) in mischief.waiting { consider(content, appended) }
        mischief.waiting = []
        wake()
    }
}
