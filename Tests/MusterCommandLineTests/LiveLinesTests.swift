import MusterCommandLine
import MusterRuntime
import Testing

struct LiveLinesTests {
    @Test func `lines are painted in the place of those before, and taken away at the end`() {
        let process = TestProcess(environment: ["NO_COLOR": "1"], isTerminal: true)
        let lines = LiveLines(process.context())
        lines.show([.init("g1  waits"), .init("g2  waits")])
        #expect(process.error == "\rg1  waits\u{1B}[K\ng2  waits\u{1B}[K\u{1B}[J")
        lines.show([.init("g1  done", .good)])
        #expect(process.error.hasSuffix("\r\u{1B}[1Ag1  done\u{1B}[K\u{1B}[J"))
        lines.end()
        #expect(process.error.hasSuffix("\u{1B}[J\r\u{1B}[J"))
        let said = process.error
        lines.end()
        #expect(process.error == said, "what is away is not taken away again")
    }

    @Test(arguments: [(false, [:]), (true, ["TERM": "dumb"])] as [(Bool, [String: String])])
    func `where nothing can be painted nothing is said`(
        isTerminal: Bool, environment: [String: String]
    ) {
        let process = TestProcess(environment: environment, isTerminal: isTerminal)
        let lines = LiveLines(process.context())
        lines.show([.init("g1  waits")])
        lines.end()
        #expect(!lines.isShown && process.error.isEmpty)
    }

    @Test func `a long line is cut to the terminal, and many lines to a screen`() {
        let process = TestProcess(environment: ["NO_COLOR": "1"], isTerminal: true)
        let lines = LiveLines(process.context())
        let long = EscapedText(String(repeating: "界", count: 100))
        lines.show((0..<40).map { _ in .init(long) })
        let shown = process.error.split(separator: "\n")
        #expect(shown.count == 12 && shown[11].contains("… and 29 more"))
        for line in shown.dropLast() {
            let text = String(line).replacing("\u{1B}[K", with: "").replacing("\r", with: "")
            #expect(TerminalCells.width(of: text) <= 79 && text.hasSuffix("…"), "\(text)")
        }
    }

    @Test func `colour is added where it is wanted`() {
        let process = TestProcess(environment: [:], isTerminal: true)
        LiveLines(process.context()).show([.init("g1", .warning)])
        #expect(process.error.contains("\u{1B}[33mg1\u{1B}[0m"))
    }

    @Test func `what passes by itself does not count as a change`() {
        func value(_ left: Int64, _ due: Int64) -> ResultValue {
            .object(["rows": .array([.object(["left": .duration(left), "due": .time(due)])])])
        }
        #expect(value(5, 9).lasting == value(4, 9).lasting)
        #expect(value(5, 9).lasting != value(5, 8).lasting)
    }
}
