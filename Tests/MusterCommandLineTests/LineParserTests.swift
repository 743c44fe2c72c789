import MusterCommandLine
import MusterRuntime
import Testing

struct LineParserTests {
    private static let plain = "log=sqlite:fleet.db properties=\n"

    @Test(
        arguments: [
            ("echo n1", "node=n1 files= tags= loud=false quick=false timeout=5.0 seconds"),
            ("echo n1 a b", "node=n1 files=a,b tags= loud=false quick=false timeout=5.0 seconds"),
            ("echo -lq n1", "node=n1 files= tags= loud=true quick=true timeout=5.0 seconds"),
            ("echo -lt x n1", "node=n1 files= tags=x loud=true quick=false timeout=5.0 seconds"),
            (
                "echo -tx -ty n1",
                "node=n1 files= tags=x,y loud=false quick=false timeout=5.0 seconds"
            ),
            (
                "echo n1 --tag=x --tag y",
                "node=n1 files= tags=x,y loud=false quick=false timeout=5.0 seconds"
            ),
            (
                "echo --timeout 2m --timeout=90s n1",
                "node=n1 files= tags= loud=false quick=false timeout=90.0 seconds"
            ),
            (
                "echo -- -l --loud",
                "node=-l files=--loud tags= loud=false quick=false timeout=5.0 seconds"
            ),
            ("echo n1 -", "node=n1 files=- tags= loud=false quick=false timeout=5.0 seconds"),
            ("echo --tag= n1 --tag -l", nil),
            (
                "echo n1 --tag -l",
                "node=n1 files= tags=-l loud=false quick=false timeout=5.0 seconds"
            ),
            ("-o json echo n1", "node=n1 files= tags= loud=false quick=false timeout=5.0 seconds"),
            ("-w=json echo n1", "node=n1 files= tags= loud=false quick=false timeout=5.0 seconds"),
            (
                "echo n1 --tag a=b",
                "node=n1 files= tags=a=b loud=false quick=false timeout=5.0 seconds"
            ),
        ] as [(String, String?)])
    func `lines are read as GNU programs read them`(line: String, output: String?) async {
        let process = TestProcess()
        let code = await process.run(line)
        if let output {
            #expect(code == .ok, "\(process.error)")
            #expect(process.output == output + " " + Self.plain)
        } else {
            #expect(code == .usage)
        }
    }

    @Test(arguments: [
        ("nodse", #"unknown command "nodse"; did you mean "fleet nodes"?"#),
        ("node", #"unknown command "node"; did you mean "fleet nodes"?"#),
        ("list", #"unknown command "list"; did you mean "fleet quarantine list"?"#),
        ("xyzzy", #"unknown command "xyzzy""#),
        ("quarantine shwo", #"unknown command "shwo"; did you mean "fleet quarantine show"?"#),
        ("quarantine", #""fleet quarantine" needs one of: list, show"#),
        ("nodes --sate up", "unknown option --sate; did you mean --state?"),
        ("nodes --lo x", "unknown option --lo; did you mean --log?"),
        ("nodes -z", "unknown option -z"),
        ("nodes -az", "unknown option -z"),
        (
            "--state up nodes",
            #"option --state belongs to a command and stands behind it, as in "fleet nodes""#
        ),
        ("nodes --state", "--state needs a value: STATE"),
        ("nodes --state uo", #"--state cannot be "uo"; did you mean "up"? (one of up, down)"#),
        ("nodes --all=yes", #"--all takes no value, but "yes" was given"#),
        ("nodes --limit 0", #"--limit needs a whole number from 1 to 100, not "0""#),
        ("nodes -nx", #"-n needs a whole number from 1 to 100, not "x""#),
        ("nodes --no-all", "unknown option --no-all"),
        ("nodes x", #"unexpected argument "x""#),
        ("echo", "NODE is missing"),
        ("echo ''", "NODE needs a value that is not empty"),
        (
            "echo n1 --timeout soon",
            #"--timeout needs a length of time such as 250ms, 90s, 5m or 1h30m, not "soon""#
        ),
        (
            "tail --since 2026-02-30",
            "--since needs a time such as 2026-03-01T14:03:00Z, 2026-03-01 or 10m (ago), "
                + #"not "2026-02-30""#
        ),
        ("nodes -X =v", #"-X needs KEY=VALUE, not "=v""#),
    ])
    func `a wrong word is named, with the nearest right one, and is exit 64`(
        line: String, message: String
    ) async {
        let process = TestProcess()
        #expect(await process.run(line) == .usage)
        #expect(process.error.split(separator: "\n").first ?? "" == "fleet: " + message)
        #expect(process.output.isEmpty)
    }

    @Test func `what was typed cannot speak to the terminal`() async {
        let process = TestProcess()
        #expect(await process.run("no\u{1B}[2Jdes\u{202E}") == .usage)
        #expect(process.error.contains(#""no\u{1b}[2Jdes\u{202e}""#))
    }

    @Test(arguments: ["--help", "nodes --help", "nodes -h", "quarantine --help", "help nodes"])
    func `help comes with exit 0, whatever else is missing`(line: String) async {
        let process = TestProcess()
        #expect(await process.run(line) == .ok)
        #expect(process.error.isEmpty)
        #expect(process.output.hasPrefix("fleet"))
    }

    @Test func `the version is printed by option and by command`() async {
        for line in ["--version", "-V", "version", "nodes -V"] {
            let process = TestProcess()
            #expect(await process.run(line) == .ok)
            #expect(process.output == "fleet 1.2.3\n")
        }
    }

    @Test func `a setting that is a flag can be taken back`() async {
        let process = TestProcess(environment: ["FLEET_VERBOSE": "true"])
        #expect(await process.run("nodes --no-verbose") == .ok)
    }

    @Test func `no line of random words makes the parser trap`() async {
        let pieces = [
            "nodes", "echo", "quarantine", "list", "--", "-", "--help", "-a", "-n", "--limit", "=",
            "",
            "--limit=", "-n5", "--tag", "-tx", "--no-verbose", "é", "\u{0}", "-aé", "--é=é", "-X",
            "a=b",
        ]
        for seed in UInt64(1)...300 {
            var random = SplitMix(seed)
            let words = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }
            let process = TestProcess()
            let code = await Program.sample.run(process.context(words))
            #expect(code == .ok || code == .usage, "\(words)")
            #expect((code == .usage) == !process.error.isEmpty, "\(words)")
        }
    }

    @Test func `the table of the sample fits together`() {
        #expect(Program.sample.problems() == [])
    }

    @Test func `a table that does not fit together is found out`() {
        let program = Program(
            "bad", "is bad", version: "0",
            sections: [
                Program.Section(
                    "One",
                    [
                        Command(
                            "go", "Goes.",
                            examples: [.init("go --fsat", "go"), .init("help", "x")],
                            arguments: [
                                CommandArgument("A", .text, "a", count: .any),
                                CommandArgument("B", .text, "b"),
                            ],
                            options: [
                                CommandOption(flag: "out", "o", summary: "clashes with -o"),
                                CommandOption("n", value: "N", .number(1...2), "n", default: "3"),
                            ],
                            shape: .object([.init("x", .text, "x")]),
                            layout: .table("y", name: nil, empty: "", [])
                        ) { _ in .ok }
                    ])
            ])
        #expect(program.problems().count == 8, "\(program.problems())")
    }
}

/// Vigna's SplitMix64: the same numbers for the same seed everywhere.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
