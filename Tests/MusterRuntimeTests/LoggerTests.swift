import MusterRuntime
import Synchronization
import Testing

struct LoggerTests {
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func logger(_ format: Logger.Format, level: LogLevel = .debug) -> Logger {
            let sink = LogSink { line in self.lines.withLock { $0.append(line) } }
            return Logger(level: level, format: format, sink: sink, now: { 1_772_373_780_250 })
        }
    }

    @Test func `a text line has time, level, message and values in order`() {
        let lines = Lines()
        lines.logger(.text).with(["manager": "m1"]).info(
            "folded", ["seq": 12, "late": false, "reason": "two words"])
        #expect(
            lines.all == [
                "2026-03-01T14:03:00.250Z info    folded manager=m1 seq=12 late=false "
                    + #"reason="two words""#
            ])
    }

    @Test func `no value forges a line or a value`() {
        let lines = Lines()
        let forged = "n1\n2026-03-01T14:03:00.250Z error  gone\u{1B}[2J"
        lines.logger(.text).warning("heard", ["node": .text(forged), "quote": "a\" b=\"c"])
        #expect(lines.all.count == 1)
        #expect(lines.all[0].contains("\n") == false)
        #expect(lines.all[0].contains("\u{1B}") == false)
        #expect(lines.all[0].hasSuffix(#"quote="a\" b=\"c""#))
    }

    @Test func `a JSON line keeps large numbers and repeated keys`() {
        let lines = Lines()
        lines.logger(.json).error(
            "a\nb", ["offset": .number(1 << 60), "seq": 7, "time": "x", "ok": true])
        #expect(
            lines.all == [
                #"{"time":"2026-03-01T14:03:00.250Z","level":"error","message":"a\nb","#
                    + #""offset":"1152921504606846976","seq":7,"time_":"x","ok":true}"#
            ])
    }

    @Test func `a level that is not wanted makes no message`() {
        let lines = Lines()
        let logger = lines.logger(.text, level: .notice)
        var made = 0
        func message() -> String {
            made += 1
            return "x"
        }
        logger.debug(message())
        logger.info(message())
        logger.notice(message())
        #expect(made == 1)
        #expect(lines.all.count == 1)
    }
}
