package import MusterCore
package import MusterLog
package import MusterWire

/// What happens to an agent, from outside its loop.
package enum AgentInput: Sendable {
    /// A command was read; it may be for anybody.
    case command(CommandRecord)
    /// What the members view says of a node, this one or another.
    case member(MemberRecord)
    /// A record that the loop asked to append is in the log.
    case appended(token: UInt64, at: Timestamp)
    /// It is not, or nobody knows; it may land all the same.
    case appendFailed(token: UInt64, AppendFailure)
    /// A note is durable.
    case noted(token: UInt64)
    /// It is not: there is no room, or the disk fails.
    case noteFailed(token: UInt64, reason: String)
    /// What the node's servers look like, as an `observe` asked.
    case observed(NodeObservation)
    /// They could not be looked at.
    case notObserved(reason: String)
    /// What is there is another cluster's: this agent must not touch it.
    case foreign(reason: String)
    /// How far a command's copy has come.
    case progress(CommandID, CopyProgress)
    /// A command that the loop asked to carry out has ended.
    case finished(CommandID, CommandOutcome)
    /// The disk was given a new store, as `renewStore` asked.
    case storeRenewed(CommandID, NodeIdentity)
    /// It was not: it still holds data, or nobody knows.
    case storeKept(CommandID, reason: String)
    /// The node's service says so itself; it is said on after the announcement.
    case said(Fact)
    /// Something that the agent cannot do without has failed.
    case failed(AgentError)
    /// Nothing but time has passed.
    case time
    /// End in order. A node that leaves asks to be taken out first.
    case stop(leave: Bool, reason: String)
}

/// What became of an append that failed.
package enum AppendFailure: Hashable, Sendable {
    /// It may be tried again.
    case transient(String)
    /// This record can never be appended.
    case never(String)
    /// Nothing can be appended without a person.
    case fatal(LogError)
}

/// What an agent has to do, in order.
package enum AgentEffect: Sendable {
    /// Append the message once; say what became of it.
    case append(token: UInt64, InputMessage, causation: String?)
    /// Write into the local journal, make it durable, and say so.
    case note(token: UInt64, AgentNote)
    /// Have the executor carry it out; say how it ended.
    case carryOut(Work)
    /// Look at the node's servers; say what they look like.
    case observe
    /// Give the disk a new store, durably, if it holds no data; say which, or why not.
    case renewStore(CommandID)
    case say(AgentRemark)
    /// This cannot go on without a person.
    case halt(AgentError)
    /// Everything is said; the loop has ended.
    case ended
}

/// A command to be carried out, with what the executor needs besides.
package struct Work: Hashable, Sendable {
    package var cluster: ClusterID
    package var id: CommandID
    package var command: Command
    /// Where the member that the command names is reached; nil when nobody has said.
    package var address: String?

    package init(cluster: ClusterID, id: CommandID, command: Command, address: String?) {
        self.cluster = cluster
        self.id = id
        self.command = command
        self.address = address
    }
}

/// A line for the agent's log.
package struct AgentRemark: Hashable, Sendable {
    /// How important a line is.
    package enum Level: Hashable, Sendable { case info, notice, warning, error }

    package var level: Level
    package var text: String

    package init(_ level: Level, _ text: String) {
        self.level = level
        self.text = text
    }
}
