internal import MusterCore
internal import MusterWire

extension AgentLoop {
    /// Asks the agent to end: at once where nothing was said of the node yet, else after a word.
    mutating func stop(leave: Bool, reason: String) {
        switch phase {
        // What the node's service said meanwhile goes out behind the announcement.
        case .announcing where outbox.count > 1: farewell()
        case .looking, .announcing:
            phase = .ended
            effects.append(.ended)
        case .working where leave:
            phase = .leaving(until: now + settings.leaveLimit)
            post(.nodeLeaving(identity, reason: reason), .other)
            say(.notice, "asked to be taken out of the cluster, and waits for it")
        case .working, .leaving: farewell()
        case .stopping, .ended: break
        }
    }

    private mutating func farewell() {
        phase = .stopping(until: now + settings.stopLimit)
        post(.nodeStopping(identity), .farewell)
    }

    /// Whether it is time to go.
    mutating func goOnStopping() {
        switch phase {
        case .leaving(let until):
            let isOut = isTakenOut || roster[identity.node]?.membership == .removed
            let isWorking = commands.contains { $0.value.isUnderWay }
            if isOut && !isWorking {
                say(.notice, "was taken out of the cluster")
                phase = .stopping(until: now + settings.stopLimit)
                goOnStopping()
            } else if now >= until {
                say(.warning, "was not taken out of the cluster in time, and goes all the same")
                farewell()
            }
        case .stopping(let until):
            let isSilent = outbox.isEmpty && notes.isEmpty
            let isIdle = !commands.contains { $0.value.isUnderWay }
            if isSilent && isIdle || now >= until {
                phase = .ended
                effects.append(.ended)
            }
        case .looking, .announcing, .working, .ended: break
        }
    }
}

extension AgentLoop.Order {
    /// Whether it was begun and its end is not said yet.
    var isUnderWay: Bool {
        switch stage {
        case .beginning, .running, .ended: true
        case .waiting, .reported: false
        }
    }
}
