import MusterCommandLine
import MusterCore
import MusterRuntime

/// One thing that `wait` waits for.
struct Wish {
    enum Thing {
        case node(NodeID, NodeWord)
        case group(GroupID, GroupWord)
        case saga(NodeID)
        case request(RequestID, RequestWord)
        case cluster(ClusterID, ClusterWord)
        case reached(MusterCore.Sequence)
    }

    /// What may be wished of a node besides its membership and its status.
    enum NodeWord: Equatable {
        /// A member, with no join under way.
        case joined
        case membership(Membership)
        case status(NodeState.Liveness)
    }

    enum GroupWord: String, CaseIterable {
        /// Somebody leads it.
        case leader
        /// Every voter is healthy, and a change could be proved now.
        case healthy
    }

    enum RequestWord: String, CaseIterable {
        /// Accepted or refused.
        case answered
        /// Done, refused or failed.
        case ended
    }

    enum ClusterWord: String, CaseIterable {
        /// It has a policy.
        case configured
        /// Nothing holds all removals back: neither a freeze nor that the manager may be blind.
        case thawed
        /// No change is under way, and none of its nodes is to be removed.
        case quiet
    }

    let text: String
    let thing: Thing

    /// Whether it can only be told from what was heard just now.
    var hears: Bool {
        if case .group(_, .healthy) = thing { return true }
        return false
    }

    /// The cluster that it names itself; nil: the one that is asked about.
    var cluster: ClusterID? {
        if case .cluster(let name, _) = thing { return name }
        return nil
    }

    /// What one state says of it.
    struct Look {
        let holds: Bool
        let found: [String]
    }

    func look(_ state: ClusterState?, _ evidence: Evidence, now: Timestamp) -> Look {
        guard let state else { return Look(holds: false, found: ["no such cluster yet"]) }
        switch thing {
        case .node(let node, let word): return look(at: node, word, state)
        case .group(let group, let word): return look(at: group, word, state, evidence, now)
        case .saga(let node):
            let saga = state.sagas[node]
            if saga == nil, state.nodes[node] == nil {
                return Look(holds: false, found: ["unknown"])
            }
            return Look(
                holds: saga == nil,
                found: [saga.map { "\($0.kind.rawValue) under way" } ?? "none under way"])
        case .request(let id, let word): return look(at: id, word, state)
        case .reached(let sequence):
            return Look(
                holds: state.head.sequence >= sequence, found: ["\(state.head.sequence)"])
        case .cluster(_, let word): return look(at: word, state)
        }
    }

    private func look(at node: NodeID, _ word: NodeWord, _ state: ClusterState) -> Look {
        guard let membership = state.membership(of: node), let known = state.nodes[node] else {
            return Look(holds: false, found: ["unknown"])
        }
        let isJoining = state.sagas[node]?.kind == .join
        let holds =
            switch word {
            case .joined: membership == .member && !isJoining
            case .membership(let wanted): membership == wanted
            case .status(let wanted): known.liveness == wanted
            }
        return Look(holds: holds, found: [membership.rawValue, known.liveness.rawValue])
    }

    private func look(
        at group: GroupID, _ word: GroupWord, _ state: ClusterState, _ evidence: Evidence,
        _ now: Timestamp
    ) -> Look {
        guard let register = state.groups[group] else {
            return Look(holds: false, found: ["unknown"])
        }
        switch word {
        case .leader:
            return Look(
                holds: register.leader != nil,
                found: [register.leader?.text ?? "no leader is known"])
        case .healthy:
            let health = state.health(
                of: group, evidence: evidence, at: evidence.moment(now, of: state))
            if let refusal = health.unusable {
                return Look(holds: false, found: [Wording.sentence(refusal)])
            }
            let isWhole = !health.voters.isEmpty && health.healthy.count == health.voters.count
            return Look(
                holds: isWhole,
                found: ["\(health.healthy.count) of \(health.voters.count) voters healthy"])
        }
    }

