internal import MusterRuntime

/// One request and its answer by HTTP/1.1, on a connection of its own, within a limit of time and
/// size.
///
/// (Foundation's `URLSession` on Linux ends the whole process when a server closes the connection
/// before it has answered; an agent must live through that.)
struct HTTPExchange: Sendable {
    var place: HTTPPlace
    var method: String
    var headers: [(String, String)] = []
    var body: [UInt8] = []
    var limit: Duration
    var security: TLSContext?

    private static let headMax = 64 * 1024
    private static let bodyMax = 16 << 20

    /// What came back.
    struct Answer: Hashable, Sendable {
        var status: Int
        var body: [UInt8]
    }

    /// Runs it on a thread of its own.
    ///
    /// - Throws: why there is no whole answer.
    func run() async throws(NetConnection.Failure) -> Answer {
        let result: Result<Answer, NetConnection.Failure> = await withCheckedContinuation {
            waiting in
            EngineThread.start {
                do throws(NetConnection.Failure) {
                    waiting.resume(returning: .success(try exchange()))
                } catch {
                    waiting.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    private func exchange() throws(NetConnection.Failure) -> Answer {
        if place.isSecure, security == nil {
            throw NetConnection.Failure("it is asked by https, and nobody said whom to trust")
        }
        let connection = try NetConnection.open(
            place, until: NetConnection.now + limit, secured: place.isSecure ? security : nil)
        var head = "\(method) \(place.path.isEmpty ? "/" : place.path) HTTP/1.1\r\n"
        head += "Host: \(place.authority)\r\nConnection: close\r\nAccept: */*\r\n"
        if method != "GET" { head += "Content-Length: \(body.count)\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        try connection.write(Array((head + "\r\n").utf8) + body)
        var reply = HTTPReply(headMax: Self.headMax, bodyMax: Self.bodyMax)
        while !reply.isWhole {
            let bytes = try connection.read()
            if bytes.isEmpty {
                try reply.end()
                break
            }
            try reply.take(bytes)
        }
        return Answer(status: reply.status, body: reply.body)
    }
}

/// The bytes of an answer, as they arrive.
struct HTTPReply {
    let headMax: Int
    let bodyMax: Int
    private(set) var status = 0
    private(set) var body: [UInt8] = []
    private(set) var isWhole = false
    private var buffer: [UInt8] = []
    private var length = Length.unknown

    private enum Length {
        case unknown
        /// So many bytes are to come.
        case counted(Int)
        case chunked
        /// Until the connection ends.
        case rest
    }

    private typealias Failure = NetConnection.Failure

    init(headMax: Int, bodyMax: Int) {
        self.headMax = headMax
        self.bodyMax = bodyMax
    }

    mutating func take(_ bytes: [UInt8]) throws(NetConnection.Failure) {
        buffer += bytes
        while true {
            if case .unknown = length {
                guard let end = Self.headEnd(buffer) else {
                    if buffer.count >= headMax + 4 { throw Self.endless }
                    return
                }
                if end > headMax { throw Self.endless }
                try readHead(buffer[..<end])
                buffer.removeFirst(end + 4)
                // "100 Continue" and its like come before the answer.
                if status < 200 { length = .unknown } else { break }
            } else {
                break
            }
        }
        try takeBody()
        if body.count + buffer.count > bodyMax { throw Failure("its answer is too large") }
    }

    /// The connection has ended.
    mutating func end() throws(NetConnection.Failure) {
        guard case .rest = length else {
            throw Failure(
                buffer.isEmpty && status == 0
                    ? "it closed the connection without an answer" : "its answer is cut off")
        }
        isWhole = true
    }

    private static let endless = Failure("its answer has no end of headers")

    private static func headEnd(_ bytes: [UInt8]) -> Int? {
        bytes.firstRange(of: [13, 10, 13, 10])?.lowerBound
    }

    private mutating func readHead(_ bytes: ArraySlice<UInt8>) throws(NetConnection.Failure) {
        let text = String(decoding: bytes, as: UTF8.self)
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)[...]
        let words = (lines.popFirst() ?? "").split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let code = Int(words[1]),
            (100..<600).contains(code)
        else { throw Failure("it does not speak HTTP") }
        status = code
        length = .rest
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            switch line[..<colon].lowercased() {
            case "transfer-encoding" where value.lowercased().hasSuffix("chunked"):
                length = .chunked
            case "content-length":
                if case .chunked = length { continue }
                guard let count = Int(value), count >= 0, count <= bodyMax else {
                    throw Failure("its answer is too large, or says no length")
                }
                length = .counted(count)
            default: break
            }
        }
        if code == 204 || code == 304 { length = .counted(0) }
    }

    private mutating func takeBody() throws(NetConnection.Failure) {
        switch length {
        case .unknown: break
        case .rest:
            body += buffer
            buffer = []
        case .counted(let count):
            let part = buffer.prefix(count)
            body += part
            buffer.removeFirst(part.count)
            length = .counted(count - part.count)
            isWhole = part.count == count
        case .chunked: try takeChunks()
        }
    }

    private static let chunkLineMax = 4096

    private mutating func takeChunks() throws(NetConnection.Failure) {
        // A line that says how long a chunk is is short; without this, one without an end would be
        // searched again from its start with every piece that arrives.
        while let line = buffer.prefix(Self.chunkLineMax).firstRange(of: [13, 10]) {
            let size = String(decoding: buffer[..<line.lowerBound], as: UTF8.self).prefix {
                $0 != ";"
            }
            guard let count = Int(size, radix: 16), count >= 0, count <= bodyMax else {
                throw Failure("its answer is no row of chunks")
            }
            if count == 0 {
                isWhole = true
                return
            }
            let end = line.upperBound + count
            guard buffer.count >= end + 2 else { return }
            body += buffer[line.upperBound..<end]
            buffer.removeFirst(end + 2)
        }
        if buffer.count >= Self.chunkLineMax { throw Failure("its answer is no row of chunks") }
    }
}
