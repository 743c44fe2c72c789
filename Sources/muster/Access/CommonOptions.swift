import MusterCommandLine

/// Options that more than one command has.
enum CommonOptions {
    static let log = CommandOption(
        "log", value: "URL", .text, "where the log is, for instance sqlite:muster.db",
        default: "sqlite:muster.db", isSetting: true)
    static let kafka = CommandOption(
        "kafka", "X", value: "KEY=VALUE", .pair,
        "a property of librdkafka, for instance security.protocol=SASL_SSL", repeats: true,
        isSetting: true)
    static let cluster = CommandOption(
        "cluster", "c", value: "CLUSTER", .listed(by: ["clusters"]),
        "which cluster; needed when the log holds several", isSetting: true)
    static let partitions = CommandOption(
        "partitions", value: "COUNT", .number(1...1024),
        "how many partitions each topic of a new log gets", default: "4", isSetting: true)
    static let replication = CommandOption(
        "replication", value: "COUNT", .number(1...32),
        "how many brokers keep each record of a new log; default: as the brokers say",
        isSetting: true)
    static let timeout = CommandOption(
        "timeout", value: "TIME", .duration, "how long to wait", default: "30s")

    static let node = CommandArgument("NODE", .listed(by: ["nodes"]), "the node's name")
}
