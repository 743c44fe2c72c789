internal import MusterCore
internal import MusterWire

/// What any client of an etcd does, for whoever has to show that it goes on.
extension EtcdClient {
    /// A client of an etcd that asks for neither TLS nor a user.
    ///
    /// - Parameter limit: how long a call may take in all.
    package convenience init(limit: Duration) {
        self.init(limit: limit, security: nil, credentials: nil)
    }

    /// Writes a key. When it returns, a majority has it.
    ///
    /// - Throws: when it is refused, or when nobody says whether it was written.
    package func put(
        _ url: String, _ key: String, _ value: String
    ) async throws(Problem) {
        try await call(
            url, "kv/put",
            write: { writer in
                writer.member("key", Self.base64(key))
                writer.member("value", Self.base64(value))
            },
            read: { _ throws(JSONReadError) in })
    }

    /// The keys that begin so, with their values, as a majority has them.
    package func values(
        _ url: String, beginningWith prefix: String
    ) async throws(Problem) -> [String: String] {
        let pairs = try await call(
            url, "kv/range",
            write: { writer in
                writer.member("key", Self.base64(prefix))
                writer.member("range_end", Self.base64(Self.end(of: prefix)))
            },
            read: Self.pairs)
        return Dictionary(pairs) { _, last in last }
    }

    /// The members, as that one has them in its memory.
    package func memberList(_ url: String) async throws(Problem) -> [EtcdMember] {
        try await members(url).members
    }

    /// The first key behind all that begin with the prefix, whose last byte is ASCII's.
    private static func end(of prefix: String) -> String {
        guard let last = prefix.unicodeScalars.last,
            let next = Unicode.Scalar(last.value + 1)
        else { return prefix }
        var end = prefix.unicodeScalars.dropLast()
        end.append(next)
        return String(String.UnicodeScalarView(end))
    }
}
