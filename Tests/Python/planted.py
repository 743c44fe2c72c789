"""Mistakes that a good engineer could make, as changes of the source: none of them is in a tree that anybody builds from.

Those of the journal's protocol are those of docs/spec/mistakes that a program can make, and more. A bug is a name, what it is, and edits: a file, a text that occurs in it once, and what takes its place. PLANTED stands for "this
bug is the one that is on".
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Bug:
    name: str
    what: str
    edits: tuple


CORE, LOG, MANAGER, AGENT = (f"Sources/Muster{name}/" for name in ("Core", "Log", "Manager", "Agent"))
JOURNAL, DECIDING = MANAGER + "ManagerLoop+Journal.swift", MANAGER + "ManagerLoop+Deciding.swift"
CHECKPOINT = MANAGER + "ManagerLoop+Checkpoint.swift"
PROOF, CONDITIONS = CORE + "ClusterState+Proof.swift", CORE + "Situation+Conditions.swift"
PENDING = CORE + "ClusterState+PendingRemoval.swift"


def bug(name, what, *edits):
    return Bug(name, what, edits)


BUGS = (
    # The journal's protocol.
    bug("keeps-lost-append", "a record whose append failed is waited for, and nothing is considered again",
        (JOURNAL, "reader.clusters[index].state.id)\n        reset(index)",
         "reader.clusters[index].state.id)\n        if !PLANTED { reset(index) }")),
    bug("redoes-only-what-decided", "after a lost race, inputs that had decided nothing are not considered again",
        (JOURNAL, "let again = workers[index].waiting\n",
         "let again = workers[index].waiting.filter { !PLANTED || $0.own != nil }\n")),
    bug("checkpoint-without-end", "a checkpoint is written without reading the journal to its end",
        (CHECKPOINT, "where (reader.positions[partition] ?? .zero) < end {",
         "where !PLANTED && (reader.positions[partition] ?? .zero) < end {")),
    bug("checkpoint-without-basis", "a checkpoint passes what decided nothing on a record in flight",
        (CHECKPOINT, "|| $0.basis.map { flying.contains($0) } ?? false",
         "|| !PLANTED && ($0.basis.map { flying.contains($0) } ?? false)")),
    bug("checkpoint-of-reading", "a checkpoint says how far was read, not how far was decided",
        (CHECKPOINT, "        for worker in workers { lower(&positions, to: worker.queue) }\n",
         "        if !PLANTED { for worker in workers { lower(&positions, to: worker.queue) } }\n"),
        (CHECKPOINT, "            lower(&positions, to: worker.queue)\n            for (",
         "            if PLANTED { continue }\n            lower(&positions, to: worker.queue)\n            for (")),
    bug("considered-while-redoing", "a decision made while inputs are considered again says that all of them were",
        (JOURNAL, "workers[index].considered = workers[index].settled\n        let",
         "if !PLANTED { workers[index].considered = workers[index].settled }\n        let")),
    bug("redoes-in-wrong-order", "after a lost race, newer inputs are considered before the older ones",
        (JOURNAL, "queue.insert(contentsOf: again, at: 0)",
         "queue.insert(contentsOf: again, at: PLANTED ? workers[index].queue.count : 0)")),
    bug("own-by-author", "a manager takes an accepted record for the one it waits for because it wrote it",
        (JOURNAL, "front.hash == accepted.hash {",
         "PLANTED ? accepted.decision.manager == settings.identity : front.hash == accepted.hash {")),
    bug("chain-by-number", "a record is accepted when its number is the next one, whatever it extends",
        (LOG + "JournalReader.swift", "guard envelope.extends(clusters[index].state.head) else {",
         "guard PLANTED ? envelope.sequence == clusters[index].state.head.sequence.next\n"
         "            : envelope.extends(clusters[index].state.head) else {")),
    bug("decides-twice", "an input that was passed is decided again",
        (CORE + "ClusterState+Decide.swift", "position.offset < passed\n", "position.offset < passed, !PLANTED\n"),
        (DECIDING, "if let passed, item.position.offset < passed { return }",
         "if !PLANTED, let passed, item.position.offset < passed { return }")),
    bug("considers-the-cause-only", "a decision does not say how far its author had considered",
        (DECIDING, "        workers[index].considered.compactMap { partition, offset in",
         "        if PLANTED { return [] }\n        return workers[index].considered.compactMap { partition, offset in")),
    bug("reads-below-snapshot", "a reader that began with a snapshot accepts records that lie before it",
        (LOG + "JournalReader.swift", "if offset < clusters[index].from { return",
         "if !PLANTED, offset < clusters[index].from { return")),
    bug("author-publishes", "whoever takes over does not publish the commands that are outstanding",
        (MANAGER + "ManagerLoop+Publishing.swift", "for (id, command) in state.outstandingCommands {",
         "for (id, command) in state.outstandingCommands where !PLANTED {")),
    bug("publishes-before-reading", "commands are published when they are decided, not when they are read back",
        (DECIDING, "        counts.decided += 1\n",
         "        counts.decided += 1\n        if PLANTED {\n"
         "            for (id, command) in decision.commands(at: next.head.sequence, hash: hash) {\n"
         "                let early = CommandRecord(\n"
         "                    cluster: state.id, id: id, command: command, correlation: \"\")\n"
         "                let home = reader.clusters[index].partition\n"
         "                publish(.record(newRecord(early.outgoing(), home)))\n"
         "            }\n        }\n")),
    bug("clock-of-the-wall", "the clock decides by the manager's wall clock, which is fast",
        (MANAGER + "LogClock.swift", "appended.map { $0 + max(.zero, now - read) }",
         "appended.map { $0 + max(.zero, now - read) + (PLANTED ? Duration.seconds(90) : Duration.zero) }")),
    bug("positions-by-topic", "how far inputs are decided is kept for a topic, not for each of its partitions",
        (CORE + "ClusterState+Evolve.swift", "        case .manager(.inputsLost(let place, let from",
         "            if PLANTED {\n"
         "                for place in next.keys where place.topic == position.partition.topic {\n"
         "                    next.update(place) { $0 = max($0, offset) }\n"
         "                }\n            }\n        case .manager(.inputsLost(let place, let from")),
    bug("keeps-what-was-considered", "a partition that was given away is still called considered",
        (MANAGER + "ManagerLoop+Ownership.swift",
         "            for topic in workers[index].considered.keys where share(of: topic) == partition {",
         "            for topic in workers[index].considered.keys\n"
         "            where !PLANTED && share(of: topic) == partition {")),
    bug("starts-at-newest-snapshot", "a reader starts where the newest snapshot lies, not the oldest one that it needs",
        (LOG + "ProjectionLoader+Snapshots.swift", "snapshots.map(\\.journalOffset).min() else { return }",
         "PLANTED ? snapshots.map(\\.journalOffset).max() : snapshots.map(\\.journalOffset).min()\n"
         "        else { return }"),
        (LOG + "ProjectionLoader+Snapshots.swift", "guard isComplete, let lowest", "guard PLANTED || isComplete, let lowest"),
        (LOG + "ProjectionLoader+Snapshots.swift", "skip(to: min(lowest, checkpoint.journalFloor), of: partition)",
         "skip(\n            to: PLANTED ? lowest : min(lowest, checkpoint.journalFloor), of: partition)")),
    bug("unknown-is-void", "a record of a newer version is passed over",
        (LOG + "JournalReader.swift", "        } catch {\n            return stop(index, envelope, hash, error)",
         "        } catch {\n            if PLANTED { return void(index) }\n            return stop(index, envelope, hash, error)")),
    bug("partitions-of-the-topic", "where a cluster lives follows from the topic's size now, not from the journal's header",
        (LOG + "JournalReader.swift", "header.map { Partitioner.partition(of: cluster, count: $0.partitions) }",
         "header.map {\n            Partitioner.partition(\n"
         "                of: cluster, count: PLANTED ? UInt32(max(1, positions.count)) : $0.partitions)\n        }")),
    bug("takes-back-for-any-void", "whatever is void takes back what is in flight",
        (JOURNAL, "if workers[index].inFlight.contains(where: { $0.offset == offset }) {",
         "if PLANTED || workers[index].inFlight.contains(where: { $0.offset == offset }) {")),
    bug("set-in-the-fold", "the fold walks through a set, whose order is another one for every reader",
        (CORE + "ClusterState+EvolveNodes.swift", "        nodes[node] = new\n        // Whoever",
         "        nodes[node] = new\n        if PLANTED { nodes.update(node) { $0.groups = Array(Set($0.groups)) } }\n"
         "        // Whoever")),
    # Agents.
    bug("remembers-in-memory", "an agent that starts again has forgotten which commands it began",
        (AGENT + "Loop/AgentLoop+Commands.swift", "for (id, entry) in memory.commands {",
         "for (id, entry) in memory.commands where !PLANTED {")),
    bug("begins-too-late", "an agent begins a command whose time is over",
        (AGENT + "Loop/AgentLoop+Commands.swift",
         "        if let latest = clock.latest(now), latest > order.notAfter {\n            return end",
         "        if !PLANTED, let latest = clock.latest(now), latest > order.notAfter {\n            return end"),
        (AGENT + "Loop/AgentLoop+Commands.swift", "} else if latest > order.notAfter {",
         "} else if !PLANTED, latest > order.notAfter {")),
    bug("for-any-start", "an agent carries out what an earlier start of its node was told",
        (AGENT + "Loop/AgentLoop+Commands.swift",
         "guard record.cluster == settings.cluster, command.executor == identity,",
         "guard record.cluster == settings.cluster,\n"
         "            PLANTED ? command.executor.node == identity.node : command.executor == identity,")),
    bug("requires-nothing", "an executor does not look at what a command requires",
        (AGENT + "Precondition.swift", "        guard let report, report.state == .leader",
         "        if PLANTED { return nil }\n        guard let report, report.state == .leader")),
    # The rules of membership.
    bug("majority-of-the-old", "the majority needed after a change is that of before it",
        (CONDITIONS, "neededAfter: UInt32(Proof.quorum(of: max(0, after.voters))),",
         "neededAfter: UInt32(Proof.quorum(of: PLANTED ? count : max(0, after.voters))),")),
    bug("learners-vote", "learners count as voters",
        (PROOF, "var voters: [NodeID] { members.filter { $0.member.role == .voter }",
         "var voters: [NodeID] { members.filter { PLANTED || $0.member.role == .voter }"),
        (PROOF, "members.filter { $0.member.role == .voter && isHealthy($0) }",
         "members.filter { (PLANTED || $0.member.role == .voter) && isHealthy($0) }")),
    bug("unconfirmed-is-proof", "the view of a leader that no majority confirms is a proof",
        (PROOF, "if !observation.view.confirmed {", "if !PLANTED, !observation.view.confirmed {"),
        (PROOF, "{ return observation.view.confirmed }", "{ return PLANTED || observation.view.confirmed }"),
        (PROOF, "if !observation.view.changePermitted {", "if !PLANTED, !observation.view.changePermitted {")),
    bug("two-changes-on-one-view", "a second change is planned on the view that the first one was planned on",
        (PROOF, "if let closed = register.closedAt, observation",
         "if !PLANTED, let closed = register.closedAt, observation"),
        (PROOF, "if let disagreement { return", "if !PLANTED, let disagreement { return")),
    bug("resumes-deadlines", "after a gap deadlines go on instead of starting again",
        (CORE + "ClusterState+Liveness.swift",
         "            + pending.map { .removalRescheduled($0.key, due: due, why: .gap) }",
         "            + (PLANTED ? [] : pending.map { .removalRescheduled($0.key, due: due, why: .gap) })")),
    bug("silence-is-death", "an agent's silence is taken for its node's death, whatever the leaders say",
        (PENDING, "if let contact = contact(with", "if !PLANTED, let contact = contact(with"),
        (PENDING, "if let missing = missingEvidence(", "if !PLANTED, let missing = missingEvidence("),
        (CORE + "StepMachine+Removal.swift", "if let doubt = signOfLife {", "if !PLANTED, let doubt = signOfLife {")),
    bug("repeats-the-unknown", "a change whose outcome is unknown is given again",
        (CORE + "ClusterState+Facts.swift", "if outstanding.command.require == nil {",
         "if PLANTED || outstanding.command.require == nil {")),
    bug("empty-disk-is-the-same", "a node that came back on an empty disk counts as the voter that it was",
        (PROOF, "view.member.store == nil || view.member.store == known.identity.store,\n            let obs",
         "PLANTED || view.member.store == nil || view.member.store == known.identity.store,\n            let obs"),
        (CORE + "Situation+Identity.swift", "store != known.identity.store { return true }",
         "store != known.identity.store { return !PLANTED }"),
        (CORE + "ClusterState+Facts.swift", "        return store != identity.store\n",
         "        return !PLANTED && store != identity.store\n")),
    bug("removes-the-leader", "a leader is taken out without handing over first",
        (CORE + "Removal+Plan.swift", "Step(name: leads ? .transfer : .remove",
         "Step(name: leads && !PLANTED ? .transfer : .remove"),
        (CORE + "StepMachine+Removal.swift",
         "    func remove() -> StepAttempt {\n        if situation.leader?.node == node {",
         "    func remove() -> StepAttempt {\n        if !PLANTED, situation.leader?.node == node {")),
    bug("promotes-while-one-is-down", "a newcomer is promoted although without it there is no majority",
        (CONDITIONS, "if proof.voters.count > 1 && proof.healthy.count < Int(proof.neededAfter) {\n"
         "            return critical(node, proof)\n        }\n        return nil\n    }\n\n    /// DOMAIN",
         "if !PLANTED && proof.voters.count > 1 && proof.healthy.count < Int(proof.neededAfter) {\n"
         "            return critical(node, proof)\n        }\n        return nil\n    }\n\n    /// DOMAIN")),
    bug("caught-up-at-once", "a newcomer counts as caught up as soon as it is there",
        (CONDITIONS, "if since != nil && stable >= policy.stabilization {",
         "if PLANTED || since != nil && stable >= policy.stabilization {")),
    bug("copies-from-a-follower", "data is copied from a voter that does not lead",
        (CORE + "StepMachine+Command.swift", "guard let source = situation.leader?.node else { return .wait }",
         "let other = PLANTED ? situation.voters.last : nil\n"
         "        guard let source = other ?? situation.leader?.node else { return .wait }")),
    bug("refuses-every-tick", "what holds a step back is written again each time it is looked at",
        (CORE + "StepMachine.swift", "if refusal.isSaid(by: step.blocked", "if !PLANTED, refusal.isSaid(by: step.blocked")),
    bug("removes-while-blind", "deadlines pass while the manager may be the blind one",
        (PENDING, "if let guarded { return hold", "if !PLANTED, let guarded { return hold"),
        (CONDITIONS, "found = [state.guarded, refuseFloor(node, proof)]",
         "found = [PLANTED ? nil : state.guarded, refuseFloor(node, proof)]"),
        (CORE + "StepMachine+Removal.swift", "if let guarded = state.guarded { return guarded }",
         "if !PLANTED, let guarded = state.guarded { return guarded }")),
    bug("any-start-speaks", "what an earlier start of a node says counts",
        (CORE + "ClusterState+Facts.swift", "let known = nodes[identity.node], known.identity == identity else",
         "let known = nodes[identity.node],\n"
         "            PLANTED ? known.identity.store == identity.store : known.identity == identity else")),
    bug("below-the-floor", "automation removes voters below the floor",
        (CONDITIONS, "guard Int(proof.votersAfter) < Int(proof.floor) else { return nil }",
         "guard !PLANTED, Int(proof.votersAfter) < Int(proof.floor) else { return nil }")),
    # Why somebody was removed.
    bug("gone-for-another-reason", "whoever is removed for silence is said to be removed as somebody asked for it",
        (CORE + "ClusterState+Saga.swift", "case .silence: reason = .silence\n",
         "case .silence: reason = PLANTED ? .request : .silence\n")),
    bug("keeps-old-views", "what a leader saw is kept while the configuration is the same, and called as new as what it says later",
        (CORE + "Evidence+Hear.swift", "heard: heard, leader: observer, term: entry.term, view: new,",
         "heard: heard, leader: observer, term: entry.term,\n"
         "            view: PLANTED && before?.view.version == new.version ? before?.view ?? new : new,")),
)
