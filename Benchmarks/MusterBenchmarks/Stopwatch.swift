/// Runs a body and says how long it took.
package enum Stopwatch {
    /// The seconds that the body took on the monotonic clock.
    package static func seconds(_ body: () throws -> Void) rethrows -> Double {
        let duration = try ContinuousClock().measure(body)
        return Double(duration.components.seconds)
            + Double(duration.components.attoseconds) / 1e18
    }
}
