import Glibc
import MusterRuntime

/// Answers HTTP on the loopback interface as a test says, one request after another.
struct ScriptedServer {
    let url: String
    private let socket: Int32

    /// - Parameter answer: the JSON for a path and the body that was sent there; from another
    ///   thread.
    init(_ answer: @escaping @Sendable (_ path: String, _ body: String) -> String) throws {
        socket = Glibc.socket(
            AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { [socket] place -> UInt16? in
                guard bind(socket, place, size) == 0, listen(socket, 16) == 0,
                    getsockname(socket, place, &size) == 0
                else { return nil }
                return 0
            }
        }
        guard port != nil else { throw Failure(code: errno) }
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        let listener = socket
        EngineThread.start {
            while true {
                let connection = accept(listener, nil, nil)
                // The socket is closed: the test is over.
                guard connection >= 0 else { return }
                Self.serve(connection, answer)
                close(connection)
            }
        }
    }

    /// Why there is none.
    struct Failure: Error { let code: Int32 }

    /// No more answers.
    func end() {
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
    }

    private static func serve(_ connection: Int32, _ answer: (String, String) -> String) {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while !isWhole(String(decoding: bytes, as: UTF8.self)) {
            let count = read(connection, &chunk, chunk.count)
            if count <= 0 { return }
            bytes += chunk[..<count]
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let words = text.prefix { $0 != "\r\n" }.split(separator: " ")
        let (head, body) = parts(text)
        guard words.count > 1, !head.isEmpty else { return }
        let json = answer(String(words[1]), body)
        let reply = "HTTP/1.1 200 OK\r\nContent-Length: \(json.utf8.count)\r\n\r\n\(json)"
        let sent = Array(reply.utf8)
        _ = write(connection, sent, sent.count)
    }

    private static func parts(_ text: String) -> (head: String, body: String) {
        guard let end = text.firstRange(of: "\r\n\r\n") else { return ("", "") }
        return (String(text[..<end.lowerBound]), String(text[end.upperBound...]))
    }

    private static func isWhole(_ text: String) -> Bool {
        let (head, body) = parts(text)
        if head.isEmpty { return false }
        let length = head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
        return body.utf8.count >= length.flatMap { Int($0.dropFirst(16)) } ?? 0
    }
}
