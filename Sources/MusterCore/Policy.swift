/// How a cluster wants its membership kept. It enters the state by an event that carries all of it,
/// so that the journal alone says which values a decision was made under.
///
/// The defaults are those of the specification; tests and demonstrations shorten them.
package struct Policy: Hashable, Sendable {
    /// Whether automation only reports, writes the request for a person, or acts.
    package enum Mode: String, CaseIterable, Hashable, Sendable {
        case observe
        case propose
        case act
    }

    /// Which nodes may join by saying that they are up.
    package enum JoinPolicy: String, CaseIterable, Hashable, Sendable {
        /// Every node whose identity is sound.
        case open
        /// The nodes named in `listed`, and those that a request adds.
        case listed
    }

    package var join: Mode = .act
    package var promotion: Mode = .act
    package var removal: Mode = .act
    package var replacement: Mode = .act
    package var joinPolicy: JoinPolicy = .listed
    /// The nodes that may join under `listed`, in order.
    package var listed: [NodeID] = []
    package var votersMin: UInt32 = 3
    package var votersMax: UInt32 = 7
    /// Of those that the engine allows, which is one unless its agent says more.
    package var learnersMax: UInt32 = 16
    package var concurrentSyncsMax: UInt32 = 2
    package var concurrentSyncsPerSourceMax: UInt32 = 1
    package var attemptsMax: UInt32 = 10
    package var heartbeatInterval: Duration = .seconds(3)
    /// How long a heartbeat counts as a sign of life.
    package var lease: Duration = .seconds(10)
    /// For how long a returned node gets neither leadership nor promotion.
    package var trustDelay: Duration = .seconds(30)
    package var removalDelay: Duration = .seconds(300)
    package var stabilization: Duration = .seconds(10)
    package var catchUpTimeout: Duration = .seconds(600)
    package var observationInterval: Duration = .seconds(2)
    package var observationAgeMax: Duration = .seconds(5)
    package var changeLimit: Duration = .seconds(20)
    package var transferLimit: Duration = .seconds(10)
    package var observeLimit: Duration = .seconds(5)
    package var startLimit: Duration = .seconds(60)
    /// How long a copy may be without progress.
    package var copyLimit: Duration = .seconds(120)
    package var backoffMin: Duration = .seconds(1)
    package var backoffMax: Duration = .seconds(60)
    package var stallRetry: Duration = .seconds(600)

    package init() {}

    /// After how many leases of silence a node is suspected.
    package static let suspectLeases = 1
    /// After how many leases of silence a node is down.
    package static let downLeases = 3
    /// For how long a wish for another leader counts.
    package static let transferWish: Duration = .seconds(30)
    /// The shortest removal delay that a manager accepts without its own flag.
    package static let removalDelayMin: Duration = .seconds(60)
}
