internal import MusterCore
internal import MusterWire
internal import Synchronization

/// etcd's v3 interface as JSON over HTTP, one call at a time, each within a limit of time.
///
/// Numbers of 64 bits come and go as strings of digits, as protocol buffers have them in JSON.
package final class EtcdClient: Sendable {
    private let limit: Duration
    private let security: TLSContext?
    private let credentials: EtcdCredentials?
    private let token = Mutex<String?>(nil)

    /// How a call fails.
    package enum Problem: Error, Hashable {
        /// Nobody listens there: nothing was sent.
        case unreachable(String)
        /// etcd answers that it did not do it, with its code and words.
        case refused(code: Int, String)
        /// The answer is none of etcd's, or there is none: whether it had an effect nobody knows.
        case garbled(String)
    }

    /// - Parameter limit: how long a call may take in all.
    init(limit: Duration, security: TLSContext?, credentials: EtcdCredentials?) {
        self.limit = limit
        self.security = security
        self.credentials = credentials
    }

    /// Calls a method of the interface and reads its answer.
    ///
    /// - Parameters:
    ///   - path: for instance `cluster/member/list`.
    ///   - write: writes the members of the request.
    func call<Answer>(
        _ url: String, _ path: String, write: (inout JSONWriter) -> Void = { _ in },
        read: (inout JSONObject) throws(JSONReadError) -> Answer
    ) async throws(Problem) -> Answer {
        var writer = JSONWriter()
        writer.object(write)
        var bytes: [UInt8]
        do throws(Problem) {
            bytes = try await post(url + "/v3/" + path, writer.bytes, token.withLock { $0 })
        } catch {
            guard let credentials, case .refused(let code, _) = error,
                code == Self.unauthenticated || code == Self.invalidArgument
            else { throw error }
            // A token ends with time, and with a restart of the member.
            try await authenticate(url, credentials)
            bytes = try await post(url + "/v3/" + path, writer.bytes, token.withLock { $0 })
        }
        return try Self.parse(bytes, read)
    }

    private static let invalidArgument = 3
    private static let unauthenticated = 16

    private func authenticate(
        _ url: String, _ credentials: EtcdCredentials
    ) async throws(Problem) {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("name", credentials.name)
            writer.member("password", credentials.password)
        }
        let bytes = try await post(url + "/v3/auth/authenticate", writer.bytes, nil)
        let new = try Self.parse(bytes) { object throws(JSONReadError) in
            try object.required("token").string()
        }
        token.withLock { $0 = new }
    }

    /// The text that lies at a path, for instance `/metrics`.
    func text(_ url: String, _ path: String) async throws(Problem) -> String {
        let answer = try await send(url + path, "GET", [], [])
        guard answer.status == 200 else {
            throw .garbled("\(url)\(path) answers \(answer.status)")
        }
        return String(decoding: answer.body, as: UTF8.self)
    }

    private func post(
        _ url: String, _ body: [UInt8], _ token: String?
    ) async throws(Problem) -> [UInt8] {
        var headers = [("Content-Type", "application/json")]
        if let token { headers.append(("Authorization", token)) }
        let answer = try await send(url, "POST", headers, body)
        if answer.status == 200 { return answer.body }
        // An error is {"error", "code", "message"}; whatever else stands there did not come from
        // etcd, and may have come from something in between.
        let problem = try? JSONReader().read(answer.body, .input) {
            root throws(JSONReadError) -> (Int, String) in
            var object = try root.object()
            let code: Int = try object.required("code").integer()
            return (code, try object.member("message")?.string() ?? "")
        }
        guard let problem else {
            throw .garbled("\(url) answers \(answer.status) without a reason")
        }
        throw .refused(code: problem.0, problem.1)
    }

    private func send(
        _ url: String, _ method: String, _ headers: [(String, String)], _ body: [UInt8]
    ) async throws(Problem) -> HTTPExchange.Answer {
        guard let place = HTTPPlace(url) else { throw .unreachable("\(url) is no URL") }
        let exchange = HTTPExchange(
            place: place, method: method, headers: headers, body: body, limit: limit,
            security: security)
        do throws(NetConnection.Failure) {
            return try await exchange.run()
        } catch {
            throw error.wasRefused
                ? .unreachable("\(url): \(error)") : .garbled("\(url): \(error)")
        }
    }

    private static func parse<Answer>(
        _ bytes: [UInt8], _ read: (inout JSONObject) throws(JSONReadError) -> Answer
    ) throws(Problem) -> Answer {
        do throws(JSONReadError) {
            return try JSONReader().read(bytes, .input) { root throws(JSONReadError) -> Answer in
                var object = try root.object()
                return try read(&object)
            }
        } catch {
            throw .garbled("etcd's answer cannot be read: \(error)")
        }
    }
}

extension EtcdClient.Problem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreachable(let reason), .garbled(let reason): reason
        case .refused(_, let words): words
        }
    }
}

/// Who the agent is to an etcd that asks.
package struct EtcdCredentials: Hashable, Sendable {
    package var name: String
    package var password: String

    package init(name: String, password: String) {
        self.name = name
        self.password = password
    }
}
