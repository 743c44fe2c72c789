internal import MusterCore

/// What can be asked of a cluster.
public enum Wish: Hashable, Sendable {
    /// Bring a node into all groups.
    case add(String, as: NodeRole)
    case remove(String)
    /// Cancel a node's pending removal, or the change that is under way.
    case cancel(String)
    /// Make a learner a voter of all its groups.
    case promote(String)
    /// Make a voter a learner of all its groups.
    case demote(String)
    /// Give a group's leadership to a voter.
    case transfer(group: String, to: String)
    /// Take a node out and bring another in for it; nil: whoever can come in.
    case replace(String, with: String?)
    /// Put a node's pending removal off.
    case extend(String, by: Duration)
    /// Keep automation off a node: somebody works on it.
    case hold(String, lasting: Duration)
    case release(String)
    /// Let all automation only watch.
    case pause(lasting: Duration)
    case resume
    /// Take a node's stalled change up again at once.
    case retry(String)
    /// Hide a node that is gone.
    case forget(String)

    /// A policy, never a rule of safety, that a wish may knowingly set aside.
    public enum Override: String, CaseIterable, Hashable, Sendable {
        case belowFloor, frozen, damped, held, paused, votersMax
    }
}

extension Wish {
    func core() throws(ClientError) -> MusterCore.Request.Action {
        switch self {
        case .add(let node, let role):
            .add(node: try Self.node(node), role: role.core, groups: .all, wipe: nil)
        case .remove(let node): .remove(node: try Self.node(node))
        case .cancel(let node): .cancel(node: try Self.node(node))
        case .promote(let node): .promote(node: try Self.node(node))
        case .demote(let node): .demote(node: try Self.node(node))
        case .transfer(let group, let node):
            .transfer(group: try ClientError.name(group, "group"), to: try Self.node(node))
        case .replace(let node, let other): try Self.replace(node, other)
        case .extend(let node, let time): .extend(node: try Self.node(node), by: time)
        case .hold(let node, let time): .hold(node: try Self.node(node), lasting: time)
        case .release(let node): .release(node: try Self.node(node))
        case .pause(let time): .pause(lasting: time)
        case .resume: .resume
        case .retry(let node): .retry(node: try Self.node(node))
        case .forget(let node): .forget(node: try Self.node(node))
        }
    }

    private static func node(_ name: String) throws(ClientError) -> NodeID {
        try ClientError.name(name, "node")
    }

    private static func replace(
        _ name: String, _ other: String?
    ) throws(ClientError) -> MusterCore.Request.Action {
        var newcomer: NodeID?
        if let other { newcomer = try node(other) }
        return .replace(node: try node(name), with: newcomer)
    }
}

extension Wish.Override {
    var core: MusterCore.Request.Override {
        switch self {
        case .belowFloor: .belowFloor
        case .frozen: .frozen
        case .damped: .damped
        case .held: .held
        case .paused: .paused
        case .votersMax: .votersMax
        }
    }
}
