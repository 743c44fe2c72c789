import MusterCore

/// Something that is not as it should be, or that an operator should know.
struct Problem {
    enum Weight {
        /// Not well: `status` ends with its exit code for that.
        case trouble
        /// Well, but worth knowing.
        case notice
    }

    let cluster: ClusterID?
    let sentence: String
    var weight = Weight.trouble
    /// Whether a group has no healthy majority.
    var isLoss = false

    /// All of a cluster.
    ///
    /// - Parameter now: the moment of the log.
    static func all(
        of state: ClusterState, _ evidence: Evidence, now: Timestamp
    ) -> [Problem] {
        var found: [Problem] = []
        func add(_ sentence: String) {
            found.append(Problem(cluster: state.id, sentence: sentence))
        }
        if let freeze = state.freeze {
            add(
                "removals are frozen since \(Wording.moment(freeze.since)): "
                    + Wording.sentence(RemovalView.frozen(freeze, state)))
        }
        if let blind = state.blind {
            add("removals are held back: \(Wording.words(blind.why))")
        }
        for (id, node) in state.nodes {
            for sentence in troubles(of: id, node, state) { add(sentence) }
        }
        for (id, group) in state.groups {
            found += troubles(of: id, group, state, evidence, now: now)
        }
        for (id, saga) in state.sagas {
            for sentence in troubles(of: id, saga) { add(sentence) }
        }
        found += standstills(state, now: now)
        if let overdue = overdue(state, evidence, now: now) { add(overdue) }
        return found
    }

    /// What automation leaves alone because a person asked for it: nothing is wrong with that.
    private static func standstills(_ state: ClusterState, now: Timestamp) -> [Problem] {
        func notice(_ what: String, _ interval: Interval) -> Problem {
            let reason = interval.reason.isEmpty ? "" : ": \(interval.reason)"
            return Problem(
                cluster: state.id,
                sentence: "\(what) until \(Wording.moment(interval.until)), asked by "
                    + "\(interval.principal.text)\(reason)", weight: .notice)
        }
        var found: [Problem] = []
        if let pause = state.pause, now < pause.until {
            found.append(notice("automation is paused, it only watches", pause))
        }
        for (id, node) in state.nodes {
            if let hold = node.hold, now < hold.until {
                found.append(notice("node \(id.text) is held", hold))
            }
        }
        return found
    }

    private static func troubles(
        of id: NodeID, _ node: NodeState, _ state: ClusterState
    ) -> [String] {
        var sentences: [String] = []
        if state.isMember(id), node.liveness == .down || node.liveness == .suspect {
            let since = Wording.moment(node.livenessSince)
            sentences.append("member \(id.text) is \(node.liveness.rawValue) since \(since)")
        }
        if let conflict = node.conflict {
            sentences.append("node \(id.text): \(Wording.sentence(conflict))")
        }
        if let blocked = node.removal?.blocked {
            sentences.append(
                "the removal of \(id.text) is held back: \(Wording.sentence(blocked))")
        }
        return sentences
    }

    private static func troubles(of id: NodeID, _ saga: Saga) -> [String] {
        let name = "the \(saga.kind.rawValue) of \(id.text)"
        var sentences: [String] = []
        switch saga.phase {
        case .stalled(let refusal, _):
            sentences.append("\(name) is stalled: \(Wording.sentence(refusal))")
        case .rollingBack(let refusal):
            sentences.append("\(name) is taken back: \(Wording.sentence(refusal))")
        case .active: break
        }
        for (group, step) in saga.steps {
            if case .inDoubt(let outstanding) = step.phase {
                sentences.append(
                    "\(name) in \(group.text): the outcome of command \(outstanding.id) is "
                        + "unknown, \(group.text) is closed until it is seen")
            }
        }
        return sentences
    }

    // MARK: Groups

    private static func troubles(
        of id: GroupID, _ group: GroupState, _ state: ClusterState, _ evidence: Evidence,
        now: Timestamp
    ) -> [Problem] {
        guard group.configuration != nil else { return [] }
        let (count, floor) = (group.voters.count, state.floor(of: id))
        var found: [Problem] = []
        func add(_ text: String, _ weight: Weight = .trouble, isLoss: Bool = false) {
            found.append(
                Problem(
                    cluster: state.id, sentence: "group \(id.text) " + text, weight: weight,
                    isLoss: isLoss))
        }
        if group.leader == nil { add("has no known leader") }
        if count < floor {
            add("has \(count) voters, \(floor) are wanted")
        } else if count < Int(group.desired) {
            add(
                "is degraded: it has \(count) voters and had \(group.desired); add a node to fill "
                    + "the place", .notice)
        } else if let even = Proof.evenSize(count) {
            add("has \(even)", .notice)
        }
        if state.policy == nil { return found }
        let health = state.health(
            of: id, evidence: evidence, at: evidence.moment(now, of: state))
        let sick = group.voters.filter { !health.healthy.contains($0) }.map(\.text)
        if let refusal = health.unusable, isLasting(refusal.code) {
            add("cannot be changed: " + Wording.sentence(refusal))
        } else if let refusal = health.unusable, health.isUnknown {
            add("cannot be changed yet: " + Wording.sentence(refusal), .notice)
        } else if !sick.isEmpty {
            add(
                "has \(health.healthy.count) of \(count) voters healthy, not "
                    + sick.joined(separator: " ") + "; one more failure "
                    + Wording.oneMoreFailure(health), isLoss: health.spare < 0)
        } else if health.spare == 0 {
            add("is well, but one more failure " + Wording.oneMoreFailure(health), .notice)
        }
        return found
    }

    /// Whether that stands in the way for other reasons than a change that is going on.
    private static func isLasting(_ code: Refusal.Code) -> Bool {
        [.noLeader, .stale, .unconfirmed, .identityConflict].contains(code)
    }

    // MARK: Managers

    /// A manager decides within seconds; what has been due for longer is left lying.
    private static let limit: Duration = .seconds(20)

    /// Says that the clock asks for a decision that nobody has made; nil when it does not.
    private static func overdue(
        _ state: ClusterState, _ evidence: Evidence, now: Timestamp
    ) -> String? {
        let moment = now - limit
        guard moment > state.at else { return nil }
        let input = Input(
            cluster: state.id, source: .dryRun, content: .wake(.liveness), correlation: "")
        let part = state.extract(for: input, from: evidence) ?? Evidence()
        let event = state.decide(input, evidence: part, at: moment).first { event in
            switch event {
            case .nodeSuspected, .nodeDown, .frozen: true
            default: false
            }
        }
        guard let event else { return nil }
        return "no manager decides for \(state.id.text): for \(Wording.length(limit)) it has been "
            + "due that \(Wording.sentence(event)); start one with `muster manager`"
    }
}
