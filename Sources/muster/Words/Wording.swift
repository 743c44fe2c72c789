import MusterCommandLine
import MusterCore
import MusterRuntime
import MusterWire

/// What the core's values are called in front of people. The texts hold names as they came: whoever
/// shows them escapes them.
enum Wording {
    /// Why something is not done: `floor: without n3, …`.
    static func sentence(_ refusal: Refusal) -> String {
        "\(refusal.code.rawValue): \(refusal.sentence)"
    }

    /// A proof as a line of a table.
    static func line(_ proof: Proof) -> String {
        let now = "\(proof.healthy.count) of \(proof.voters.count)"
        let after = "\(proof.healthyAfter) of \(proof.votersAfter)"
        let allowed = "allowed" + (proof.warning.map { "; " + $0 } ?? "")
        let verdict = proof.refusal.map { "refused: " + sentence($0) } ?? allowed
        return "\(proof.group.text): \(proof.change.rawValue) \(proof.node.text), now \(now) "
            + "healthy (\(proof.needed) needed), after \(after) (\(proof.neededAfter) needed), "
            + "floor \(proof.floor); \(verdict)"
    }

    /// What one more failure would do to a group.
    static func consequence(healthy: Int, needed: Int) -> String {
        switch healthy - needed {
        case ..<0: "it cannot decide anything"
        case 0: "any one failure stops it"
        case 1: "one may fail"
        case let spare: "\(spare) may fail"
        }
    }

    static func length(_ duration: Duration) -> String {
        DurationText.text(milliseconds: duration.milliseconds)
    }

    static func moment(_ moment: Timestamp) -> String {
        RFC3339.text(milliseconds: moment.milliseconds)
    }

    /// What a command does, with its parameters.
    static func action(_ command: MusterCore.Command) -> String {
        var text = command.action.name + " " + command.node.text
        switch command.action {
        case .syncGroup(let source, let scope): text += " from \(source.text) (\(scope.rawValue))"
        case .addMember(let role): text += " as \(role.rawValue)"
        case .transferLeadership(let target):
            text = command.action.name
            if target != command.node { text += " from \(command.node.text)" }
            text += " to \(target.text)"
        case .prepareNode, .startMember, .stopMember, .promoteMember, .demoteMember, .removeMember,
            .observeGroup:
            break
        }
        if let group = command.group { text += " in \(group.text)" }
        return text + ", by \(command.executor.node.text)"
    }

    static func sync(_ status: SyncStatus) -> String {
        switch status {
        case .notStarted: "not started"
        case .syncing(let source, _): "syncing from \(source.text)"
        case .synced(let index): "synced to \(index)"
        case .failed(let reason, let attempts): "failed (\(attempts)): \(reason)"
        }
    }

    /// How a node stands in its groups: `g1* g2 g3(learner)`, a star where it leads.
    static func standing(_ record: MemberRecord) -> [String] {
        record.groups.map { entry in
            var text = entry.group.text
            if entry.leader { text += "*" }
            switch (entry.role, entry.sync) {
            case (.learner, _): text += "(learner)"
            case (.voter, _): break
            case (nil, .syncing): text += "(syncing)"
            case (nil, .failed): text += "(failed)"
            case (nil, .synced): text += "(synced)"
            case (nil, _): text += "(-)"
            }
            return text
        }
    }
}
