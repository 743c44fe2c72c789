import MusterCommandLine
import MusterTesting
import Synchronization
import Testing
import muster

/// Command lines of every kind, on the whole table of commands, up to where a command would begin:
/// refused with a sentence that moves no terminal, or understood.
@Suite(.timeLimit(.minutes(5)))
struct FuzzedLineTests {
    private static let evil: [String] = [
        "", "-", "---", "-o", "-oo", "--output", "--output=", "--output=json", "--=", "=",
        "\u{1B}[2J", "\u{202E}txt", "a\nb", "\u{0}", "é", "e\u{301}", "..", "/", "%s%n",
        "18446744073709551616", "-1", "1e9", "99999999999999999999d", "0s", "2026-13-45",
        "sqlite:", "kafka://", "kafka:///", "\u{FEFF}", String(repeating: "x", count: 5000),
        "--no-color", "-vvvv", "--X", "-X", "a=b", "=b", "$(id)", "'", "\"", "\\", "*",
    ]

    private static func words(_ program: Program) -> [String] {
        var words: [String] = []
        func take(_ command: Command) {
            words.append(command.name)
            for option in command.options { words.append("--" + option.name) }
            for inner in command.commands { take(inner) }
        }
        for section in program.sections { for command in section.commands { take(command) } }
        return words
    }

    private final class Said: Sendable {
        let text = Mutex("")
    }

    @Test(arguments: 1...10)
    func `no line of words makes the parser trap or speak unescaped`(seed: UInt64) async throws {
        let program = Table.program
        let words = Self.words(program)
        var dice = SeededGenerator(seed: seed)
        var understood = 0
        for _ in 0..<2_000 {
            var line: [String] = []
            for _ in 0..<dice.next() % 7 {
                let isEvil = dice.happens(perMille: 350)
                let pool = isEvil ? Self.evil : words
                var word = pool[Int(dice.next() % UInt64(pool.count))]
                if dice.happens(perMille: 100) { word += "=" + Self.evil[Int(dice.next() % 20)] }
                line.append(word)
            }
            // With this nothing is carried out; everything before it is parsed and checked. An
            // option that wants a value must not take it for one.
            if line.last?.hasPrefix("-") == true { line.append("x") }
            line += ["-o", "help"]
            let said = Said()
            let context = ProcessContext(
                words: line, environment: [:], outputIsTerminal: false, errorIsTerminal: false,
                width: 80, now: { 0 }, readFile: { _ throws(FileProblem) in throw .missing },
                writeOutput: { _ throws(OutputProblem) in },
                writeError: { text in said.text.withLock { $0 += text } },
                writeFile: { _, _ throws(FileProblem) in throw .notPermitted })
            let code = await program.run(context)
            let text = said.text.withLock { $0 }
            if code == .ok { understood += 1 }
            // An option may have swallowed the wish for help: then there is no log.
            let isExpected = code == .ok || code == .usage || code == .unreachable
            #expect(isExpected, "\(line): \(code)")
            #expect((code == .ok) == text.isEmpty, "\(line): \(text)")
            let moves = text.unicodeScalars.contains { scalar in
                scalar != "\n" && (scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value)
                    || 0x202A...0x202E ~= scalar.value
            }
            #expect(!moves, "\(line): \(text)")
        }
        #expect(understood > 20)
    }
}
