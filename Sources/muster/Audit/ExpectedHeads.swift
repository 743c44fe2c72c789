import MusterCommandLine
import MusterCore
import MusterManager
import MusterRuntime

/// The heads that were noted elsewhere: `--expect` and `--expect-from`.
struct ExpectedHeads {
    private var heads: [(cluster: ClusterID?, head: Head)] = []

    /// - Throws: for one that is malformed, with the file and line where it stands in one.
    init(_ call: Invocation) throws {
        let chosen: ClusterID? = try call.name(option: CommonOptions.cluster.name)
        for text in call.texts("expect") {
            guard let head = Self.head(text) else { throw Self.problem("--expect", text) }
            heads.append((head.cluster ?? chosen, head.head))
        }
        guard let path = call.text("expect-from") else { return }
        let bytes: [UInt8]
        do {
            bytes = try call.context.readFile(path)
        } catch {
            throw error.commandError(path)
        }
        for (index, line) in String(decoding: bytes, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        where !line.isEmpty {
            guard let head = Self.head(String(line)) else {
                throw Self.problem("\(path), line \(index + 1):", String(line))
            }
            heads.append((head.cluster ?? chosen, head.head))
        }
    }

    /// With a cluster each.
    ///
    /// - Parameter only: the cluster that is meant where none is named.
    func resolved(
        _ only: () async throws -> ClusterID
    ) async throws -> [JournalAudit.Expectation] {
        var result: [JournalAudit.Expectation] = []
        for (cluster, head) in heads {
            var name = cluster
            if name == nil { name = try await only() }
            guard let name else { continue }
            result.append(JournalAudit.Expectation(cluster: name, head: head))
        }
        return result
    }

    /// As it is printed, to be kept.
    static func text(_ cluster: ClusterID, _ head: Head) -> String {
        "\(cluster.text)=\(head.sequence):\(head.hash)"
    }

    /// A name may have any of these signs in it: the head is read from its end.
    static func head(_ text: String) -> (cluster: ClusterID?, head: Head)? {
        guard let colon = text.lastIndex(of: ":"),
            let hash = Hash(hex: String(text[text.index(after: colon)...]))
        else { return nil }
        let front = text[..<colon]
        let digits = front.reversed().prefix { ("0"..."9").contains($0) }.count
        guard digits > 0, let number = UInt64(front.suffix(digits)), number > 0 else { return nil }
        let head = Head(sequence: MusterCore.Sequence(number), hash: hash)
        let name = front.dropLast(digits)
        if name.isEmpty { return (nil, head) }
        // What is no name names no cluster.
        guard name.last == "=", let cluster = try? ClusterID(String(name.dropLast())) else {
            return nil
        }
        return (cluster, head)
    }

    private static func problem(_ place: EscapedText, _ text: String) -> CommandError {
        CommandError.usage(
            "\(place) \"\(String(text.prefix(120)))\" is no head",
            advice: "give SEQ:HASH or CLUSTER=SEQ:HASH, HASH in 64 hex digits, as verify prints it")
    }
}
