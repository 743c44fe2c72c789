internal import MusterCore

/// A wish, with who asks and under which conditions.
public struct Request: Hashable, Sendable {
    /// What is asked for.
    public var wish: Wish
    /// Why, for whoever reads the journal.
    public var reason: String
    /// Who asks.
    public var principal: String
    /// A repeated id has no second effect: keep it, where a request is to be asked again after an
    /// error.
    public var id: String
    /// How long after its append the request may still be decided.
    public var validity: Duration = .seconds(60)
    /// The request counts only at this version of the membership; nil: at any.
    public var onlyAtVersion: UInt64?
    /// The policies that are knowingly set aside.
    public var overrides: [Wish.Override] = []

    /// A request that counts at any version and sets nothing aside.
    ///
    /// - Parameter id: nil draws a random one.
    public init(
        _ wish: Wish, because reason: String, as principal: String, id: String? = nil
    ) {
        self.wish = wish
        self.reason = reason
        self.principal = principal
        self.id = id ?? Cluster.random()
    }

    func core() throws(ClientError) -> MusterCore.Request {
        MusterCore.Request(
            id: try ClientError.name(id, "request"),
            principal: try ClientError.name(principal, "principal"), reason: reason,
            validFor: validity, onlyAt: onlyAtVersion.map { MembershipVersion($0) },
            overrides: overrides.map(\.core), action: try wish.core())
    }
}
