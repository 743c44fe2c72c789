/// A value that goes with a log line under a key of its own.
package enum LogValue: Hashable, Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral
{
    /// Text, of any origin: it is escaped when the line is written.
    case text(String)
    /// A number; written as a string in JSON where a double could not hold it.
    case number(Int64)
    case flag(Bool)

    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int64) { self = .number(value) }
    package init(booleanLiteral value: Bool) { self = .flag(value) }

    /// Whatever describes itself: a name, an error.
    package static func of<Value>(_ value: Value) -> LogValue { .text(String(describing: value)) }
}
