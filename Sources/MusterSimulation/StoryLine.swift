package import MusterCore

/// One line of a story: when, about what, and what happened. The texts may hold names as they came:
/// whoever prints them escapes them.
package struct StoryLine: Sendable {
    /// The append time of what it tells.
    package var at: Timestamp
    /// A node, a group, or "story" for what the story itself does.
    package var subject: String
    package var text: String

    package init(at: Timestamp, subject: String, text: String) {
        self.at = at
        self.subject = subject
        self.text = text
    }

    /// What an event is to a person who watches; nil for what only machines care about.
    package init?(_ event: Event, at moment: Timestamp, _ state: ClusterState) {
        guard let (subject, text) = Self.words(event, at: moment, state) else { return nil }
        self.init(at: moment, subject: subject, text: text)
    }

    private static func words(
        _ event: Event, at moment: Timestamp, _ state: ClusterState
    ) -> (String, String)? {
        switch event {
        case .nodeStarted(let up, _):
            let store = up.blank ? "with a blank disk" : "with data"
            return (up.identity.node.text, "is up, start \(up.identity.start), \(store)")
        case .nodeStopAnnounced(let node): return (node.text, "says that it stops and will be back")
        case .nodeSuspected(let node, _, _): return (node.text, "is silent: suspected")
        case .nodeDown(let node, _): return (node.text, "is down")
        case .nodeReturned(let node): return (node.text, "is back")
        case .leaderObserved(let group, let leader, let term):
            return (group.text, "is led by \(leader) in term \(term)")
        case .policyConfigured: return ("policy", "is set")
        case .frozen, .thawed, .timeGap: return (state.id.text, "\(event)")
        case .removalScheduled(let node, _, let due):
            return (node.text, "will be removed in \(seconds(due - moment)) unless it returns")
        case .removalRescheduled(let node, let due, let why):
            return (
                node.text,
                "its deadline starts again in full (\(why.rawValue)): \(seconds(due - moment))"
            )
        case .removalCancelled(let node, let why):
            return (node.text, "its removal is cancelled (\(why.rawValue))")
        case .removalBlocked(let node, let refusal, _):
            return (node.text, "its removal is held back: \(refusal.sentence)")
        case .requestRejected(_, let refusal, _): return ("request", "refused: \(refusal.sentence)")
        default: return sagaWords(event)
        }
    }

    private static func sagaWords(_ event: Event) -> (String, String)? {
        switch event {
        case .sagaStarted(let saga, _) where saga.isCancelled:
            return (saga.node.text, "its removal is cancelled half way")
        case .sagaStarted(let saga, _):
            let groups = saga.steps.keys.map(\.text).joined(separator: " ")
            let verb = saga.kind == .join ? "begins to join" : "begins to be removed from"
            return (saga.node.text, "\(verb) \(groups)")
        case .commandIssued(let command, _):
            let group = command.group.map { " in \($0)" } ?? ""
            return (
                command.node.text,
                "command \(command.action.name)\(group) to \(command.executor.node)"
            )
        case .stepDone(let node, let group, let name, _):
            let place = group.map { " in \($0)" } ?? ""
            switch name {
            case .seed: return (node.text, "has the data\(place)")
            case .learner: return (node.text, "is a learner\(place)")
            case .catchUp: return (node.text, "has caught up\(place)")
            case .promote: return (node.text, "votes\(place)")
            case .remove: return (node.text, "is out\(place)")
            case .clear, .start, .transfer, .stop, .demote, .takeBack, .done: return nil
            }
        case .nodeJoined(let node): return (node.text, "has joined")
        case .nodeRemoved(let node, _, let reason):
            return (node.text, "is removed (\(reason.rawValue))")
        case .sagaStalled(let node, let refusal, _):
            return (node.text, "is stuck: \(refusal.sentence)")
        default: return nil
        }
    }

    private static func seconds(_ duration: Duration) -> String {
        let tenths = duration.milliseconds / 100
        return "\(tenths / 10).\(abs(tenths % 10)) s"
    }
}
