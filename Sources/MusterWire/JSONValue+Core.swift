package import MusterCore

// The core's small types, read from a value.

extension JSONValue {
    /// A name: of an input it must hold nothing forbidden; what stands in our own journal is taken
    /// as it is, as the rule for names never decides whether a record is accepted.
    @inline(__always)
    package func name<Text: Name>(_ type: Text.Type = Text.self) throws(JSONReadError) -> Text {
        let text = try string()
        if strictness == .exact { return Text(unchecked: text) }
        do {
            return try Text(text)
        } catch {
            throw invalid("the name \(JSONExcerpt.quoted(text)) \(error)")
        }
    }

    /// The value as one of the core's numbers.
    @inline(__always)
    package func number<Wrapped: Number>(
        _ type: Wrapped.Type = Wrapped.self
    ) throws(JSONReadError) -> Wrapped {
        Wrapped(try integer(UInt64.self))
    }

    /// Milliseconds since 1970.
    @inline(__always)
    package func timestamp() throws(JSONReadError) -> Timestamp {
        Timestamp(milliseconds: try integer(Int64.self))
    }

    /// A length of time in milliseconds.
    @inline(__always)
    package func duration() throws(JSONReadError) -> Duration {
        .milliseconds(try integer(Int64.self))
    }

    /// 32 hex digits in lower case.
    @inline(__always)
    package func identifier() throws(JSONReadError) -> Identifier {
        let text = try text()
        guard text.count == 32, let high = text.hex(at: 0), let low = text.hex(at: 16) else {
            throw notHex(digits: 32)
        }
        return Identifier(high: high, low: low)
    }

    /// 64 hex digits in lower case.
    @inline(__always)
    package func hash() throws(JSONReadError) -> Hash {
        let text = try text()
        guard text.count == 64, let first = text.hex(at: 0), let second = text.hex(at: 16),
            let third = text.hex(at: 32), let fourth = text.hex(at: 48)
        else { throw notHex(digits: 64) }
        return Hash(words: (first, second, third, fourth))
    }

    @inline(never)
    private func notHex(digits: Int) -> JSONReadError {
        wrongKind("\(digits) hex digits in lower case")
    }
}
