import MusterWire

/// Reads a text and answers what `body` makes of it, with a reader of its own.
func reading<Result>(
    _ text: String, _ strictness: JSONStrictness = .input,
    _ body: (JSONValue) throws(JSONReadError) -> Result
) throws(JSONReadError) -> Result {
    try JSONReader(capacity: 256).read(Array(text.utf8), strictness, body)
}

/// What is wrong with some bytes as a document; nil when nothing is.
func refusal(_ bytes: [UInt8], _ strictness: JSONStrictness = .input) -> JSONReadError? {
    do {
        try JSONReader(capacity: 256).read(bytes, strictness) { _ in }
        return nil
    } catch {
        return error
    }
}

func refusal(_ text: String, _ strictness: JSONStrictness = .input) -> JSONReadError? {
    refusal(Array(text.utf8), strictness)
}

/// What reading a value of a document throws; nil when nothing.
func refusal(
    in text: String, _ strictness: JSONStrictness = .input,
    _ body: (JSONValue) throws(JSONReadError) -> Void
) -> JSONReadError? {
    do {
        try reading(text, strictness, body)
        return nil
    } catch {
        return error
    }
}
