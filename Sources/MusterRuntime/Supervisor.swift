import Glibc

/// The service manager that started this process and wants to hear when it is ready: systemd's
/// `Type=notify`, which any other can speak.
///
/// Each word is one datagram to the socket named by `NOTIFY_SOCKET` (sd_notify(3)): a path, or a
/// name in the abstract namespace, which begins with `@`. Nothing depends on it: where the socket
/// does not take a word, the word is lost.
package struct Supervisor: Sendable {
    private let socket: String

    /// - Returns: nil where nobody wants to hear.
    package init?(environment: [String: String]) {
        guard let socket = environment["NOTIFY_SOCKET"],
            socket.hasPrefix("/") || socket.hasPrefix("@"),
            socket.utf8.count > 1, socket.utf8.count < Self.lengthMax
        else { return nil }
        self.socket = socket
    }

    /// What is said; several lines of it may go in one datagram.
    package enum Word: Sendable {
        /// It works; who waits for the service may go on.
        case ready
        /// It was asked to stop and does so.
        case stopping
    }

    /// Says a word.
    ///
    /// - Returns: whether the socket took it.
    @discardableResult
    package func tell(_ word: Word) -> Bool {
        switch word {
        case .ready: send("READY=1\nSTATUS=working")
        case .stopping: send("STOPPING=1\nSTATUS=stopping in order")
        }
    }

    /// Room for a socket's name.
    private static let lengthMax = MemoryLayout.size(ofValue: sockaddr_un().sun_path)

    private func send(_ text: String) -> Bool {
        let descriptor = Glibc.socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(socket.utf8)
        // The abstract namespace is a zero byte in front.
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path).map { $0 + name.count } ?? 0
        // The address and the bytes live on this stack until the call returns.
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let bytes = Array(text.utf8)
        let sent = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                sendto(
                    descriptor, bytes, bytes.count,
                    Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT),
                    address, socklen_t(length))
            }
        }
        return sent == bytes.count
    }
}
