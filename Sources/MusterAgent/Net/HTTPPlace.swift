/// Where a service answers, by its URL: `http://HOST:PORT`, `https://HOST`, `tcp://HOST:PORT`.
struct HTTPPlace: Hashable, Sendable {
    let scheme: String
    let host: String
    let port: String
    /// What stands behind host and port; empty or beginning with a slash.
    let path: String

    var isSecure: Bool { scheme == "https" }

    /// nil: no such URL. Names and passwords in it are refused: they would be seen in logs.
    init?(_ url: String) {
        guard let mark = url.firstRange(of: "://") else { return nil }
        scheme = String(url[..<mark.lowerBound])
        guard ["http", "https", "tcp"].contains(scheme) else { return nil }
        let rest = url[mark.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        path = String(rest[slash...])
        var authority = rest[..<slash]
        let isPlain = url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard isPlain, !authority.isEmpty, !authority.contains("@") else { return nil }
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            host = String(authority[authority.index(after: authority.startIndex)..<end])
            authority = authority[authority.index(after: end)...]
        } else {
            let colon = authority.firstIndex(of: ":") ?? authority.endIndex
            host = String(authority[..<colon])
            authority = authority[colon...]
        }
        if authority.isEmpty, scheme != "tcp" {
            port = scheme == "https" ? "443" : "80"
        } else {
            guard authority.first == ":", let number = UInt16(authority.dropFirst()), number > 0
            else { return nil }
            port = "\(number)"
        }
        if host.isEmpty { return nil }
    }

    /// As the `Host` header has it.
    var authority: String { (host.contains(":") ? "[\(host)]" : host) + ":" + port }
}
