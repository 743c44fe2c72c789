import Foundation
import MusterCommandLine
import Testing

struct PagesTests {
    private func output(_ line: String) async -> String {
        let process = TestProcess()
        let code = await process.run(line)
        #expect(code == .ok, "\(process.error)")
        return process.output
    }

    /// Runs a program with a text as its input, where it is installed.
    private func run(_ program: String, _ arguments: [String], _ input: String) throws
        -> (code: Int32, output: String)?
    {
        let paths = ["/usr/bin/", "/bin/"].map { $0 + program }
        guard let path = paths.first(where: { FileManager.default.isExecutableFile(atPath: $0) })
        else { return nil }
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        let (to, from) = (Pipe(), Pipe())
        process.standardInput = to
        process.standardOutput = from
        process.standardError = from
        try process.run()
        try to.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try to.fileHandleForWriting.close()
        let data = try from.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    @Test func `help has the examples first and every option and exit code`() async throws {
        let page = await output("nodes --help")
        let examples = try #require(page.firstRange(of: "Examples:"))
        let usage = try #require(page.firstRange(of: "Usage: fleet nodes [options]"))
        #expect(examples.lowerBound < usage.lowerBound)
        for text in [
            "fleet nodes --state up  those that are up", "-n, --limit COUNT", "-a, --all",
            "(up, down)", "(FLEET_VERBOSE)", "5  no cluster", "fleet nodes -o help",
        ] {
            #expect(page.contains(text), "\(text)")
        }
        #expect(page.split(separator: "\n").allSatisfy { $0.count <= 100 })
    }

    @Test func `the program's help names every command`() async {
        let page = await output("help")
        for command in Program.sample.commands {
            #expect(page.contains("  " + command.name + " "))
            #expect(page.contains(command.summary))
        }
        let group = await output("help quarantine")
        #expect(group.contains("list  list it"))
    }

    @Test func `help for a wrong word names the right one`() async {
        let process = TestProcess()
        #expect(await process.run("help nodse") == .usage)
        #expect(process.error.contains("did you mean \"fleet nodes\"?"))
    }

    @Test func `-o help prints the shape and works without a log`() async {
        let page = await output("nodes -o help")
        #expect(page.contains(#""state": "up"|"down","#))
        #expect(page.contains("(if any)"))
        #expect(page.contains("-o jsonl prints each of \"nodes\""))
    }

    @Test func `a shape is a JSON Schema too`() throws {
        let shape: ResultShape = .object([
            .init("id", .id, "an offset"),
            .init("tags", .array(.word(["a", "b"])), "marks", isOptional: true),
        ])
        let expected: ResultValue = .object([
            "type": .text("object"),
            "properties": .object([
                "id": .object([
                    "description": .text("an offset"), "type": .text("string"),
                    "pattern": .text("^-?[0-9]+$"),
                ]),
                "tags": .object([
                    "description": .text("marks"), "type": .text("array"),
                    "items": .object(["type": .text("string"), "enum": .texts(["a", "b"])]),
                ]),
            ]),
            "required": .texts(["id"]), "additionalProperties": .flag(false),
        ])
        #expect(shape.schema == expected)
    }

    @Test func `there is a manual page for each command, which roff reads without a warning`()
        async throws
    {
        let process = TestProcess()
        #expect(await process.run("man out/man1") == .ok)
        let names = process.written.keys.sorted()
        #expect(names.contains("out/man1/fleet.1"))
        #expect(names.contains("out/man1/fleet.yaml.5"))
        #expect(names.contains("out/man1/fleet-quarantine-show.1"))
        #expect(names.count == Program.sample.leaves.count + 2)
        for (_, text) in process.written.sorted(by: { $0.key < $1.key }) {
            guard let result = try run("groff", ["-ww", "-man", "-Tutf8", "-z"], text) else {
                return
            }
            #expect(result.output == "")
        }
    }

    @Test func `the reference has every command, option and setting`() async {
        let page = await output("reference")
        for (path, command) in Program.sample.leaves {
            #expect(page.contains("### `fleet " + path.joined(separator: " ") + "`"))
            for option in command.options { #expect(page.contains("--" + option.name)) }
        }
        for setting in Program.sample.settings { #expect(page.contains("| `\(setting.name)` |")) }
    }

    @Test(arguments: [
        (
            "fleet ''",
            "nodes tail echo quarantine help options config completion man reference version"
        ),
        ("fleet no", "nodes"), ("fleet quarantine ''", "list show"),
        ("fleet nodes --st", "--state"), ("fleet nodes --state ''", "up down"),
        ("fleet nodes --state = d", "down"),
        ("fleet -o ''", "table wide json jsonl yaml name help"),
        ("fleet -o json nodes --lim", "--limit"), ("fleet completion ''", "bash zsh fish"),
        ("fleet completion bash ''", ""), ("fleet echo --tag nodes ''", "n1 n-2\\ x"),
        ("fleet echo n1 -- --st", ""), ("fleet echo n", "n1 n-2\\ x"),
    ])
    func `bash completes`(line: String, expected: String) async throws {
        let script = await output("completion bash")
        let words = ShellWords.split(line).map { "'" + $0 + "'" }
        let driver = """
            timeout() { printf 'n1\\nn-2 x\\n'; }
            \(script)
            COMP_WORDS=(\(words.joined(separator: " ")))
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _fleet
            echo "${COMPREPLY[*]}"
            """
        let result = try #require(try run("bash", ["-s"], driver))
        #expect(result.output == expected + "\n")
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `each script is accepted by its shell`(shell: String) async throws {
        let script = await output("completion " + shell)
        #expect(script.contains("quarantine"))
        if let result = try run(shell, ["-n"], script) {
            #expect(result.code == 0, "\(result.output)")
        }
        if shell == "bash", let result = try run("shellcheck", ["-s", "bash", "-"], script) {
            #expect(result.output == "")
        }
    }
}
