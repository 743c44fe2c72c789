import Glibc

/// The machine's two clocks. Only shells read them; everything below gets time as an argument.
package enum SystemClock {
    /// The wall clock: milliseconds since 1970. It may leap in either direction.
    package static func wallMilliseconds() -> Int64 {
        let time = read(CLOCK_REALTIME)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Nanoseconds since the machine was started, time asleep included. Never goes back.
    package static func bootNanoseconds() -> Int64 {
        let time = read(CLOCK_BOOTTIME)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        let result = clock_gettime(clock, &time)
        precondition(result == 0, "clock_gettime failed for clock \(clock)")
        return time
    }
}
