/// How often a node came and went of late (DOMAIN §3): each time adds to a score that halves every
/// ten minutes. Integers only, so that every process comes to the same score.
///
/// Only the score at the moment of the last change is kept; what it is later is computed from that.
package struct FlapScore: Hashable, Sendable {
    /// The score at `since`.
    package var points: Int64
    /// When it was last added to.
    package var since: Timestamp
    /// Whether the node was damped then.
    package var isDamped: Bool

    /// A node that was down counts for that much.
    package static let down: Int64 = 1000
    /// A node that was suspected and came back counts for that much.
    package static let suspected: Int64 = 300
    /// From this score on a node is damped,
    package static let dampedFrom: Int64 = 2500
    /// and it stays so until the score is below this one.
    package static let dampedUntil: Int64 = 1000
    /// The score goes no higher: three halvings later nobody is damped any more.
    package static let pointsMax: Int64 = 8000
    /// In that time a score halves.
    package static let halfLife: Duration = .seconds(600)

    package init(points: Int64 = 0, since: Timestamp = .zero, isDamped: Bool = false) {
        self.points = points
        self.since = since
        self.isDamped = isDamped
    }

    /// The score at a moment: whole halvings, and a straight line between two of them.
    package func points(at moment: Timestamp) -> Int64 {
        let (age, half) = ((moment - since).milliseconds, Self.halfLife.milliseconds)
        if age <= 0 || points == 0 { return points }
        let halvings = age / half
        if halvings >= 63 { return 0 }
        let whole = points >> halvings
        return whole - (whole - whole >> 1) * (age % half) / half
    }

    /// Whether the node is damped at a moment.
    package func isDamped(at moment: Timestamp) -> Bool {
        isDamped && points(at: moment) >= Self.dampedUntil
    }

    /// The first moment at which the node is no longer damped; nil when it is not.
    package func calm(after moment: Timestamp) -> Timestamp? {
        guard isDamped(at: moment) else { return nil }
        var (low, high) = (moment, since + Self.halfLife * 4)
        while high - low > .milliseconds(1) {
            let middle = low + .milliseconds((high - low).milliseconds / 2)
            if isDamped(at: middle) { low = middle } else { high = middle }
        }
        return high
    }

    /// The node came or went once more.
    mutating func add(_ more: Int64, at moment: Timestamp) {
        let wasDamped = isDamped(at: moment)
        points = min(Self.pointsMax, points(at: moment) + more)
        since = max(since, moment)
        isDamped = wasDamped || points >= Self.dampedFrom
    }
}
