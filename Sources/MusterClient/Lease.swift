internal import MusterAgent
internal import MusterCore

/// A node's lease while it is held: the node was announced, it beats, and other nodes' programs
/// see it as up.
///
/// What is said is kept and sent until the log has it, in order, and never waited for: a log that
/// does not answer must not hold the service up.
public struct Lease: Sendable {
    /// The node's name.
    public let node: String
    private let identity: NodeIdentity
    private let voice: LeaseVoice

    init(_ identity: NodeIdentity, _ voice: LeaseVoice) {
        node = identity.node.text
        self.identity = identity
        self.voice = voice
    }

    /// The identity of the node's disk, 32 hex digits.
    public var store: String { "\(identity.store)" }

    /// How often a process was started on this disk, this one included.
    public var start: UInt64 { identity.start.value }

    /// Says what the node's groups look like, all of them: a group that is not named is none of the
    /// node's. What is new is a fact; what is not goes on with the heartbeats.
    ///
    /// - Throws: `ClientError.invalid`; then nothing was said.
    public func report(_ groups: [GroupReport]) throws(ClientError) {
        try voice.report(groups)
    }

    /// Says that a copy of a group's data to this node began.
    public func syncStarted(_ group: String, from source: String) throws(ClientError) {
        voice.say(
            .syncStarted(
                identity, group: try ClientError.name(group, "group"),
                source: try ClientError.name(source, "node")))
    }

    /// Says that a group's data is on this node up to that entry.
    public func synced(_ group: String, index: UInt64) throws(ClientError) {
        voice.say(
            .synced(
                identity, group: try ClientError.name(group, "group"), index: LogIndex(index)))
    }

    /// Says that the copy of a group's data failed.
    public func syncFailed(
        _ group: String, because reason: String, isRetryable: Bool
    ) throws(ClientError) {
        voice.say(
            .syncFailed(
                identity, group: try ClientError.name(group, "group"), reason: reason,
                retryable: isRetryable))
    }

    /// Says that a group is gone for good, everywhere.
    public func groupDeleted(_ group: String) throws(ClientError) {
        voice.say(.groupDeleted(identity, group: try ClientError.name(group, "group")))
    }
}
