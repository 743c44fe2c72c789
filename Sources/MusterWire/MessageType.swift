package import MusterCore

/// The kinds of messages on Muster's topics. `name` is what `ce_type` says.
package enum MessageType: Hashable, Sendable {
    // The events topic
    case nodeUp, nodeStopping, nodeReportedDown, nodeReportedUp, nodeLeaving
    /// Also on the heartbeats topic.
    case groupObserved
    case groupDeleted, syncStarted, synced, syncFailed
    case commandSucceeded, commandFailed, commandOutcomeUnknown
    // The heartbeats topic
    case heartbeat
    // The requests topic
    case configureRequested, addRequested, removeRequested, promoteRequested, demoteRequested
    case transferRequested, replaceRequested, cancelRequested, extendRequested
    case holdRequested, releaseRequested, pauseRequested, resumeRequested
    case retryRequested, approveRequested, adoptRequested, forgetRequested
    // What managers write
    case decision, journal
    /// A command, each action a type of its own.
    case command(Action)
    case member, snapshot, checkpoint, quarantined

    /// What a command does, without its parameters.
    package typealias Action = Command.Action.Name

    /// Every type, in the order of the topics.
    package static let all: [MessageType] =
        [
            .nodeUp, .nodeStopping, .nodeReportedDown, .nodeReportedUp, .nodeLeaving,
            .groupObserved, .groupDeleted, .syncStarted, .synced, .syncFailed, .commandSucceeded,
            .commandFailed, .commandOutcomeUnknown, .heartbeat, .configureRequested,
            .addRequested, .removeRequested, .promoteRequested, .demoteRequested,
            .transferRequested, .replaceRequested, .cancelRequested, .extendRequested,
            .holdRequested, .releaseRequested, .pauseRequested, .resumeRequested,
            .retryRequested, .approveRequested, .adoptRequested, .forgetRequested, .decision,
            .journal,
        ] + Action.allCases.map { .command($0) } + [.member, .snapshot, .checkpoint, .quarantined]

    /// `ce_type`: muster.NAME.v1; also the name of the schema's file.
    package var name: String { "muster.\(shortName).v1" }

    /// The type with that name, compared by bytes; nil when there is none.
    package init?(name: String) {
        guard let entry = Self.names.first(where: { NameOrder.areEqual($0.name, name) }) else {
            return nil
        }
        self = entry.type
    }

    /// Made once: inputs are many.
    private static let names: [(name: String, type: MessageType)] = all.map { ($0.name, $0) }

    /// The topics on which the type may lie.
    package var topics: [Topic] {
        switch self {
        case .nodeUp, .nodeStopping, .nodeReportedDown, .nodeReportedUp, .nodeLeaving,
            .groupDeleted, .syncStarted, .synced, .syncFailed, .commandSucceeded,
            .commandFailed, .commandOutcomeUnknown:
            [.events]
        case .groupObserved: [.events, .heartbeats]
        case .heartbeat: [.heartbeats]
        case .configureRequested, .addRequested, .removeRequested, .promoteRequested,
            .demoteRequested, .transferRequested, .replaceRequested, .cancelRequested,
            .extendRequested, .holdRequested, .releaseRequested, .pauseRequested,
            .resumeRequested, .retryRequested, .approveRequested, .adoptRequested,
            .forgetRequested:
            [.requests]
        case .decision, .journal: [.journal]
        case .command: [.commands]
        case .member: [.members]
        case .snapshot, .checkpoint: [.snapshots]
        case .quarantined: [.quarantine]
        }
    }

    var isRequest: Bool { topics == [.requests] }

    /// The name without prefix and version.
    package var shortName: String {
        switch self {
        case .nodeUp: "nodeUp"
        case .nodeStopping: "nodeStopping"
        case .nodeReportedDown: "nodeReportedDown"
        case .nodeReportedUp: "nodeReportedUp"
        case .nodeLeaving: "nodeLeaving"
        case .groupObserved: "groupObserved"
        case .groupDeleted: "groupDeleted"
        case .syncStarted: "syncStarted"
        case .synced: "synced"
        case .syncFailed: "syncFailed"
        case .commandSucceeded: "commandSucceeded"
        case .commandFailed: "commandFailed"
        case .commandOutcomeUnknown: "commandOutcomeUnknown"
        case .heartbeat: "heartbeat"
        case .configureRequested: "configureRequested"
        case .addRequested: "addRequested"
        case .removeRequested: "removeRequested"
        case .promoteRequested: "promoteRequested"
        case .demoteRequested: "demoteRequested"
        case .transferRequested: "transferRequested"
        case .replaceRequested: "replaceRequested"
        case .cancelRequested: "cancelRequested"
        case .extendRequested: "extendRequested"
        case .holdRequested: "holdRequested"
        case .releaseRequested: "releaseRequested"
        case .pauseRequested: "pauseRequested"
        case .resumeRequested: "resumeRequested"
        case .retryRequested: "retryRequested"
        case .approveRequested: "approveRequested"
        case .adoptRequested: "adoptRequested"
        case .forgetRequested: "forgetRequested"
        case .decision: "decision"
        case .journal: "journal"
        case .command(let action): action.rawValue
        case .member: "member"
        case .snapshot: "snapshot"
        case .checkpoint: "checkpoint"
        case .quarantined: "quarantined"
        }
    }
}
