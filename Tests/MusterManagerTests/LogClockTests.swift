import MusterCore
import MusterManager
import Testing

/// The time of the log, as a manager that reads it knows it.
@Suite struct LogClockTests {
    private let noon = Timestamp(milliseconds: 1_000_000)

    @Test func `there is no time before a record is read, and it goes on between two`() {
        var clock = LogClock()
        #expect(clock.time(.seconds(5)) == nil)
        clock.note(noon, isLive: true, now: .seconds(5))
        #expect(clock.time(.seconds(5)) == noon)
        #expect(clock.time(.seconds(7)) == noon + .seconds(2))
    }

    @Test func `a record that lay there for long does not set the time back`() {
        var clock = LogClock()
        clock.note(noon, isLive: true, now: .seconds(5))
        clock.note(noon + .milliseconds(-60_000), isLive: false, now: .seconds(6))
        #expect(clock.time(.seconds(6)) == noon + .seconds(1))
        clock.note(noon + .seconds(3), isLive: false, now: .seconds(6))
        #expect(clock.time(.seconds(6)) == noon + .seconds(3))
    }

    @Test func `a record that comes now sets the time back, as the log's clock went back`() {
        var clock = LogClock()
        clock.note(noon, isLive: true, now: .seconds(5))
        clock.note(noon + .milliseconds(-60_000), isLive: true, now: .seconds(6))
        #expect(clock.time(.seconds(7)) == noon + .seconds(-59))
    }
}
