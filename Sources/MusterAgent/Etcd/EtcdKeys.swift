/// Keys and values of an etcd: for a client that shows what an etcd keeps.
package struct EtcdKeys: Sendable {
    private let client: EtcdClient

    /// - Parameter limit: how long one call may take.
    package init(limit: Duration) {
        client = EtcdClient(limit: limit, security: nil, credentials: nil)
    }

    /// Writes a key.
    ///
    /// - Parameter url: the member that is asked.
    /// - Returns: whether etcd acknowledged it; if not, it may have been written all the same.
    package func put(_ url: String, _ key: String, _ value: String) async -> Bool {
        do throws(EtcdClient.Problem) {
            try await client.put(url, key: key, value: value)
            return true
        } catch {
            return false
        }
    }

    /// The keys from one up to another and their values, as a majority has them.
    ///
    /// - Returns: nil where the member does not answer.
    package func range(
        _ url: String, from start: String, upTo end: String
    ) async -> [String: String]? {
        do throws(EtcdClient.Problem) {
            let pairs = try await client.range(url, from: start, upTo: end)
            return Dictionary(pairs) { first, _ in first }
        } catch {
            return nil
        }
    }
}
