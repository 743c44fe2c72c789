import Glibc
import MusterRuntime

/// Answers HTTP on a port of its own as the test says: one request a connection, JSON by path.
struct FakeEtcd {
    let url: String

    /// Runs the body beside it, and ends it afterwards.
    ///
    /// - Parameter answer: what is answered, by the request's path and what comes behind it.
    static func with<Result>(
        _ answer: @escaping @Sendable (_ path: String, _ rest: String) -> String,
        _ body: (FakeEtcd) async throws -> Result
    ) async throws -> Result {
        let (listener, port) = try listen()
        EngineThread.start {
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 {
                    close(listener)
                    return
                }
                serve(connection, answer)
                close(connection)
            }
        }
        // Ends `accept`, and with it the thread.
        defer { shutdown(listener, Int32(SHUT_RDWR)) }
        return try await body(FakeEtcd(url: "http://127.0.0.1:\(port)"))
    }

    private struct NoSocket: Error { let code: Int32 }

    private static func listen() throws -> (Int32, UInt16) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isOpen = withUnsafeMutablePointer(to: &address) { place in
            place.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
                bind(listener, place, length) == 0 && Glibc.listen(listener, 16) == 0
                    && getsockname(listener, place, &length) == 0
            }
        }
        guard listener >= 0, isOpen else { throw NoSocket(code: errno) }
        return (listener, UInt16(bigEndian: address.sin_port))
    }

    /// The agent sends a request at once and in one piece.
    private static func serve(_ connection: Int32, _ answer: (String, String) -> String) {
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        let count = recv(connection, &bytes, bytes.count, 0)
        let words = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).split(
            separator: " ", maxSplits: 2)
        guard words.count == 3 else { return }
        let body = answer(String(words[1]), String(words[2]))
        let head = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        let whole = Array((head + body).utf8)
        _ = send(connection, whole, whole.count, Int32(MSG_NOSIGNAL))
    }
}
