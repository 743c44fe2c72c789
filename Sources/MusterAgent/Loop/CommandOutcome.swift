package import MusterCore

/// How a command ended, as its executor says.
package enum CommandOutcome: Hashable, Sendable {
    /// It had its effect, or things were so already. Of a copy: the entry up to which data is here.
    case succeeded(detail: String, index: LogIndex? = nil)
    /// It had no effect.
    case failed(CommandFailure, detail: String)
    /// Whether it had one nobody knows.
    case unknown(detail: String)

    /// A failure without effect.
    package static func failed(
        _ code: CommandFailure.Code, retryable: Bool, hint: NodeID? = nil, _ detail: String
    ) -> CommandOutcome {
        .failed(
            CommandFailure(code: code, retryable: retryable, leaderHint: hint), detail: detail)
    }

    /// What the agent has to say about it, in words.
    package var detail: String {
        switch self {
        case .succeeded(let detail, _), .failed(_, let detail), .unknown(let detail): detail
        }
    }
}

/// What an agent sees when it looks at its node.
package struct NodeObservation: Hashable, Sendable {
    /// Whether the data directory holds no data of any group.
    package var blank: Bool
    /// Whose data it holds; nil when it is blank or the engine has no cluster id.
    package var engine: EngineIdentity?
    /// The complete list of the node's groups, in order.
    package var list: [NodeGroup]
    /// What the node's servers say of them, in order.
    package var groups: [GroupReport]
    /// The engine's own name for this member; nil where there is none.
    package var member: String?
    /// What a person should look at.
    package var warnings: [String]

    package init(
        blank: Bool, engine: EngineIdentity? = nil, list: [NodeGroup] = [],
        groups: [GroupReport] = [], member: String? = nil, warnings: [String] = []
    ) {
        self.blank = blank
        self.engine = engine
        self.list = list
        self.groups = groups
        self.member = member
        self.warnings = warnings
    }
}
