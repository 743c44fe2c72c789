/// Lengths of time as people write and read them.
package enum DurationText {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// Milliseconds of `250ms`, `90s`, `5m`, `1h30m` or `2d`: one or more parts, each a whole
    /// number and a unit, or `0`. nil when it is none, or does not fit into a thousand years.
    package static func milliseconds(_ text: String) -> Int64? {
        if text == "0" { return 0 }
        var rest = Substring(text)
        var total: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { "0123456789".contains($0) }
            guard !digits.isEmpty, let number = Int64(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !"0123456789".contains($0) }
            rest = rest.dropFirst(unit.count)
            guard let scale = units.first(where: { $0.name == unit })?.milliseconds else {
                return nil
            }
            let (part, overflow) = number.multipliedReportingOverflow(by: scale)
            guard !overflow, part <= limit - total else { return nil }
            total += part
        }
        return total
    }

    /// The two largest parts: `6 m 10 s`, `1.2 s`, `250 ms`.
    package static func text(milliseconds: Int64) -> String {
        if milliseconds < 0 { return "-" + text(milliseconds: -max(milliseconds, -.max)) }
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        if milliseconds < 10_000 {
            let tenths = milliseconds / 100
            return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
        }
        for (index, unit) in units.dropLast().enumerated() where milliseconds >= unit.milliseconds {
            let whole = "\(milliseconds / unit.milliseconds) \(unit.name)"
            if unit.name == "s" { return whole }
            let next = units[index + 1]
            let rest = milliseconds % unit.milliseconds / next.milliseconds
            return rest == 0 ? whole : whole + " \(rest) \(next.name)"
        }
        return "\(milliseconds) ms"
    }

    private static let limit: Int64 = 365_250 * 86_400_000
}
