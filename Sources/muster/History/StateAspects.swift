import MusterCore
import MusterWire

/// What can be said of a cluster's state in words, thing by thing: two states are compared by it.
enum StateAspects {
    /// How much is said.
    enum Detail {
        /// What people watch: membership, status, leaders, members.
        case brief
        /// Everything that a decision may have changed and that people ask about.
        case full
    }

    /// A thing and what of it.
    struct Aspect: Hashable {
        let kind: Kind
        let name: String
        let aspect: String
    }

    /// What kind of thing.
    enum Kind: String, CaseIterable {
        case cluster
        case policy
        case node
        case group
        case saga
        case proposal
        case tombstone

        /// Those that `brief` speaks of.
        static let brief: [Kind] = [.node, .group, .cluster]
    }

    /// Something that is another than before. Empty: it was not there, or is gone.
    struct Change {
        let aspect: Aspect
        let from: String
        let to: String
    }

    /// What is another than before, in the order of the things; what is gone last.
    static func changes(
        from before: ClusterState?, to after: ClusterState, of detail: Detail
    ) -> [Change] {
        let old = before.map { all(of: $0, detail) } ?? []
        let new = all(of: after, detail)
        let known = Dictionary(old, uniquingKeysWith: { first, _ in first })
        let there = Set(new.map(\.0))
        var changes: [Change] = []
        for (aspect, to) in new {
            let from = known[aspect] ?? ""
            if from != to { changes.append(Change(aspect: aspect, from: from, to: to)) }
        }
        for (aspect, from) in old where !there.contains(aspect) {
            changes.append(Change(aspect: aspect, from: from, to: ""))
        }
        return changes
    }

    /// Collects what is not empty.
    private struct Words {
        var found: [(Aspect, String)] = []

        mutating func add(_ kind: Kind, _ name: String, _ aspect: String, _ text: String?) {
            guard let text, !text.isEmpty else { return }
            found.append((Aspect(kind: kind, name: name, aspect: aspect), text))
        }
    }

    private static func all(of state: ClusterState, _ detail: Detail) -> [(Aspect, String)] {
        var words = Words()
        words.add(
            .cluster, state.id.text, "mode", state.policy == nil ? "standalone" : "cluster")
        words.add(.cluster, state.id.text, "freeze", state.freeze.map { _ in "frozen" })
        words.add(.cluster, state.id.text, "sight", state.blind.map { Wording.words($0.why) })
        words.add(.cluster, state.id.text, "pause", state.pause.map { interval($0) })
        if detail == .full {
            words.add(.cluster, state.id.text, "engine", state.engine.map { "\($0.cluster)" })
            for member in state.policy.map({ PolicyMembers.all(of: $0) }) ?? [] {
                words.add(.policy, member.name, "value", member.value)
            }
        }
        for node in state.nodes.keys { add(node, state, detail, &words) }
        for (id, group) in state.groups { add(id, group, detail, &words) }
        if detail == .full {
            for (_, saga) in state.sagas { add(saga, &words) }
            for proposal in state.proposals {
                words.add(
                    .proposal, "\(proposal.id)", proposal.rule.rawValue,
                    Wording.asked(proposal.action)
                        + (proposal.withheld.map { ", not done: \(Wording.sentence($0))" } ?? ""))
            }
            for (store, tombstone) in state.tombstones {
                words.add(
                    .tombstone, "\(store)", "store",
                    "\(tombstone.node.text), \(tombstone.reason.rawValue), "
                        + (tombstone.stopped ? "stopped" : "not known to be stopped"))
            }
        }
        return words.found
    }

    private static func add(
        _ id: NodeID, _ state: ClusterState, _ detail: Detail, _ words: inout Words
    ) {
        guard let view = NodeView(state, id) else { return }
        let (node, record) = (view.node, view.record)
        func add(_ aspect: String, _ text: String?) {
            words.add(.node, id.text, aspect, text)
        }
        add("membership", record.membership.rawValue)
        add("status", record.liveness.rawValue)
        add("start", record.start.description)
        if detail == .full {
            add("role", record.role.rawValue)
            add("store", "\(record.store)")
            add("boot", "\(node.boot)")
            add("address", record.address)
            add("zone", record.zone)
            add("stop", node.stopAnnounced ? "announced" : nil)
            add("leave", node.leaving ? "asked for" : nil)
            add("refused", record.refusal.map { Wording.sentence($0) })
            for entry in record.groups { addGroup(entry, id, &words) }
        } else {
            add("groups", Wording.standing(record).joined(separator: " "))
        }
        add("hold", node.hold.map { interval($0) })
        add("conflict", node.conflict.map { Wording.sentence($0) })
        if detail == .full {
            // As it was when it last rose: it falls with every second.
            add("flap score", node.flaps.points == 0 ? nil : "\(node.flaps.points)")
            add("damped", node.flaps.isDamped ? "yes" : nil)
        }
        add("removal", record.removalDue.map { Wording.moment($0) })
        add("held back", node.removal?.blocked.map { Wording.sentence($0) })
    }

    private static func addGroup(
        _ entry: MemberRecord.GroupEntry, _ node: NodeID, _ words: inout Words
    ) {
        let group = entry.group.text
        words.add(.node, node.text, "in \(group)", entry.role?.rawValue)
        words.add(.node, node.text, "leads \(group)", entry.leader ? "yes" : nil)
        words.add(.node, node.text, "copy of \(group)", entry.sync.map { Wording.sync($0) })
    }

    private static func add(
        _ id: GroupID, _ group: GroupState, _ detail: Detail, _ words: inout Words
    ) {
        let members = group.configuration?.members ?? []
        let learners = members.filter { $0.role == .learner }.map(\.node.text)
        words.add(.group, id.text, "leader", group.leader?.text)
        words.add(
            .group, id.text, "voters", group.voters.map(\.text).joined(separator: " "))
        words.add(.group, id.text, "learners", learners.joined(separator: " "))
        guard detail == .full else { return }
        words.add(.group, id.text, "term", "\(group.term)")
        words.add(
            .group, id.text, "configuration",
            group.configuration.map { "\($0.version)" + ($0.pending ? ", pending" : "") })
        words.add(.group, id.text, "desired", "\(group.desired)")
        words.add(.group, id.text, "closed", group.closing.map { "until after \($0)" })
    }

    private static func add(_ saga: Saga, _ words: inout Words) {
        let name = saga.node.text
        words.add(
            .saga, name, "kind", "\(saga.kind.rawValue) (\(saga.reason.rawValue))")
        words.add(.saga, name, "newcomer", saga.newcomer?.node.text)
        words.add(.saga, name, "stalled", saga.isStalled ? "yes" : nil)
        words.add(.saga, name, "step", saga.whole.map { step($0) })
        for (group, found) in saga.steps {
            words.add(.saga, name, "step in \(group.text)", step(found))
        }
    }

    private static func interval(_ interval: Interval) -> String {
        "until \(Wording.moment(interval.until)), asked by \(interval.principal.text)"
    }

    private static func step(_ step: Step) -> String {
        var text = "\(step.name.rawValue), attempt \(step.attempt)"
        if let outstanding = step.outstanding {
            text += ", \(outstanding.command.action.name) \(outstanding.id)"
        }
        if let blocked = step.blocked { text += ", waits: \(Wording.sentence(blocked))" }
        return text
    }
}