    private func look(at id: RequestID, _ word: RequestWord, _ state: ClusterState) -> Look {
        guard let record = state.requests.last(where: { $0.id == id }) else {
            return Look(holds: false, found: ["not decided yet"])
        }
        switch record.outcome {
        case .accepted: return Look(holds: word == .answered, found: ["accepted"])
        case .completed: return Look(holds: true, found: ["done"])
        case .rejected(let refusal):
            return Look(holds: true, found: ["refused", Wording.sentence(refusal)])
        case .failed(let refusal):
            return Look(holds: true, found: ["failed", Wording.sentence(refusal)])
        }
    }

    private func look(at word: ClusterWord, _ state: ClusterState) -> Look {
        switch word {
        case .configured:
            let isConfigured = state.policy != nil
            return Look(
                holds: isConfigured, found: [isConfigured ? "configured" : "standalone"])
        case .thawed:
            let guarded = state.guarded.map { [$0.code.rawValue, $0.sentence] }
            return Look(holds: guarded == nil, found: guarded ?? ["thawed"])
        case .quiet:
            let removals = state.nodes.values.filter { $0.removal != nil }.count
            return Look(
                holds: state.sagas.isEmpty && removals == 0,
                found: ["\(state.sagas.count) changes", "\(removals) removals"])
        }
    }
}

// MARK: Reading

extension Wish {
    /// What a wish may begin with, and the words that may follow.
    private static let forms: [(form: String, words: [String])] = [
        (
            "node/NAME",
            ["joined"] + Membership.allCases.map(\.rawValue)
                + NodeState.Liveness.allCases.map(\.rawValue)
        ),
        ("group/NAME", GroupWord.allCases.map(\.rawValue)),
        ("saga/NODE", ["ended"]),
        ("request/ID", RequestWord.allCases.map(\.rawValue)),
        ("cluster/NAME", ClusterWord.allCases.map(\.rawValue)),
    ]

    /// - Throws: a sentence that says which part of it is wrong, and what could stand there.
    init(_ text: String, _ call: Invocation) throws {
        self.text = text
        guard let equal = text.firstIndex(of: "=") else { throw Self.wrong(text, nil) }
        let (left, word) = (String(text[..<equal]), String(text[text.index(after: equal)...]))
        if left == "seq" {
            guard let number = UInt64(word), number > 0 else {
                throw CommandError.usage(
                    "--for \"\(text)\": \"\(word)\" is no decision's number",
                    advice: "give for instance seq=41")
            }
            thing = .reached(MusterCore.Sequence(number))
            return
        }
        let path = left.split(separator: "/", maxSplits: 1).map(String.init)
        guard path.count == 2,
            let form = Self.forms.first(where: { $0.form.hasPrefix(path[0] + "/") })
        else { throw Self.wrong(text, nil) }
        guard form.words.contains(word) else { throw Self.wrong(text, form) }
        thing = try Self.thing(path[0], path[1], word, call)
    }

    private static func thing(
        _ kind: String, _ name: String, _ word: String, _ call: Invocation
    ) throws -> Thing {
        switch kind {
        case "node":
            let node: NodeID = try call.name(name, "node")
            if word == "joined" { return .node(node, .joined) }
            if let status = NodeState.Liveness(rawValue: word) {
                return .node(node, .status(status))
            }
            return .node(node, .membership(Membership(rawValue: word) ?? .known))
        case "group":
            return .group(try call.name(name, "group"), GroupWord(rawValue: word) ?? .leader)
        case "saga": return .saga(try call.name(name, "node"))
        case "request":
            return .request(
                try call.name(name, "request"), RequestWord(rawValue: word) ?? .answered)
        default:
            return .cluster(
                try call.name(name, "cluster"), ClusterWord(rawValue: word) ?? .configured)
        }
    }

    private static func wrong(
        _ text: String, _ form: (form: String, words: [String])?
    ) -> CommandError {
        if let form {
            let list = EscapedText.joined(form.words.map { "\($0)" }, by: ", ")
            return .usage(
                "--for \"\(text)\": nothing of the kind can be waited for",
                advice: "\(form.form)= may be followed by \(list)")
        }
        let all = forms.map { EscapedText("\($0.form)=WORD") } + ["seq=NUMBER"]
        return .usage(
            "--for cannot be \"\(text)\"", advice: "give " + EscapedText.joined(all, by: ", "))
    }
}
