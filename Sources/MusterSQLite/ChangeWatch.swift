import Glibc
import MusterRuntime

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
    private let bell = WakePipe()
    private let changes: Int32

    /// Watches the directory of that file; nil watches nothing and only rings.
    init(walPath: String?) {
        changes = ChangeWatch.watch(walPath)
    }

    deinit { if changes >= 0 { close(changes) } }

    /// Ends the wait under way, or else the next one.
    func ring() { bell.ring() }

    /// Waits for a change, a ring or the limit; may end for no reason.
    func wait(atMost limit: Duration) {
        let pollMax: Duration = changes >= 0 ? .milliseconds(200) : .milliseconds(10)
        bell.wait(atMost: min(limit, pollMax), or: changes)
    }

    /// Waits for a ring alone.
    func waitForRing() { bell.wait(atMost: nil) }

    /// Tells watchers in other processes that a commit can be seen now.
    static func announce(walPath: String?) {
        // A file that is gone, or may not be touched, is found by the slow look.
        if let walPath { utimensat(AT_FDCWD, walPath, nil, 0) }
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
