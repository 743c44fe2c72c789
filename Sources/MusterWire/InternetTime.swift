/// Moments as RFC 3339 writes them: CloudEvents' `time`, and what is printed for people.
///
/// The calendar is Howard Hinnant's days-from-civil
/// (http://howardhinnant.github.io/date_algorithms.html), so no part of Foundation is needed where
/// records are many.
package enum InternetTime {
    /// Milliseconds since 1970; finer fractions are cut off. nil for what is no RFC 3339 time.
    ///
    /// A leap second (`:60`, only in minute 59) is the first of the next minute.
    package static func milliseconds(of text: String) -> Int64? {
        var text = text
        return text.withUTF8 { bytes in
            var cursor = Cursor(bytes: bytes)
            return cursor.moment()
        }
    }

    /// The same, of bytes that are borrowed for the call.
    static func milliseconds(of text: UnsafeRawBufferPointer) -> Int64? {
        var cursor = Cursor(bytes: text.assumingMemoryBound(to: UInt8.self))
        return cursor.moment()
    }

    /// `2006-01-02T15:04:05.678Z`; always with milliseconds, always UTC.
    ///
    /// Moments outside of the years 0 to 9999, which RFC 3339 cannot write, are given as the
    /// number.
    package static func text(milliseconds: Int64) -> String {
        guard range.contains(milliseconds) else { return String(milliseconds) }
        let day = (milliseconds - (milliseconds < 0 ? 86_399_999 : 0)) / 86_400_000
        let rest = milliseconds - day * 86_400_000
        let (year, month, dayOfMonth) = civil(day)
        func padded(_ number: Int64, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))"
        let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60)
        let (second, fraction) = (rest / 1000 % 60, rest % 1000)
        let time = "\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2))"
        return "\(date)T\(time).\(padded(fraction, 3))Z"
    }

    /// From 0000-01-01 to 9999-12-31.
    private static let range: Range<Int64> = -62_167_219_200_000..<253_402_300_800_000

    /// Days since 1970 of a date in the proleptic Gregorian calendar.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func daysIn(month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// A place in the text being read; the bytes are the caller's for the time of the call.
    private struct Cursor {
        let bytes: UnsafeBufferPointer<UInt8>
        var place = 0

        mutating func moment() -> Int64? {
            guard let year = number(4), skip("-"), let month = number(2), skip("-"),
                let day = number(2), skip("T") || skip("t"),
                let hour = number(2), skip(":"), let minute = number(2), skip(":"),
                let second = number(2), let fraction = fraction(), let zone = zone(),
                place == bytes.count,
                1...12 ~= month, 1...InternetTime.daysIn(month: month, year: year) ~= day,
                hour <= 23, minute <= 59, second <= (minute == 59 ? 60 : 59)
            else { return nil }
            let days = InternetTime.days(year: year, month: month, day: day)
            let seconds = ((days * 24 + hour) * 60 + minute - zone) * 60 + second
            return seconds * 1000 + fraction
        }

        private mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard place < bytes.count, bytes[place] == UInt8(ascii: character) else { return false }
            place += 1
            return true
        }

        private mutating func digit() -> Int64? {
            guard place < bytes.count, 0x30...0x39 ~= bytes[place] else { return nil }
            place += 1
            return Int64(bytes[place - 1] - 0x30)
        }

        private mutating func number(_ count: Int) -> Int64? {
            var number: Int64 = 0
            for _ in 0..<count {
                guard let digit = digit() else { return nil }
                number = number * 10 + digit
            }
            return number
        }

        /// Milliseconds of the fraction; 0 without one.
        private mutating func fraction() -> Int64? {
            guard skip(".") else { return 0 }
            guard let first = digit() else { return nil }
            var (milliseconds, weight) = (first * 100, Int64(10))
            while let next = digit() {
                milliseconds += next * weight
                weight /= 10
            }
            return milliseconds
        }

        /// Minutes east of UTC.
        private mutating func zone() -> Int64? {
            if skip("Z") || skip("z") { return 0 }
            let isEast = skip("+")
            guard isEast || skip("-"), let hours = number(2), skip(":"), let minutes = number(2),
                hours <= 23, minutes <= 59
            else { return nil }
            return (hours * 60 + minutes) * (isEast ? 1 : -1)
        }
    }
}
