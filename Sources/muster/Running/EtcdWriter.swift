import MusterAgent
import Synchronization

/// A client of the demonstration's etcd: writes throughout, and looks at the end whether everything
/// is there that etcd has acknowledged.
final class EtcdWriter: Sendable {
    private let urls: [String]
    private let keys = EtcdKeys(limit: .seconds(1))
    private let state = Mutex(State())

    private struct State: Sendable {
        var acknowledged: [Int] = []
        var others = 0
    }

    /// What became of the writes.
    struct Count: Sendable {
        var acknowledged: Int
        /// Refused or not answered: they may be there or not.
        var others: Int
        /// Acknowledged and not there: there must be none.
        var missing: Int
    }

    /// - Parameter urls: the client URLs of all members, also of those that are none yet.
    init(_ urls: [String]) { self.urls = urls }

    /// Writes until its task is cancelled.
    func run() async {
        var (number, place) = (0, 0)
        while !Task.isCancelled {
            number += 1
            if await keys.put(urls[place], Self.key(number), "\(number)") {
                state.withLock { $0.acknowledged.append(number) }
            } else {
                state.withLock { $0.others += 1 }
                place = (place + 1) % urls.count
            }
            // Cancelled while it waits: the loop's condition sees it.
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Reads back what was acknowledged until now.
    ///
    /// - Returns: nil when nobody lets it.
    func count() async -> Count? {
        let state = state.withLock { $0 }
        var found: [String: String] = [:]
        // So many at a time: an answer has a limit of size.
        for start in stride(from: 0, through: state.acknowledged.last ?? 0, by: 1000) {
            guard let part = await read(from: start, upTo: start + 1000) else { return nil }
            found.merge(part) { first, _ in first }
        }
        let missing = state.acknowledged.filter { found[Self.key($0)] != "\($0)" }
        return Count(
            acknowledged: state.acknowledged.count, others: state.others, missing: missing.count)
    }

    private func read(from start: Int, upTo end: Int) async -> [String: String]? {
        for url in urls {
            let found = await keys.range(url, from: Self.key(start), upTo: Self.key(end))
            if let found { return found }
        }
        return nil
    }

    /// In the order of the numbers.
    private static func key(_ number: Int) -> String {
        let digits = "\(number)"
        return "demo/" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }
}
