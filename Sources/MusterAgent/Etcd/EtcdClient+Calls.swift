internal import MusterCore
internal import MusterWire

extension EtcdClient {
    func status(_ url: String) async throws(Problem) -> EtcdStatus {
        try await call(url, "maintenance/status", read: EtcdStatus.init(reading:))
    }

    func members(_ url: String) async throws(Problem) -> EtcdMemberList {
        try await call(url, "cluster/member/list", read: EtcdMember.list)
    }

    /// A read that the leader answers only after it has asked a majority.
    ///
    /// - Returns: by whom it was answered, and in which term.
    func linearizableRead(_ url: String, _ prefix: String) async throws(Problem) -> ReadPoint {
        try await call(
            url, "kv/range", write: { $0.member("key", Self.base64(prefix + "agent")) }
        ) { object throws(JSONReadError) in
            var header = try object.required("header").object()
            return ReadPoint(
                cluster: try header.required("cluster_id").integer(),
                member: try header.required("member_id").integer(),
                term: try header.required("raft_term").integer())
        }
    }

    /// Where a linearizable read was answered.
    struct ReadPoint: Hashable, Sendable {
        var cluster: UInt64
        var member: UInt64
        var term: UInt64
    }

    /// The bindings of these members, from the memory of whoever is asked.
    ///
    /// - Parameter isCurrent: whether a majority is asked, so that nothing is older than the call.
    /// - Returns: also those that are expected and not written down for the member itself yet.
    func bindings(
        _ url: String, _ prefix: String, of members: [EtcdMember],
        asMajorityHas isCurrent: Bool = false
    ) async throws(Problem) -> EtcdBindings {
        let (start, last) = (prefix + EtcdBindings.expected, prefix + EtcdBindings.bound)
        let pairs = try await call(
            url, "kv/range",
            write: { writer in
                writer.member("key", Self.base64(start))
                writer.member("range_end", Self.base64(String(last.dropLast()) + "0"))
                if !isCurrent { writer.member("serializable", true) }
            },
            read: Self.pairs)
        return EtcdBindings(pairs, prefix: prefix, members: members)
    }

    /// Says which disk the member of that peer URL will be, before it is added.
    func expect(
        _ url: String, _ prefix: String, peer: String, _ binding: EtcdBinding
    ) async throws(Problem) {
        try await put(url, key: prefix + EtcdBindings.expected + peer, value: binding.text)
    }

    /// Writes a key. When it returns, a majority has it.
    ///
    /// - Throws: when it is refused, or when nobody says whether it was written.
    package func put(_ url: String, key: String, value: String) async throws(Problem) {
        try await call(
            url, "kv/put",
            write: { writer in
                writer.member("key", Self.base64(key))
                writer.member("value", Self.base64(value))
            },
            read: { _ throws(JSONReadError) in })
    }

    /// The keys from one up to another and their values, as a majority has them.
    package func range(
        _ url: String, from start: String, upTo end: String
    ) async throws(Problem) -> [(String, String)] {
        try await call(
            url, "kv/range",
            write: { writer in
                writer.member("key", Self.base64(start))
                writer.member("range_end", Self.base64(end))
            },
            read: Self.pairs)
    }

    /// Takes back what `expect` has said: the member is bound.
    func forget(_ url: String, _ prefix: String, peer: String) async throws(Problem) {
        try await call(
            url, "kv/deleterange",
            write: { $0.member("key", Self.base64(prefix + EtcdBindings.expected + peer)) },
            read: { _ throws(JSONReadError) in })
    }

    /// Binds a member, unless it is bound already.
    func bind(
        _ url: String, _ prefix: String, _ id: UInt64, to binding: EtcdBinding
    ) async throws(Problem) {
        let key = Self.base64(prefix + EtcdBindings.bound + String(id, radix: 16))
        _ = try await call(
            url, "kv/txn",
            write: { writer in
                writer.name("compare")
                writer.array { writer in
                    writer.object { writer in
                        writer.member("target", "VERSION")
                        writer.member("result", "EQUAL")
                        writer.member("key", key)
                        writer.member("version", "0")
                    }
                }
                writer.name("success")
                writer.array { writer in
                    writer.object { writer in
                        writer.name("requestPut")
                        writer.object { writer in
                            writer.member("key", key)
                            writer.member("value", Self.base64(binding.text))
                        }
                    }
                }
            },
            read: { object throws(JSONReadError) in try object.member("succeeded")?.bool() })
    }

    // MARK: Changes

    /// Adds a member.
    ///
    /// - Returns: its id.
    func add(_ url: String, peer: String, isLearner: Bool) async throws(Problem) -> UInt64 {
        try await call(
            url, "cluster/member/add",
            write: { writer in
                writer.member("peerURLs", [peer])
                writer.member("isLearner", isLearner)
            },
            read: { object throws(JSONReadError) in
                try EtcdMember(reading: object.required("member")).id
            })
    }

    /// `remove` or `promote`.
    func change(_ url: String, _ what: String, _ id: UInt64) async throws(Problem) {
        try await call(
            url, "cluster/member/" + what, write: { $0.member("ID", string: id) },
            read: { _ throws(JSONReadError) in })
    }

    func moveLeader(_ url: String, to id: UInt64) async throws(Problem) {
        try await call(
            url, "maintenance/transfer-leadership",
            write: { $0.member("targetID", string: id) }, read: { _ throws(JSONReadError) in })
    }

    // MARK: Forms

    static func base64(_ text: String) -> String { Base64.text(of: Array(text.utf8)) }

    private static func pairs(
        _ object: inout JSONObject
    ) throws(JSONReadError) -> [(String, String)] {
        try object.member("kvs")?.array().read { value throws(JSONReadError) -> (String, String) in
            var pair = try value.object()
            let key = try text(pair.required("key"))
            let value = try pair.member("value").map(text) ?? ""
            return (key, value)
        } ?? []
    }

    private static func text(_ value: JSONValue) throws(JSONReadError) -> String {
        guard let bytes = Base64.bytes(of: try value.string()) else {
            throw value.invalid("no base64")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
