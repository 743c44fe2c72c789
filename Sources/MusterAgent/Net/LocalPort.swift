internal import Glibc

/// A port on 127.0.0.1, for those who are about to listen there.
package enum LocalPort {
    /// Whether somebody has it already: listens there, or connects to others from there.
    package static func isTaken(_ port: Int) -> Bool {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list = hints.ai_next
        guard getaddrinfo("127.0.0.1", "\(port)", &hints, &list) == 0 else { return false }
        // The list is the C library's, freed here.
        defer { freeaddrinfo(list) }
        guard let address = list?.pointee else { return false }
        let kind = address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue)
        let socket = Glibc.socket(address.ai_family, kind, address.ai_protocol)
        // Without a socket nothing is known, and nobody will listen either.
        guard socket >= 0 else { return false }
        defer { close(socket) }
        // As servers do: what is only waiting to be forgotten does not count.
        var isOn: Int32 = 1
        setsockopt(
            socket, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<Int32>.size))
        return Glibc.bind(socket, address.ai_addr, address.ai_addrlen) != 0
    }
}
