internal import MusterCore
internal import MusterWire

/// Reads what an agent is answered by programs and by etcd, each by the decoder that the agent
/// uses, and says only whether it can be read: for those who try the decoders with every kind of
/// bytes.
package struct AnswerReader {
    /// Whose words they are.
    package enum Kind: CaseIterable, Hashable, Sendable {
        /// etcd's status of a member.
        case status
        /// etcd's list of members.
        case members
        /// The text of etcd's `/metrics`.
        case metrics
        /// What the program `observe` prints.
        case observation
        /// The bytes of an HTTP connection.
        case http
    }

    package init() {}

    /// What is wrong with the bytes, as a sentence part; nil when they can be read.
    package func problem(with bytes: [UInt8], _ kind: Kind) -> String? {
        switch kind {
        case .status:
            problem(bytes) { root throws(JSONReadError) in
                var object = try root.object()
                _ = try EtcdStatus(reading: &object)
            }
        case .members:
            problem(bytes) { root throws(JSONReadError) in
                var object = try root.object()
                _ = EtcdView.seats(try EtcdMember.list(&object).members, [:])
            }
        case .metrics:
            problem(ofMetrics: String(decoding: bytes, as: UTF8.self))
        case .observation:
            problem(bytes) { root throws(JSONReadError) in
                _ = try NodeObservation(reading: root)
            }
        case .http: problem(ofHTTP: bytes)
        }
    }

    private func problem(
        _ bytes: [UInt8], _ read: (JSONValue) throws(JSONReadError) -> Void
    ) -> String? {
        do throws(JSONReadError) {
            try JSONReader().read(bytes, .input, read)
            return nil
        } catch {
            return error.description
        }
    }

    private func problem(ofMetrics text: String) -> String? {
        var contacts = EtcdContacts()
        contacts.look(text, now: .seconds(1))
        contacts.look(text + "\n" + text, now: .seconds(2))
        return nil
    }

    /// Takes the bytes as they may arrive, in pieces of several sizes: all must agree.
    private func problem(ofHTTP bytes: [UInt8]) -> String? {
        let small = bytes.count < 400 ? 1 : 97
        let answers = [bytes.count, small, 1000].map { answer(bytes, inPiecesOf: max($0, 1)) }
        guard answers.allSatisfy({ $0 == answers[0] }) else {
            preconditionFailure("an answer depends on how it arrives: \(answers)")
        }
        switch answers[0] {
        case .success: return nil
        case .failure(let failure): return failure.description
        }
    }

    private func answer(
        _ bytes: [UInt8], inPiecesOf size: Int
    ) -> Result<HTTPExchange.Answer, NetConnection.Failure> {
        var reply = HTTPReply(headMax: 1024, bodyMax: 1 << 20)
        do throws(NetConnection.Failure) {
            var place = 0
            while !reply.isWhole, place < bytes.count {
                let end = min(bytes.count, place + size)
                try reply.take(Array(bytes[place..<end]))
                place = end
            }
            if !reply.isWhole { try reply.end() }
            return .success(HTTPExchange.Answer(status: reply.status, body: reply.body))
        } catch {
            return .failure(error)
        }
    }
}
