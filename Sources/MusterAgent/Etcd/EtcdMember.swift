internal import MusterCore
internal import MusterWire

/// A member in etcd's list.
package struct EtcdMember: Hashable, Sendable {
    package var id: UInt64
    /// Empty until it has been started once.
    package var name: String
    package var peers: [String]
    package var clients: [String]
    package var isLearner: Bool

    init(reading value: JSONValue) throws(JSONReadError) {
        var object = try value.object()
        id = try object.required("ID").integer()
        name = try object.member("name")?.string() ?? ""
        peers = try Self.texts(object.member("peerURLs"))
        clients = try Self.texts(object.member("clientURLs"))
        isLearner = try object.member("isLearner")?.bool() ?? false
    }

    /// The id as etcd's tools and metrics write it.
    package var hex: String { String(id, radix: 16) }

    private static func texts(_ value: JSONValue?) throws(JSONReadError) -> [String] {
        try value?.array().read { value throws(JSONReadError) -> String in try value.string() }
            ?? []
    }

    static func list(_ object: inout JSONObject) throws(JSONReadError) -> EtcdMemberList {
        var header = try object.required("header").object()
        let members = try object.member("members")?.array().read(EtcdMember.init(reading:)) ?? []
        return EtcdMemberList(
            source: try header.required("member_id").integer(),
            members: members.sorted { $0.id < $1.id })
    }
}

/// The members, by id, as one of them has them in its memory.
struct EtcdMemberList: Hashable, Sendable {
    /// The member that has answered.
    var source: UInt64
    var members: [EtcdMember]
}
