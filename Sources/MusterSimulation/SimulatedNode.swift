package import MusterCore

/// A node of the fleet: a process with its disk, and beside it what an agent does.
package struct SimulatedNode: Sendable {
    package var identity: NodeIdentity
    package var boot: BootID
    package var role: Role
    /// Whether the process runs. One that is paused runs not, and keeps its start.
    package var isUp = false
    package var groupsVersion: UInt64 = 1
    /// Its servers, one for each group whose data or configuration it has.
    package var servers = SortedMap<GroupID, Server>()
    /// Copies under way, in group order.
    package var copies = SortedMap<GroupID, Copy>()
    /// The commands begun, carried out or refused: on disk, so that none is carried out twice.
    var done: Set<CommandID> = []
    /// The changes written to a group's log whose end is not seen yet, in order.
    var proposals: [Proposal] = []
    var heartbeatDue: Timestamp = .zero
    var observationDue: Timestamp = .zero
    /// What was last said of each group on the events topic.
    var told = SortedMap<GroupID, Told>()

    /// A server of one group.
    package struct Server: Hashable, Sendable {
        package var isRunning: Bool
        /// The last entry on disk; nil when there is no data.
        package var log: UInt64?
        /// The term of the leader that wrote or confirmed it.
        package var term: UInt64 = 0

        package init(isRunning: Bool, log: UInt64?, term: UInt64 = 0) {
            self.isRunning = isRunning
            self.log = log
            self.term = term
        }
    }

    /// A copy of a group's data to this node.
    package struct Copy: Sendable {
        package var command: CommandID
        package var executor: NodeIdentity
        package var source: NodeID
        package var bytes: UInt64
        package var bytesTotal: UInt64
        /// The entry up to which the copied data reaches, and its leader's term.
        package var index: UInt64
        package var term: UInt64
    }

    /// A change that this node's agent proposed.
    struct Proposal: Sendable {
        var command: CommandID
        var executor: NodeIdentity
        var group: GroupID
        var change: SimulatedGroup.Change
    }

    /// What a report on the events topic said of a group.
    struct Told: Hashable, Sendable {
        var leader: NodeID?
        var term: UInt64
        var members: [Member]
        var isRunning: Bool
    }

    package var id: NodeID { identity.node }
    /// Whether no group has data here.
    package var isBlank: Bool { servers.values.allSatisfy { $0.log == nil } }
}
