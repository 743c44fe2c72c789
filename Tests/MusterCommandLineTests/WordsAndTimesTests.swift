import MusterCommandLine
import Testing

struct WordsAndTimesTests {
    @Test(
        arguments: [
            ("ndoes", "nodes"), ("nodes", "nodes"), ("no", "nodes"), ("quar", "quarantine"),
            ("stauts", "status"), ("n", nil), ("", nil), ("completely", nil), ("STATUS", "status"),
        ] as [(String, String?)])
    func `the nearest word is found when one is near`(word: String, near: String?) {
        let words = ["nodes", "node-group", "quarantine", "status"]
        #expect(NearestWord.find(word, among: words) == near)
    }

    @Test(
        arguments: [
            ("0", 0), ("250ms", 250), ("90s", 90_000), ("5m", 300_000), ("1h30m", 5_400_000),
            ("2d", 172_800_000), ("1m30s500ms", 90_500), ("", nil), ("5", nil), ("5 m", nil),
            ("-5m", nil), ("1.5h", nil), ("5y", nil), ("m", nil), ("٣m", nil),
            ("99999999999999999d", nil),
            ("9999999999d", nil),
        ] as [(String, Int64?)])
    func `lengths of time are read`(text: String, milliseconds: Int64?) {
        #expect(DurationText.milliseconds(text) == milliseconds)
    }

    @Test(
        arguments: [
            (0, "0 ms"), (999, "999 ms"), (1000, "1 s"), (1250, "1.2 s"), (59_999, "59 s"),
            (370_000, "6 m 10 s"), (360_000, "6 m"), (7_200_000, "2 h"), (7_260_000, "2 h 1 m"),
            (180_000_000, "2 d 2 h"), (-1500, "-1.5 s"), (.min, "-106751991167 d 7 h"),
        ] as [(Int64, String)])
    func `lengths of time are written`(milliseconds: Int64, text: String) {
        #expect(DurationText.text(milliseconds: milliseconds) == text)
    }

    @Test(
        arguments: [
            ("now", 1000), ("1s", 0), ("1970-01-01", 0), ("1970-01-01T00:00:02Z", 2000),
            ("soon", nil),
        ] as [(String, Int64?)])
    func `moments are read`(text: String, milliseconds: Int64?) {
        #expect(TimeText.milliseconds(text, now: 1000) == milliseconds)
    }

    @Test func `cells of a terminal are counted`() {
        #expect(TerminalCells.width(of: "abc") == 3)
        #expect(TerminalCells.width(of: "集群") == 4)
        #expect(TerminalCells.width(of: "e\u{301}") == 1)
        #expect(TerminalCells.pad("集", to: 4) == "集  ")
    }
}
