import MusterCommandLine
import MusterRuntime
import Testing

struct OutputTests {
    @Test func `a reader that goes away ends the command quietly`() async {
        let process = TestProcess(readerGoneAfter: 2)
        #expect(await process.run("tail -n 50") == .ok)
        #expect(process.error.isEmpty)
        #expect(process.output.split(separator: "\n").count == 3)
    }

    @Test func `a stream prints its titles once and keeps its columns`() async {
        let process = TestProcess()
        #expect(await process.run("tail") == .ok)
        #expect(process.output == "NODE    N\nn0      0\nn1      1\nn2      2\n")
    }

    @Test func `a stream is one object a line in JSON and one document each in YAML`() async {
        for form in ["json", "jsonl"] {
            let process = TestProcess()
            _ = await process.run("tail -n 2 -o " + form)
            #expect(process.output == "{\"id\":\"n0\",\"n\":0}\n{\"id\":\"n1\",\"n\":1}\n")
        }
        let process = TestProcess()
        _ = await process.run("tail -n 1 -o yaml")
        #expect(process.output == "---\nid: n0\n\"n\": 0\n")
    }

    @Test(
        arguments: [
            ([:], true, true), ([:], false, false), (["NO_COLOR": "1"], true, false),
            (["NO_COLOR": ""], true, true), (["TERM": "dumb"], true, false),
            (["CLICOLOR_FORCE": "1"], false, true), (["CLICOLOR_FORCE": "0"], false, false),
            (["CLICOLOR_FORCE": "1", "NO_COLOR": "1"], false, false),
            (["FLEET_COLOR": "always", "NO_COLOR": "1"], false, true),
            (["FLEET_COLOR": "never"], true, false),
        ] as [([String: String], Bool, Bool)])
    func `colour follows the conventions`(
        environment: [String: String], isTerminal: Bool, hasColor: Bool
    ) async {
        let process = TestProcess(environment: environment, isTerminal: isTerminal)
        #expect(await process.run("nodes") == .ok)
        #expect(process.output.contains("\u{1B}[") == hasColor)
    }

    @Test func `times are relative, or as they are asked for`() async {
        let expected = [
            "relative": "10 s ago", "iso": "2026-03-01T14:02:50.000Z", "raw": "1772373770000",
        ]
        for (form, text) in expected.sorted(by: { $0.key < $1.key }) {
            let process = TestProcess()
            _ = await process.run("nodes --time-format " + form)
            #expect(process.output.contains(" " + text + " "), "\(form): \(process.output)")
        }
    }

    @Test func `a bar is painted on a terminal and taken away`() {
        let process = TestProcess(isTerminal: true)
        let bar = ProgressBar("reading", total: 1000, process.context())
        bar.update(10)
        #expect(process.error.isEmpty)
        process.advance(1000)
        bar.update(500)
        bar.update(501)
        #expect(
            process.error
                == "\rreading [############............] 50 % 500 done, 500/s, 1 s left\u{1B}[K")
        bar.end()
        #expect(process.error.hasSuffix("\r\u{1B}[K"))
        process.advance(1000)
        let before = process.error
        bar.update(900)
        bar.end()
        #expect(process.error == before)
    }

    @Test func `elsewhere there is a line now and then`() {
        let process = TestProcess()
        let bar = ProgressBar("reading", total: nil, process.context())
        for number in 0..<100 {
            process.advance(250)
            bar.update(Int64(number))
        }
        bar.end()
        #expect(process.error.split(separator: "\n").count == 2)
        #expect(!process.error.contains("\u{1B}"))
    }

    @Test func `standard output has the data and nothing else`() async {
        let process = TestProcess()
        _ = await process.run("nodes -o json --log-level debug")
        #expect(process.output.hasPrefix("{"))
        #expect(process.output.hasSuffix("}\n"))
    }
}
