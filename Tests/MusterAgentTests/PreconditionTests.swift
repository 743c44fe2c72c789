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
        guard case .failed(let failure, _)? = outcome(action, of: node, active: active, report)
        else { return nil }
        return failure
    }

    private func outcome(
        _ action: Command.Action, of node: String, active: UInt32, _ report: GroupReport?,
        leader wanted: String = "n1"
    ) -> CommandOutcome? {
        let require = Command.Require(
            leader: NodeID(unchecked: wanted), term: Term(7),
            version: ConfigurationVersion(term: Term(7), index: LogIndex(4)),
            activeAfterMin: active)
        let command = Command(
            action: action, group: GroupID(unchecked: "g1"), node: NodeID(unchecked: node),
            store: Identifier(high: 0, low: 2), executor: leader, require: require,
            notAfter: Timestamp(milliseconds: 1), attempt: 1)
        return Precondition(command: command, require: require).refusal(report) {
            $0 == require.version
        }
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
        let members = "n1 n2 n3 n4 (learner)"
        let changes: [(String, (inout GroupReport) -> Void)] = [
            ("the term is 8, required is 7", { $0.term = Term(8) }),
            (
                "the configuration changed: it is \(members) as of 7.5, required is 7.4",
                { $0.view?.version.index = LogIndex(5) }
            ),
            ("a change is pending: \(members)", { $0.view?.pending = true }),
            ("no majority has confirmed the leader", { $0.view?.confirmed = false }),
            (
                "the leader permits no change now: \(members)",
                { $0.view?.changePermitted = false }
            ),
        ]
        for (sentence, change) in changes {
            #expect(
                outcome(.removeMember, of: "n3", active: 2, view(change: change))
                    == .failed(.preconditionFailed, retryable: true, sentence))
        }
        #expect(
            outcome(.removeMember, of: "n3", active: 2, view(), leader: "n2")
                == .failed(
                    .preconditionFailed, retryable: true, "n1 leads, n2 is required to lead"))
    }

    @Test func `who would be left in contact is named`() {
        #expect(
            outcome(.removeMember, of: "n3", active: 2, view(silent: ["n2", "n3"]))
                == .failed(
                    .preconditionFailed, retryable: true,
                    "1 voters would be active (n1), required are 2"))
        #expect(
            outcome(.removeMember, of: "n3", active: 2, view { $0.state = .follower })
                == .failed(
                    .notLeader, retryable: true, hint: leader.node, "this node is follower"))
    }
}
