/// What the benchmarks are asked for.
package struct BenchmarkSettings: Sendable {
    /// One JSON object a figure, instead of a table.
    package var isJSON = false
    /// Only figures whose name contains this; nil: all.
    package var only: String?
    /// How much smaller than usual the work is; 1: as usual.
    package var divisor = 1
    /// `host:port` of a Kafka to measure on, instead of the embedded log; nil: the embedded one.
    package var brokers: String?
    /// Also what takes very long.
    package var isLong = false

    /// What is wrong with an argument.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package init() {}

    /// Reads `-o json|table`, `--only NAME`, `--divide N`, `--brokers HOST:PORT` and `--long`.
    package init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--long" {
                isLong = true
                continue
            }
            let value = rest.popFirst()
            switch (argument, value) {
            case ("-o", "json"): isJSON = true
            case ("-o", "table"): isJSON = false
            case ("--only", let name?): only = name
            case ("--brokers", let servers?): brokers = servers
            case ("--divide", let text?):
                guard let number = Int(text), number > 0 else {
                    throw Failure(description: "--divide needs a number above 0, not \(text)")
                }
                divisor = number
            default:
                throw Failure(
                    description: "unknown argument \(argument) \(value ?? ""); usage: "
                        + "scripts/bench [--kafka] [-o json|table] [--only NAME] [--divide N] [--long]"
                )
            }
        }
    }

    /// Whether a figure is wanted.
    package func wants(_ name: String) -> Bool { only.map { name.contains($0) } ?? true }
}
