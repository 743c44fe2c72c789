package import MusterCore

/// Reads the records of others: CloudEvents in binary or structured mode, checked whole.
///
/// One per thread, kept; see `JSONReader`, which it owns.
package final class CloudEventReader {
    private let json: JSONReader

    package init() { json = JSONReader() }

    /// Reads a record and answers what `body` makes of the event and its data.
    ///
    /// The data is valid inside `body` only. Pointers of errors that `body` throws are into the
    /// record's value.
    ///
    /// - Parameters:
    ///   - keyBytes: how long the record's key is; 0 without one.
    ///   - value: nil is a tombstone.
    package func read<Result>(
        keyBytes: Int, headers: [Header], value: UnsafeRawBufferPointer?,
        _ body: (CloudEvent, JSONValue) throws(JSONReadError) -> Result
    ) throws(UnreadableInput) -> Result {
        let size = headers.reduce(keyBytes + (value?.count ?? 0)) { sum, header in
            sum + header.name.count + (header.value?.count ?? 0)
        }
        if size > CloudEvent.inputBytesMax {
            throw UnreadableInput(
                reason: .tooLarge,
                sentence: "key, headers and value have \(size) bytes together; "
                    + "\(CloudEvent.inputBytesMax) are allowed")
        }
        let attributes = try EventHeaders(headers)
        guard let value else {
            throw UnreadableInput(
                reason: .noValue, sentence: "the record has no value; an event has its data there")
        }
        let event: CloudEvent? =
            switch attributes.mode {
            case .binary: try attributes.event()
            case .structured: nil
            }
        let skipped = RegistryFrame.size(of: value)
        let document = UnsafeRawBufferPointer(rebasing: value.dropFirst(skipped))
        do {
            return try json.read(document, .input) { root throws(JSONReadError) -> Result in
                if let event { return try body(event, root) }
                let event = try CloudEvent(reading: root)
                return try body(event, try CloudEvent.structuredData(of: root))
            }
        } catch {
            throw UnreadableInput(error, skipped: skipped)
        }
    }

    /// Reads a record and answers what `body` makes of the event and its data.
    package func read<Result>(
        key: [UInt8]?, headers: [Header], value: [UInt8]?,
        _ body: (CloudEvent, JSONValue) throws(JSONReadError) -> Result
    ) throws(UnreadableInput) -> Result {
        let keyBytes = key?.count ?? 0
        guard let value else {
            return try read(keyBytes: keyBytes, headers: headers, value: nil, body)
        }
        return try value.withUnsafeBufferPointer { bytes throws(UnreadableInput) -> Result in
            try read(
                keyBytes: keyBytes, headers: headers, value: UnsafeRawBufferPointer(bytes), body)
        }
    }
}
