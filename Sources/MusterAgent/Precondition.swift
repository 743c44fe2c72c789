package import MusterCore

/// What a command requires of the leader's live view, checked immediately before proposing: the
/// second of three walls, between the manager's proof and the engine's own check (DOMAIN §4).
package struct Precondition: Sendable {
    package var command: Command
    package var require: Command.Require
    /// The longest that a member's last answer to the leader may be ago for it to count as active.
    package var contactMax: Duration = .seconds(10)

    package init(command: Command, require: Command.Require) {
        self.command = command
        self.require = require
    }

    /// Why the command may not be proposed, with what was seen instead; nil when it may.
    ///
    /// - Parameters:
    ///   - report: what the executor's node sees of the group now; nil: nothing.
    ///   - isVersion: whether the configuration seen now is the one required.
    package func refusal(
        _ report: GroupReport?, isVersion: (ConfigurationVersion) -> Bool
    ) -> CommandOutcome? {
        guard let report, report.state == .leader, let view = report.view else {
            return .failed(
                .notLeader, retryable: true, hint: report?.leader,
                "this node is \(report?.state.rawValue ?? "no member")")
        }
        if let difference = difference(report, view, isVersion) { return failed(difference) }
        let active = activeAfter(view)
        guard active.count >= Int(require.activeAfterMin) else {
            let names = active.map(\.text).joined(separator: " ")
            return failed(
                "\(active.count) voters would be active (\(names)), "
                    + "required are \(require.activeAfterMin)"
            )
        }
        return nil
    }

    /// What is otherwise than required in who leads and in the configuration, as it was seen.
    private func difference(
        _ report: GroupReport, _ view: LeaderView, _ isVersion: (ConfigurationVersion) -> Bool
    ) -> String? {
        let leader = command.executor.node
        if require.leader != leader {
            return "\(leader) leads, \(require.leader) is required to lead"
        }
        if report.term != require.term {
            return "the term is \(report.term), required is \(require.term)"
        }
        if !view.confirmed { return "no majority has confirmed the leader" }
        let members = view.members.map(\.member).map { member in
            member.role == .learner ? "\(member.node) (learner)" : member.node.text
        }.joined(separator: " ")
        if view.pending { return "a change is pending: \(members)" }
        if !view.changePermitted { return "the leader permits no change now: \(members)" }
        if !isVersion(view.version) {
            return "the configuration changed: it is \(members) as of \(view.version), "
                + "required is \(require.version)"
        }
        return nil
    }

    /// The voters that would be in contact with the leader after the change.
    private func activeAfter(_ view: LeaderView) -> [NodeID] {
        view.members.compactMap { seen in
            let (node, member) = (seen.member.node, seen.member)
            let isTarget = node == command.node
            let votes: Bool
            switch command.action {
            case .promoteMember: votes = member.role == .voter || isTarget
            case .removeMember, .demoteMember: votes = member.role == .voter && !isTarget
            default: votes = member.role == .voter
            }
            guard votes, let age = seen.contactAge, age <= contactMax else { return nil }
            return node
        }
    }

    private func failed(_ seen: String) -> CommandOutcome {
        .failed(.preconditionFailed, retryable: true, seen)
    }
}
