import Glibc

/// A pipe on which one thread sleeps until another rings, or a C library writes to it.
///
/// Thread: `wait` on one; `ring` on any. Owner of the descriptors: this object, which closes them
/// with its last reference.
package final class WakePipe: Sendable {
    private let bell: Int32
    /// Written to by whoever rings: for libraries that ring by a descriptor.
    package let rope: Int32

    package init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "no pipe could be made: error \(errno)")
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (bell, rope) = (ends[0], ends[1])
    }

    deinit {
        close(bell)
        close(rope)
    }

    /// Ends the wait under way, or else the next one.
    package func ring() {
        var byte: UInt8 = 1
        // Full means rung: nothing is lost when this fails.
        _ = write(rope, &byte, 1)
    }

    /// Waits for a ring or the limit; may end for no reason.
    ///
    /// - Parameters:
    ///   - limit: nil waits for ever.
    ///   - other: a descriptor that ends the wait too when it can be read, and is read empty; none
    ///     when negative.
    package func wait(atMost limit: Duration?, or other: Int32 = -1) {
        var descriptors = [
            pollfd(fd: bell, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&descriptors, 2, limit.map(Self.milliseconds) ?? -1)
        for descriptor in descriptors where descriptor.revents != 0 { Self.drain(descriptor.fd) }
    }

    private static func drain(_ descriptor: Int32) {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
            while read(descriptor, buffer.baseAddress, buffer.count) == buffer.count {}
        }
    }

    /// Rounded up, so that nobody wakes before the time.
    private static func milliseconds(_ limit: Duration) -> Int32 {
        let (seconds, attoseconds) = limit.components
        let sum =
            min(seconds, 1_000_000) * 1_000 + (attoseconds + 999_999_999_999_999)
            / 1_000_000_000_000_000
        return Int32(max(sum, 0))
    }
}
