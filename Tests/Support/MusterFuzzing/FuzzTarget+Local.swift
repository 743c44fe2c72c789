import MusterCommandLine
import MusterKafka
import MusterLog
import MusterRuntime
import MusterTesting

// What people write on their own machines.

extension FuzzTarget {
    /// Configuration and policy files.
    static let configuration = FuzzTarget(name: "yaml", share: 40) { _ in
        let seeds = LocalSeeds.files
        let settings = LocalSeeds.settings
        return Body(
            draw: { dice in
                var bytes = seeds[dice.pick(seeds.count)]
                for _ in 0...dice.pick(4) { LocalSeeds.change(&bytes, &dice) }
                return bytes
            },
            run: { bytes in
                do throws(CommandError) {
                    _ = try ConfigurationFile.read(bytes, path: "f.yaml", settings: settings)
                    return .read
                } catch {
                    try demandHarmless(error.message.text, "the refusal")
                    try demand(error.exitCode == .usage, "the exit code is \(error.exitCode)")
                    return .refused
                }
            })
    }

    /// Lengths of time, moments, and how a shell's line is cut.
    static let words = FuzzTarget(name: "words", share: 20) { _ in
        let seeds = LocalSeeds.words
        return Body(
            draw: { dice in
                var bytes = seeds[dice.pick(seeds.count)]
                for _ in 0...dice.pick(3) { LocalSeeds.change(&bytes, &dice) }
                return bytes
            },
            run: { bytes in
                let text = String(decoding: bytes, as: UTF8.self)
                _ = ShellWords.split(text)
                _ = NearestWord.find(text, among: ["removal-delay", "lease"])
                let moment = TimeText.milliseconds(text, now: 1_700_000_000_000)
                guard let length = DurationText.milliseconds(text) else {
                    return moment == nil ? .refused : .read
                }
                try demand(length >= 0, "a length of \(length) ms")
                try demandHarmless(DurationText.text(milliseconds: length), "the length's text")
                try demand(
                    DurationText.milliseconds("\(length)ms") == length,
                    "\(length)ms is read as another length")
                return .read
            })
    }

    /// The URL of a log on Kafka, and properties out of the environment.
    static let kafka = FuzzTarget(name: "kafka", share: 10) { _ in
        let seeds = LocalSeeds.urls
        return Body(
            draw: { dice in
                var bytes = seeds[dice.pick(seeds.count)]
                for _ in 0...dice.pick(3) { LocalSeeds.change(&bytes, &dice) }
                return bytes
            },
            run: { bytes in
                let text = String(decoding: bytes, as: UTF8.self)
                do throws(LogError) {
                    var options = try KafkaOptions(url: text)
                    try options.takeProperties(from: ["MUSTER_KAFKA_" + text: text])
                    return .read
                } catch {
                    return .refused
                }
            })
    }
}

private enum LocalSeeds {
    static let files: [[UInt8]] = [
        "log: sqlite:muster.db\nlease: 4s\nvoters-min: 3\nmode: act\nkafka:\n  a.b: c\n",
        "# a policy\nlease: &l 4s\nlist: [a, \"b\\u001b\", 'c']\nsince: 2026-03-01T14:03:00Z\n",
        "{log: \"kafka://h:9092/p\", list: [*x, *x], kafka: {security.protocol: SSL}}\n",
        "list:\n- |\n  text\n- >-\n  folded\n  text\n---\nlog: 2\n", "? log\n: !!str x\n",
        "a: &a [b, b]\nc: &c [*a, *a]\nlog: *c\n", "\u{FEFF}log: x\n",
    ].map { Array($0.utf8) }

    static let settings: [CommandOption] = [
        CommandOption("log", value: "URL", .text, "the log", isSetting: true),
        CommandOption("lease", value: "TIME", .duration, "the lease", isSetting: true),
        CommandOption("voters-min", value: "N", .number(1...99), "voters", isSetting: true),
        CommandOption("mode", value: "WORD", .word(["act", "propose"]), "mode", isSetting: true),
        CommandOption("since", value: "TIME", .time, "since", isSetting: true),
        CommandOption("list", value: "X", .text, "a list", repeats: true, isSetting: true),
        CommandOption("kafka", value: "K=V", .pair, "pairs", repeats: true, isSetting: true),
    ]

    static let words: [[UInt8]] = [
        "250ms", "90s", "5m", "1h30m", "9223372036854775807ms", "106751991167d", "0s",
        "2026-03-01T14:03:00Z", "2026-03-01", "2026-02-29T23:59:60.999+23:59", "10m",
        "why n1 --at 'a b' \"c\\\"d\" e\\ f",
    ].map { Array($0.utf8) }

    static let urls: [[UInt8]] = [
        "kafka://localhost:9092/muster", "kafka://a:1,b:2/p.q_r-s", "SASL_PASSWORD_FILE", "ACKS",
        "SESSION_TIMEOUT_MS",
    ].map { Array($0.utf8) }

    private static let parts: [[UInt8]] = texts.map { Array($0.utf8) } + broken

    private static let texts: [String] = [
        "9", "99999999999999999999", "-", "&a ", "*a", "!!str ", "[", "{", "? ", ": ", "- ",
        "\n", "\t", "#", "'", "\"", "|\n", "%YAML 1.1\n---\n", "...\n", "\u{1B}[2J", "\u{202E}",
        "\u{0}", "\u{85}", "<<: ", "log: 1\n", "e\u{301}", "d", "h", "ms", "T", "Z", "+", "/",
    ]

    private static let broken: [[UInt8]] = [
        [UInt8](repeating: UInt8(ascii: "["), count: 3000), [0xFF], [0xC0, 0x80],
        Array(repeatElement(Array("- ".utf8), count: 100).joined()),
    ]

    static func change(_ bytes: inout [UInt8], _ dice: inout SeededGenerator) {
        if dice.happens(perMille: 400) { return ByteMutator.change(&bytes, &dice) }
        let part = parts[dice.pick(parts.count)]
        bytes.insert(contentsOf: part, at: dice.pick(bytes.count + 1))
    }
}
