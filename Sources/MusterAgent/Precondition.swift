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
        guard require.leader == command.executor.node, report.term == require.term else {
            return failed("term \(report.term), required is \(require.term)")
        }
        guard view.confirmed, view.changePermitted, !view.pending else {
            return failed("the leader is not confirmed by a majority, or a change is pending")
        }
        guard isVersion(view.version) else {
            return failed(
                "the configuration changed: it is \(view.version), required is \(require.version)")
        }
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
