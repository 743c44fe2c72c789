package import MusterCore
internal import MusterWire

/// Notices where a cluster's chain was cut: a record was changed or taken away, so that those
/// behind it extend nothing.
///
/// Void records are normal: whoever loses a race leaves some. Their first one competes with a
/// record that was accepted, so its number is not above the head's; those that follow it name its
/// hash. A record beyond the head that follows no such loser is one whose predecessor is missing.
package struct ChainCut: Sendable {
    /// The first record beyond the head whose predecessor is nowhere; nil: there is none.
    package private(set) var offset: Offset?
    /// The hash of the newest void record that lost a race, or follows one that did.
    private var loser: Hash?

    mutating func note(
        _ envelope: JournalEnvelope, _ hash: Hash, at offset: Offset, head: Head
    ) {
        if envelope.sequence <= head.sequence || envelope.previous == loser {
            loser = hash
        } else if self.offset == nil {
            self.offset = offset
        }
    }
}
