import Glibc

/// Lets a thread wait until the log has changed, or somebody rings.
///
/// A commit of this process rings directly. A commit of another is seen through inotify: SQLite's
/// own writes to the `-wal` file come too early, before the commit can be seen (that happens in
/// shared memory, which tells nobody), so every Muster writer touches the file's times right after
/// its commit, and that event, and no other, is watched for. No reader polls while nothing happens
/// but for a look every 200 ms, which finds the commits of other programs and of writers that died
/// between commit and touch. Where there is no inotify it looks every 10 ms.
///
/// Thread: `wait` on one; `ring` on any. All descriptors are closed with the last reference.
final class ChangeWatch: Sendable {
    /// The ends of a pipe.
    private let (bell, rope): (Int32, Int32)
    private let changes: Int32

    /// Watches the directory of that file; nil watches nothing and only rings.
    init(walPath: String?) {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "no pipe could be made: error \(errno)")
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (bell, rope) = (ends[0], ends[1])
        changes = ChangeWatch.watch(walPath)
    }

    deinit {
        close(bell)
        close(rope)
        if changes >= 0 { close(changes) }
    }

    /// Ends the wait under way, or else the next one.
    func ring() {
        var byte: UInt8 = 1
        // Full means rung: nothing is lost when this fails.
        _ = write(rope, &byte, 1)
    }

    /// Waits for a change, a ring or the limit; may end for no reason.
    func wait(atMost limit: Duration) {
        let pollMax: Duration = changes >= 0 ? .milliseconds(200) : .milliseconds(10)
        wait(milliseconds: ChangeWatch.milliseconds(min(limit, pollMax)))
    }

    /// Waits for a ring alone.
    func waitForRing(atMost limit: Duration?) {
        var descriptor = pollfd(fd: bell, events: Int16(POLLIN), revents: 0)
        poll(&descriptor, 1, limit.map(ChangeWatch.milliseconds) ?? -1)
        drain(bell)
    }

    private func wait(milliseconds: Int32) {
        var descriptors = [
            pollfd(fd: bell, events: Int16(POLLIN), revents: 0),
            pollfd(fd: changes, events: Int16(POLLIN), revents: 0),
        ]
        poll(&descriptors, changes >= 0 ? 2 : 1, milliseconds)
        if descriptors[0].revents != 0 { drain(bell) }
        if changes >= 0, descriptors[1].revents != 0 { drain(changes) }
    }

    private func drain(_ descriptor: Int32) {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
            while read(descriptor, buffer.baseAddress, buffer.count) == buffer.count {}
        }
    }

    /// Tells watchers in other processes that a commit can be seen now.
    static func announce(walPath: String?) {
        // A file that is gone, or may not be touched, is found by the slow look.
        if let walPath { utimensat(AT_FDCWD, walPath, nil, 0) }
    }

    private static func milliseconds(_ limit: Duration) -> Int32 {
        let (seconds, attoseconds) = limit.components
        let sum =
            min(seconds, 1_000_000) * 1_000 + (attoseconds + 999_999_999_999_999)
            / 1_000_000_000_000_000
        return Int32(max(sum, 0))
    }

    private static func watch(_ walPath: String?) -> Int32 {
        guard let walPath, let slash = walPath.lastIndex(of: "/") else { return -1 }
        let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        if descriptor < 0 { return -1 }
        let directory = slash == walPath.startIndex ? "/" : String(walPath[..<slash])
        if inotify_add_watch(descriptor, directory, UInt32(IN_ATTRIB)) < 0 {
            close(descriptor)
            return -1
        }
        return descriptor
    }
}
