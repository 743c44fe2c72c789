package import MusterCore

/// Which store a member of etcd is bound to, and its node's name.
///
/// etcd knows no stores, and forgets nothing: so the binding lies in etcd itself, under
/// `PREFIX/members/ID`, written once by whoever adds a member, or by the agent of a member that is
/// there already. It is replicated with the configuration that it belongs to, and every leader's
/// agent reads the same.
///
/// A member's id is known only when etcd has added it, and whoever adds it may die before the
/// binding is written. So which disk is expected at the member's peer URL is written first, under
/// `PREFIX/expected/URL`, and holds for a member there that has no name and no binding yet.
package struct EtcdBinding: Hashable, Sendable {
    package var node: String
    package var store: StoreID

    /// As it lies in etcd.
    package var text: String { "\(store) \(node)" }

    init(node: String, store: StoreID) {
        self.node = node
        self.store = store
    }

    /// nil: no such text, or a name that Muster would not take of a member itself.
    package init?(text: String) {
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let store = Identifier(hex: String(parts[0])),
            // Why it is no name does not matter: whoever wrote it was no agent.
            (try? NodeID(String(parts[1]))) != nil
        else { return nil }
        self.init(node: String(parts[1]), store: store)
    }
}

/// What the agents have written in etcd about the members that there are.
struct EtcdBindings: Sendable {
    static let bound = "members/"
    static let expected = "expected/"

    /// By the member's id, those that are expected included.
    private(set) var byID: [UInt64: EtcdBinding] = [:]
    /// The members that are known by what is expected only, with the peer URL of each.
    private(set) var unwritten: [(id: UInt64, peer: String)] = []
    /// The keys whose values are no bindings.
    private(set) var invalid: [String] = []

    init() {}

    /// - Parameter pairs: keys and values as they lie in etcd.
    init(_ pairs: [(String, String)], prefix: String, members: [EtcdMember]) {
        var expected: [String: EtcdBinding] = [:]
        for (key, value) in pairs {
            guard key.hasPrefix(prefix) else { continue }
            guard let binding = EtcdBinding(text: value) else {
                invalid.append(key)
                continue
            }
            let rest = key.dropFirst(prefix.count)
            if rest.hasPrefix(Self.expected) {
                expected[String(rest.dropFirst(Self.expected.count))] = binding
            } else if rest.hasPrefix(Self.bound),
                let id = UInt64(rest.dropFirst(Self.bound.count), radix: 16)
            {
                byID[id] = binding
            }
        }
        for member in members where byID[member.id] == nil && member.name.isEmpty {
            guard let peer = member.peers.first(where: { expected[$0] != nil }) else { continue }
            byID[member.id] = expected[peer]
            unwritten.append((member.id, peer))
        }
    }
}
