import MusterCommandLine
import MusterCore

extension ResultValue {
    /// A number of 64 bits, as the text that it has everywhere.
    static func id(_ number: some Number) -> ResultValue { .id(Int64(clamping: number.value)) }

    static func time(_ moment: Timestamp) -> ResultValue { .time(moment.milliseconds) }

    static func duration(_ duration: Duration) -> ResultValue { .duration(duration.milliseconds) }

    static func number(_ count: Int) -> ResultValue { .number(Int64(count)) }

    static func name(_ name: some Name) -> ResultValue { .text(name.text) }

    static func names(_ names: some Swift.Sequence<some Name>) -> ResultValue {
        .texts(names.map(\.text))
    }
}
