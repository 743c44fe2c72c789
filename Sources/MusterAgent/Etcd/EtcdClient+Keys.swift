internal import MusterCore

/// What any client of an etcd does, for whoever has to show that it goes on.
extension EtcdClient {
    /// A client of an etcd that asks for neither TLS nor a user.
    ///
    /// - Parameter limit: how long a call may take in all.
    package convenience init(limit: Duration) {
        self.init(limit: limit, security: nil, credentials: nil)
    }

    /// The members, as that one has them in its memory.
    package func memberList(_ url: String) async throws(Problem) -> [EtcdMember] {
        try await members(url).members
    }
}
