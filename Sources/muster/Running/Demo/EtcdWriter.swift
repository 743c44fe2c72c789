import MusterAgent
import Synchronization

/// A client that writes to whoever answers while the story goes on, and remembers every write that
/// was acknowledged.
final class EtcdWriter: Sendable {
    private let clients: @Sendable () -> [String]
    private let client = EtcdClient(limit: .seconds(1))
    private let state = Mutex(State())

    private static let prefix = "written/"
    /// The first key behind all that begin so.
    private static let end = "written0"

    private struct State {
        var acknowledged: [String: String] = [:]
        var last: ContinuousClock.Instant?
        var longest: Duration = .zero
    }

    /// - Parameter clients: where the servers are that may be asked, whenever it writes.
    init(_ clients: @escaping @Sendable () -> [String]) { self.clients = clients }

    /// How many writes were acknowledged.
    var count: Int { state.withLock { $0.acknowledged.count } }

    /// The longest time between two acknowledged writes.
    var longestGap: Duration { state.withLock { $0.longest } }

    /// Writes until the task is cancelled.
    func run() async {
        var (number, place) = (0, 0)
        while !Task.isCancelled {
            number += 1
            let (key, urls) = (Self.prefix + String(number), clients())
            if !urls.isEmpty {
                do throws(EtcdClient.Problem) {
                    try await client.put(
                        urls[place % urls.count], key: key, value: "value \(number)")
                    acknowledged(key, "value \(number)")
                } catch {
                    // It may have been written or not: another server is asked for the next one.
                    place += 1
                }
            }
            // A cancelled wait ends with the loop.
            try? await Task.sleep(for: .milliseconds(30))
        }
    }

    private func acknowledged(_ key: String, _ value: String) {
        let now = ContinuousClock.now
        state.withLock { state in
            state.acknowledged[key] = value
            if let last = state.last { state.longest = max(state.longest, now - last) }
            state.last = now
        }
    }

    /// The acknowledged writes that are not there, or are not what was written: there must be none.
    ///
    /// - Returns: how many were looked for, and the keys that are missing.
    /// - Throws: when no server answers.
    func check() async throws -> (count: Int, missing: [String]) {
        // Those that come while it is read are looked for the next time.
        let acknowledged = state.withLock { $0.acknowledged }
        let patient = EtcdClient(limit: .seconds(10))
        var last = EtcdClient.Problem.unreachable("there is no etcd")
        for url in clients() {
            do throws(EtcdClient.Problem) {
                let pairs = try await patient.range(url, from: Self.prefix, upTo: Self.end)
                let found = Dictionary(pairs) { first, _ in first }
                let missing = acknowledged.filter { found[$0.key] != $0.value }.keys.sorted()
                return (acknowledged.count, missing)
            } catch {
                last = error
            }
        }
        throw last
    }
}
