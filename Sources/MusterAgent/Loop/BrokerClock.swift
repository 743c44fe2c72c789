package import MusterCore

/// The time of the log, as an agent estimates it from its own acknowledged appends.
///
/// A broker stamps a record after it was sent, so the append time plus the monotonic time since the
/// record was *sent* is never before the broker's clock. An agent that goes by it begins nothing
/// too late; it may refuse what it could still have begun, by as much as an append takes.
package struct BrokerClock: Sendable {
    private var appended: Timestamp?
    private var sent: Duration = .zero

    package init() {}

    /// An append was acknowledged.
    ///
    /// - Parameter sent: when it was sent, in monotonic time.
    package mutating func note(_ moment: Timestamp, sent: Duration) {
        if appended != nil, sent < self.sent { return }
        appended = moment
        self.sent = sent
    }

    /// The latest that the broker's clock may say now; nil before any append was acknowledged.
    package func latest(_ now: Duration) -> Timestamp? {
        appended.map { $0 + max(.zero, now - sent) }
    }
}
