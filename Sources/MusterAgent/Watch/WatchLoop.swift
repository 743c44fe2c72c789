package import MusterCore

/// What an observer says of services that have no agent, as a value: results of probes in, opinions
/// out.
///
/// A service is up at its first answer and down after some failures in a row. An opinion is said
/// when it changes, and again now and then, since a node's state may have been lost or begun
/// meanwhile. It is evidence and no more: at most a node becomes suspect by it.
package struct WatchLoop: Sendable {
    private let observer: Principal
    private let failuresMax: Int
    private let repeatEvery: Duration
    private var services = SortedMap<NodeID, Service>()

    private struct Service: Sendable {
        var isUp: Bool?
        var failures = 0
        var said: Duration?
    }

    /// - Parameter failuresMax: how many failures in a row make a service down.
    package init(observer: Principal, failuresMax: Int = 3, repeatEvery: Duration = .seconds(60)) {
        self.observer = observer
        self.failuresMax = failuresMax
        self.repeatEvery = repeatEvery
    }

    /// A probe has ended.
    ///
    /// - Parameter failure: why it failed; nil: the service answered.
    /// - Returns: what is to be said; nil: nothing.
    package mutating func probed(_ node: NodeID, failure: String?, now: Duration) -> Fact? {
        services.update(node, default: Service()) { service in
            service.failures = failure == nil ? 0 : service.failures + 1
            let isUp =
                failure == nil ? true : service.failures >= failuresMax ? false : service.isUp
            let isNews = isUp != service.isUp
            let isDue = service.said.map { now - $0 >= repeatEvery } ?? true
            service.isUp = isUp
            guard let isUp, isNews || isDue else { return nil }
            // While it fails and is not down yet, nothing is said of it.
            if isUp, failure != nil { return nil }
            service.said = now
            let opinion = NodeOpinion(
                node: node, observer: observer, reason: failure ?? "it answers")
            return isUp ? .nodeReportedUp(opinion) : .nodeReportedDown(opinion)
        }
    }

    /// What was said could not be appended: it is said again at the next probe.
    package mutating func unsaid(_ node: NodeID) {
        services.update(node) { $0.said = nil }
    }
}
