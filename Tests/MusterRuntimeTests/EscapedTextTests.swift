import MusterRuntime
import Testing

struct EscapedTextTests {
    @Test(arguments: [
        ("plain näme 集群", "plain näme 集群"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\u{1B}[31mred", "\\u{1b}[31mred"),
        ("\u{7F}\u{85}\u{9B}", "\\u{7f}\\u{85}\\u{9b}"),
        ("n1\u{202E}1n", "n1\\u{202e}1n"),
        ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
        ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"),
        ("\u{200B}\u{FEFF}\u{3164}", "\\u{200b}\\u{feff}\\u{3164}"),
        ("\u{E0041}", "\\u{e0041}"),
        ("\\u{202e}", "\\\\u{202e}"),
    ])
    func `what a terminal could obey or hide is spelled out`(text: String, shown: String) {
        #expect(EscapedText(text).text == shown)
    }

    @Test func `literals stay and interpolated values are escaped`() {
        let name = "n1\u{1B}[2J"
        let sentence: EscapedText = "node \(name) has \(3) stores\n"
        #expect(sentence.text == "node n1\\u{1b}[2J has 3 stores\n")
        let outer: EscapedText = "refused: \(sentence)"
        #expect(outer.text == "refused: node n1\\u{1b}[2J has 3 stores\n")
    }

    @Test func `two different texts never look the same`() {
        #expect(EscapedText("\u{202E}") != EscapedText("\\u{202e}"))
    }

    @Test func `JSON keeps the content and shows no control`() {
        #expect(
            JSONText.quoted("a\"\\\n\u{1B}\u{202E}é\u{E0041}")
                == #""a\"\\\n\u001b\u202eé\udb40\udc41""#)
    }
}
