import MusterCommandLine
import Testing

struct ConfigurationTests {
    private static let home = "/op/own/.config/fleet/config.yaml"
    private static let machine = "/etc/fleet/fleet.yaml"

    private func origin(
        _ line: String, _ key: String, files: [String: String] = [:],
        environment: [String: String] = [:]
    ) async -> String {
        let process = TestProcess(
            files: files, environment: environment.merging(["HOME": "/op/own"]) { $1 })
        let code = await process.run(line + " --origin")
        #expect(code == .ok, "\(process.error)")
        let row = process.output.split(separator: "\n").first { $0.hasPrefix(key + " ") }
        return (row ?? "").split(separator: " ").dropFirst().joined(separator: " ")
    }

    @Test func `option before environment before files before default`() async {
        let files = [
            "named.yaml": "log: sqlite:named", Self.home: "log: sqlite:home",
            Self.machine: "log: sqlite:machine",
        ]
        let variables = ["FLEET_LOG": "sqlite:variable"]
        #expect(
            await origin(
                "config show --log sqlite:option --config named.yaml", "log", files: files,
                environment: variables) == "sqlite:option option --log")
        #expect(
            await origin(
                "config show --config named.yaml", "log", files: files, environment: variables)
                == "sqlite:variable environment FLEET_LOG")
        #expect(
            await origin("config show --config named.yaml", "log", files: files)
                == "sqlite:named file named.yaml:1")
        #expect(
            await origin(
                "config show", "log", files: files, environment: ["FLEET_CONFIG": "named.yaml"])
                == "sqlite:named file named.yaml:1")
        #expect(
            await origin("config show", "log", files: files) == "sqlite:home file \(Self.home):1")
        #expect(
            await origin("config show", "log", files: [Self.machine: "\nlog: sqlite:machine"])
                == "sqlite:machine file \(Self.machine):2")
        #expect(await origin("config show", "log") == "sqlite:fleet.db default")
    }

    @Test func `a file does not switch off what others set`() async {
        let files = ["named.yaml": "time-format: iso", Self.machine: "log: sqlite:machine"]
        let line = "config show --config named.yaml"
        #expect(await origin(line, "log", files: files) == "sqlite:machine file \(Self.machine):1")
        #expect(await origin(line, "time-format", files: files) == "iso file named.yaml:1")
        #expect(
            await origin(line, "color", files: files, environment: ["FLEET_COLOR": "never"])
                == "never environment FLEET_COLOR")
    }

    @Test func `pairs of all sources are merged by key`() async {
        let process = TestProcess(
            files: [Self.machine: "property: {a: 1, b: 2, sasl.password: x}"],
            environment: ["HOME": "/op/own", "FLEET_PROPERTY": "b=3,c=4"])
        #expect(await process.run("echo n1 -X c=5 -X c=6 -X d=7") == .ok)
        #expect(process.output.hasSuffix("properties=a:1,b:3,c:6,d:7,sasl.password:x\n"))
    }

    @Test func `secrets are hidden in every form`() async {
        for form in ["table", "wide", "json", "jsonl", "yaml"] {
            let process = TestProcess(
                files: [Self.machine: "property: {sasl.password: hunter2, a: 1}"],
                environment: ["HOME": "/op/own", "FLEET_LOG": "kafka://op:hunter2@host:9092/p"])
            #expect(await process.run("config show --origin -o \(form)") == .ok)
            #expect(!process.output.contains("hunter2"))
            #expect(process.output.contains("@host:9092/p"))
        }
    }

    @Test(arguments: [
        ("lgo: x", #"f.yaml, line 1: unknown key "lgo"; did you mean "log"?"#),
        ("log: a\nzzzzz: 1", #"f.yaml, line 2: unknown key "zzzzz": the keys are "#),
        ("log:", "f.yaml, line 1: log has no value"),
        ("log: [a]", "f.yaml, line 1: log needs a single value, not a list"),
        ("log: {a: b}", "f.yaml, line 1: log needs a single value, not a mapping"),
        ("color: blue", #"f.yaml, line 1: color cannot be "blue""#),
        ("verbose: yes", #"f.yaml, line 1: verbose cannot be "yes""#),
        ("property: [a=b]", "f.yaml, line 1: property needs a mapping, not a list"),
        ("property: {a: [1]}", "f.yaml, line 1: property.a needs a single value"),
        ("- a", "f.yaml, line 1: a configuration is a mapping of keys to values, not a list"),
        ("log: a\nlog: b", #"f.yaml, line 2: the key "log" stands here twice"#),
        ("\"l\\eog\": a", #"f.yaml, line 1: unknown key "l\u{1b}og"; did you mean "log"?"#),
    ])
    func `a wrong file is an error with its line`(text: String, message: String) async {
        let process = TestProcess(files: ["f.yaml": text])
        #expect(await process.run("nodes --config f.yaml") == .usage)
        #expect(process.error.hasPrefix("fleet: " + message), "\(process.error)")
        #expect(process.output.isEmpty)
    }

    @Test func `a file that was named must be there and be readable`() async {
        let process = TestProcess(files: ["g.yaml": "forbidden"])
        #expect(await process.run("nodes --config f.yaml") == .usage)
        #expect(process.error == "fleet: the file f.yaml does not exist\n")
        #expect(await process.run("nodes --config g.yaml") == .notPermitted)
    }

    @Test func `a wrong variable is an error that names it`() async {
        let process = TestProcess(environment: ["FLEET_OUTPUT": "xml"])
        #expect(await process.run("nodes") == .usage)
        #expect(process.error.hasPrefix("fleet: the variable FLEET_OUTPUT cannot be \"xml\""))
    }

    @Test func `a variable that sets nothing is pointed out`() async {
        let process = TestProcess(environment: ["FLEET_LGO": "x", "FLEET_LOG": "y", "OTHER": "z"])
        #expect(await process.run("config check") == .unhealthy)
        #expect(
            process.output.contains(
                "the variable FLEET_LGO sets nothing; did you mean FLEET_LOG?"))
        let other = TestProcess(environment: ["FLEET_LOG": "y"])
        #expect(await other.run("config check") == .ok)
    }
}
