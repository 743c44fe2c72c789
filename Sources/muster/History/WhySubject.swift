import MusterCommandLine
import MusterCore
import MusterRuntime

/// What `why` is asked about.
enum WhySubject {
    case node(NodeID)
    case group(GroupID)
    case decision(MusterCore.Sequence)
    case command(CommandID)
    /// A command by the number of its decision and its place there, as sentences name it.
    case place(MusterCore.Sequence, UInt32)

    static let argument = CommandArgument(
        "WHAT", .listed(by: ["nodes"]),
        "a node, a group, a decision's number or a command's id; node/NAME and group/NAME say which"
    )

    /// What a word means in a cluster. A name that is in neither list is taken for a node's: a
    /// request about a node that never was has its refusal.
    init(_ call: Invocation, _ state: ClusterState) throws {
        let text = call.argument(Self.argument.name) ?? ""
        if text.hasPrefix("node/") {
            self = .node(try call.name(String(text.dropFirst(5)), "node"))
        } else if text.hasPrefix("group/") {
            self = .group(try call.name(String(text.dropFirst(6)), "group"))
        } else if let id = CommandID(text: text) {
            self = .command(id)
        } else if let number = UInt64(text), number > 0 {
            self = .decision(MusterCore.Sequence(number))
        } else if let place = Self.place(text) {
            self = place
        } else {
            self = try Self.named(text, call, state)
        }
    }

    /// `SEQ:INDEX`; no name of a node or a group has a colon in it.
    private static func place(_ text: String) -> WhySubject? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = UInt64(parts[0]), number > 0,
            let index = UInt32(parts[1])
        else { return nil }
        return .place(MusterCore.Sequence(number), index)
    }

    private static func named(
        _ text: String, _ call: Invocation, _ state: ClusterState
    ) throws -> WhySubject {
        let node: NodeID = try call.name(text, "node")
        let group: GroupID = try call.name(text, "group")
        switch (state.nodes[node] != nil, state.groups[group] != nil) {
        case (true, true):
            throw CommandError.usage(
                "a node and a group are both called \"\(text)\"",
                advice: "say node/\(text) or group/\(text)")
        case (false, true): return .group(group)
        case (_, false): return .node(node)
        }
    }

    /// What kind of thing it is.
    enum Kind: String, CaseIterable {
        case node
        case group
        case decision
        case command
    }

    var kind: Kind {
        switch self {
        case .node: .node
        case .group: .group
        case .decision: .decision
        case .command, .place: .command
        }
    }

    var name: String {
        switch self {
        case .node(let node): node.text
        case .group(let group): group.text
        case .decision(let sequence): sequence.description
        case .command(let id): id.description
        case .place(let sequence, let index): "\(sequence):\(index)"
        }
    }
}
