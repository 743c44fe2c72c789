import MusterRuntime

/// Moments as people write them.
package enum TimeText {
    /// Milliseconds since 1970 of an RFC 3339 time, of a date (its first moment in UTC), of `now`,
    /// or of a length of time, which is taken from `now`. nil when it is none of them.
    package static func milliseconds(_ text: String, now: Int64) -> Int64? {
        if text == "now" { return now }
        if let ago = DurationText.milliseconds(text) { return now - ago }
        return RFC3339.milliseconds(text) ?? RFC3339.milliseconds(text + "T00:00:00Z")
    }
}
