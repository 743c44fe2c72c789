import MusterAgent
import MusterCore
import Testing

/// What is checked on the leader immediately before a proposal.
@Suite struct PreconditionTests {
    private let leader = NodeIdentity(
        node: NodeID(unchecked: "n1"), store: Identifier(high: 0, low: 1), start: Start(1))

    /// Three voters and a learner, as the leader n1 sees them.
    private func view(
        silent: [String] = [], change: (inout GroupReport) -> Void = { _ in }
    ) -> GroupReport {
        let members = ["n1", "n2", "n3", "n4"].map { name in
            MemberView(
                member: Member(
                    node: NodeID(unchecked: name), store: nil,
                    role: name == "n4" ? .learner : .voter),
                match: nil, contactAge: silent.contains(name) ? nil : .milliseconds(100))
        }
        var report = GroupReport(
            group: GroupID(unchecked: "g1"), state: .leader, term: Term(7), leader: leader.node,
            applied: nil,
            view: LeaderView(
                confirmed: true, changePermitted: true, pending: false,
                version: ConfigurationVersion(term: Term(7), index: LogIndex(4)),
                commit: LogIndex(9), firstIndex: nil, members: members))
        change(&report)
        return report
    }

    private func refusal(
        _ action: Command.Action, of node: String, active: UInt32, _ report: GroupReport?
    ) -> CommandFailure? {
        let require = Command.Require(
            leader: leader.node, term: Term(7),
            version: ConfigurationVersion(term: Term(7), index: LogIndex(4)),
            activeAfterMin: active)
        let command = Command(
            action: action, group: GroupID(unchecked: "g1"), node: NodeID(unchecked: node),
            store: Identifier(high: 0, low: 2), executor: leader, require: require,
            notAfter: Timestamp(milliseconds: 1), attempt: 1)
        let outcome = Precondition(command: command, require: require).refusal(report) {
            $0 == require.version
        }
        guard case .failed(let failure, _)? = outcome else { return nil }
        return failure
    }

    @Test func `what is as required is proposed`() {
        #expect(refusal(.removeMember, of: "n3", active: 2, view()) == nil)
        #expect(refusal(.removeMember, of: "n3", active: 2, view(silent: ["n3"])) == nil)
        #expect(refusal(.promoteMember, of: "n4", active: 3, view()) == nil)
    }

    @Test func `another voter that died between the proof and the proposal stops it`() {
        for action in [Command.Action.removeMember, .demoteMember] {
            let failure = refusal(action, of: "n3", active: 2, view(silent: ["n2", "n3"]))
            #expect(failure?.code == .preconditionFailed && failure?.retryable == true)
        }
        #expect(
            refusal(.promoteMember, of: "n4", active: 3, view(silent: ["n2", "n4"]))?.code
                == .preconditionFailed)
        #expect(
            refusal(.addMember(as: .voter), of: "n5", active: 3, view(silent: ["n2"]))?.code
                == .preconditionFailed)
    }

    @Test func `another leader, term, version, or a change under way stops it`() {
        let follower = view { $0.state = .follower }
        #expect(refusal(.removeMember, of: "n3", active: 2, follower)?.code == .notLeader)
        #expect(refusal(.removeMember, of: "n3", active: 2, follower)?.leaderHint == leader.node)
        #expect(refusal(.removeMember, of: "n3", active: 2, nil)?.code == .notLeader)
        let changes: [(inout GroupReport) -> Void] = [
            { $0.term = Term(8) }, { $0.view?.version.index = LogIndex(5) },
            { $0.view?.pending = true }, { $0.view?.confirmed = false },
            { $0.view?.changePermitted = false },
        ]
        for change in changes {
            #expect(
                refusal(.removeMember, of: "n3", active: 2, view(change: change))?.code
                    == .preconditionFailed)
        }
    }
}
