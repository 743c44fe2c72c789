internal import Glibc
internal import MusterRuntime

/// A connection to one service, with a moment by which everything must be over. Blocks its thread;
/// closed with its last reference.
final class NetConnection {
    private let socket: Int32
    private var limit: Duration
    private var tls: TLSSession?

    /// Why a connection fails, as a sentence part.
    struct Failure: Error, Hashable, CustomStringConvertible {
        let description: String
        /// Whether nobody listens there.
        let wasRefused: Bool

        init(_ description: String, wasRefused: Bool = false) {
            self.description = description
            self.wasRefused = wasRefused
        }

        static func last(_ code: Int32 = errno) -> Failure {
            Failure(String(cString: strerror(code)), wasRefused: code == ECONNREFUSED)
        }

        static let late = Failure("it does not answer in time")
    }

    private init(_ socket: Int32, _ limit: Duration) {
        self.socket = socket
        self.limit = limit
    }

    deinit {
        tls = nil
        close(socket)
    }

    static var now: Duration { .nanoseconds(SystemClock.bootNanoseconds()) }

    /// Connects to the first of its addresses that answers.
    ///
    /// - Parameter limit: the moment by which everything must be over.
    static func open(
        _ place: HTTPPlace, until limit: Duration, secured by: TLSContext? = nil
    ) throws(Failure) -> NetConnection {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list = hints.ai_next
        let code = getaddrinfo(place.host, place.port, &hints, &list)
        guard code == 0 else { throw Failure(String(cString: gai_strerror(code))) }
        // The list is the C library's, freed here.
        defer { freeaddrinfo(list) }
        var last: Failure?
        var next = list
        while let address = next?.pointee {
            next = address.ai_next
            do throws(Failure) {
                // One that does not answer leaves half of the time to those behind it.
                let share = next == nil ? limit : Self.now + max(.zero, limit - Self.now) / 2
                let connection = try connect(address, share)
                connection.limit = limit
                if let by { connection.tls = try secure(connection, place, by) }
                return connection
            } catch {
                // An address where somebody may be says more than one where nobody listens.
                if last?.wasRefused ?? true { last = error }
            }
        }
        throw last ?? Failure("it has no address")
    }

    private static func connect(
        _ address: addrinfo, _ limit: Duration
    ) throws(Failure) -> NetConnection {
        let kind = address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let socket = Glibc.socket(address.ai_family, kind, address.ai_protocol)
        guard socket >= 0 else { throw .last() }
        let connection = NetConnection(socket, limit)
        if Glibc.connect(socket, address.ai_addr, address.ai_addrlen) == 0 { return connection }
        guard errno == EINPROGRESS else { throw .last() }
        try connection.wait(POLLOUT)
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &length)
        guard code == 0 else { throw .last(code) }
        return connection
    }

    private static func secure(
        _ connection: NetConnection, _ place: HTTPPlace, _ context: TLSContext
    ) throws(Failure) -> TLSSession {
        let session = try TLSSession(context, connection.socket, host: place.host)
        while let wish = try session.shakeHands() { try connection.wait(wish) }
        return session
    }

    /// Waits until the socket is ready.
    private func wait(_ events: Int32) throws(Failure) {
        while true {
            let left = limit - Self.now
            if left <= .zero { throw .late }
            var ends = [pollfd(fd: socket, events: Int16(events), revents: 0)]
            let (seconds, attoseconds) = min(left, .seconds(3600)).components
            let count = poll(
                &ends, 1, Int32(seconds * 1000 + attoseconds / 1_000_000_000_000_000) + 1)
            if count > 0 { return }
            if count < 0, errno != EINTR { throw .last() }
        }
    }

    func write(_ bytes: [UInt8]) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let chunk = Array(rest.prefix(16 * 1024))
            if let tls {
                switch try tls.write(chunk) {
                case .done(let count): rest = rest.dropFirst(count)
                case .waits(let wish): try wait(wish)
                case .over: throw Failure("it closed the connection")
                }
                continue
            }
            let count = send(socket, chunk, chunk.count, Int32(MSG_NOSIGNAL))
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                try wait(POLLOUT)
            } else if errno != EINTR {
                throw .last()
            }
        }
    }

    /// What has arrived; empty at the end.
    func read() throws(Failure) -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 32 * 1024)
        while true {
            if let tls {
                switch try tls.read(&chunk) {
                case .done(let count): return Array(chunk[..<count])
                case .waits(let wish): try wait(wish)
                case .over: return []
                }
                continue
            }
            let count = recv(socket, &chunk, chunk.count, 0)
            if count >= 0 { return Array(chunk[..<count]) }
            if errno == EAGAIN {
                try wait(POLLIN)
            } else if errno != EINTR {
                throw .last()
            }
        }
    }
}
