/// Times as people and CloudEvents write them: `2026-03-01T14:03:00.250Z`.
///
/// The days are counted with Howard Hinnant's `civil_from_days` and `days_from_civil`, so that no
/// calendar library is loaded for a log line.
package enum RFC3339 {
    /// The time in UTC with milliseconds; years outside 0 to 9999 are shown at that limit.
    package static func text(milliseconds: Int64) -> String {
        let limited = min(max(milliseconds, earliest), latest)
        let days = limited.quotientFloor(86_400_000)
        let ofDay = limited - days * 86_400_000
        let (year, month, day) = civil(days)
        return digits(year, 4) + "-" + digits(month, 2) + "-" + digits(day, 2) + "T"
            + digits(ofDay / 3_600_000, 2) + ":" + digits(ofDay / 60_000 % 60, 2) + ":"
            + digits(ofDay / 1000 % 60, 2) + "." + digits(ofDay % 1000, 3) + "Z"
    }

    /// Milliseconds since 1970 of a time such as `2026-03-01T14:03:00Z`, `…00.25+02:00`, or with a
    /// space for the `T`; nil when it is no such time. Digits beyond milliseconds are cut.
    package static func milliseconds(_ text: String) -> Int64? {
        var scan = Scan(bytes: ArraySlice(text.utf8))
        guard let year = scan.number(4), scan.take("-"), let month = scan.number(2),
            scan.take("-"), let day = scan.number(2),
            scan.take("T") || scan.take("t")
                || scan.take(" "), let hour = scan.number(2), scan.take(":"),
            let minute = scan.number(2), scan.take(":"), let second = scan.number(2)
        else { return nil }
        var fraction: Int64 = 0
        if scan.take(".") {
            guard let read = scan.fraction() else { return nil }
            fraction = read
        }
        guard let offset = scan.offset(), scan.bytes.isEmpty,
            (1...12).contains(month), (1...daysIn(month, of: year)).contains(day),
            hour < 24, minute < 60, second < 61
        else { return nil }
        let seconds = hour * 3600 + minute * 60 + min(second, 59)
        return days(year, month, day) * 86_400_000 + seconds * 1000 + fraction - offset
    }

    private static let earliest: Int64 = -62_167_219_200_000
    private static let latest: Int64 = 253_402_300_799_999

    private static func digits(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }

    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted.quotientFloor(146_097)
        let ofEra = shifted - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * ofYear + 2) / 153
        let day = ofYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted.quotientFloor(400)
        let yearOfEra = shifted - era * 400
        let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let ofEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + ofYear
        return era * 146_097 + ofEra - 719_468
    }

    private static func daysIn(_ month: Int64, of year: Int64) -> Int64 {
        let next: (Int64, Int64) = month == 12 ? (year + 1, 1) : (year, month + 1)
        return days(next.0, next.1, 1) - days(year, month, 1)
    }

    /// What is left of a text while its parts are read.
    private struct Scan {
        var bytes: ArraySlice<UInt8>

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard let first = bytes.first, UInt32(first) == character.value else { return false }
            bytes.removeFirst()
            return true
        }

        mutating func number(_ count: Int) -> Int64? {
            guard bytes.count >= count else { return nil }
            var number: Int64 = 0
            for byte in bytes.prefix(count) {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                number = number * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            bytes.removeFirst(count)
            return number
        }

        /// The digits after the point, as milliseconds.
        mutating func fraction() -> Int64? {
            guard var total = number(1) else { return nil }
            var count = 1
            while let digit = number(1) {
                count += 1
                if count <= 3 { total = total * 10 + digit }
            }
            return total * (count == 1 ? 100 : count == 2 ? 10 : 1)
        }

        /// `Z` or `+hh:mm`, as milliseconds to take away.
        mutating func offset() -> Int64? {
            if take("Z") || take("z") { return 0 }
            let isEast = take("+")
            guard isEast || take("-"), let hours = number(2), take(":"),
                let minutes = number(2), hours < 24, minutes < 60
            else { return nil }
            return (isEast ? 1 : -1) * (hours * 60 + minutes) * 60_000
        }
    }
}

extension Int64 {
    /// The quotient rounded down, also for negative numbers.
    fileprivate func quotientFloor(_ divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
