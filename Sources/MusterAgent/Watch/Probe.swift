package import MusterCore
internal import MusterRuntime

/// A service that is looked at from outside: whose node it is, and where it answers.
package struct Probe: Hashable, Sendable {
    package var node: NodeID
    /// `tcp://HOST:PORT`, or `http://…`, `https://…`.
    package var url: String

    private let place: HTTPPlace

    /// - Throws: what is wrong with the URL, as a sentence part.
    package init(node: NodeID, url: String) throws(LocalProblem) {
        guard let place = HTTPPlace(url) else {
            throw LocalProblem("needs tcp://HOST:PORT or an http URL, not \(url)")
        }
        self.node = node
        self.url = url
        self.place = place
    }

    /// Looks once.
    ///
    /// - Returns: why it failed; nil: it answers. An HTTP service answers with a status under 400.
    package func look(limit: Duration, security: TLSContext?) async -> String? {
        do throws(NetConnection.Failure) {
            if place.scheme == "tcp" { return await connects(limit) }
            let answer = try await HTTPExchange(
                place: place, method: "GET", limit: limit, security: security
            ).run()
            return answer.status < 400 ? nil : "it answers with the status \(answer.status)"
        } catch {
            return error.description
        }
    }

    private func connects(_ limit: Duration) async -> String? {
        await withCheckedContinuation { waiting in
            EngineThread.start { [place] in
                do throws(NetConnection.Failure) {
                    _ = try NetConnection.open(place, until: NetConnection.now + limit)
                    waiting.resume(returning: nil)
                } catch {
                    waiting.resume(returning: error.description)
                }
            }
        }
    }
}
