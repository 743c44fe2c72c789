internal import MusterCore

/// What the headers of a record say about its event.
struct EventHeaders {
    let mode: CloudEvent.Mode
    /// The values of the attributes that Muster knows, by the place of the attribute.
    private var values: [String?]

    private static let contentTypeName = Array(CloudEvent.contentTypeHeader.utf8)
    private static let attributePrefix = Array("ce_".utf8)

    /// Checks all headers of CloudEvents; those of others are left alone.
    init(_ headers: [Header]) throws(UnreadableInput) {
        var contentType: String?
        var strangers: [Header] = []
        values = Array(repeating: nil, count: CloudEvent.headerNames.count)
        for header in headers {
            if header.name == Self.contentTypeName {
                guard contentType == nil else { throw Self.repeated(header) }
                contentType = try Self.text(of: header)
            } else if header.name.starts(with: Self.attributePrefix) {
                let text = try Self.text(of: header)
                if let place = CloudEvent.headerNames.firstIndex(of: header.name) {
                    guard values[place] == nil else { throw Self.repeated(header) }
                    values[place] = text
                } else {
                    strangers.append(header)
                }
            }
        }
        if strangers.count > 1 {
            var seen: Set<[UInt8]> = []
            for header in strangers where !seen.insert(header.name).inserted {
                throw Self.repeated(header)
            }
        }
        mode = try Self.mode(contentType)
    }

    /// The event of a record in binary mode.
    func event() throws(UnreadableInput) -> CloudEvent {
        try CloudEvent(mode: .binary) { attribute throws(UnreadableInput) -> String? in
            values[attribute.rawValue]
        } refuse: { attribute, trouble in
            UnreadableInput(
                reason: .attribute, sentence: "the header \(attribute.headerName) \(trouble)")
        }
    }

    private static func text(of header: Header) throws(UnreadableInput) -> String {
        guard let value = header.value else { throw refusal(header, "has no value") }
        guard let text = String(validating: value, as: UTF8.self) else {
            throw refusal(header, "is not valid UTF-8")
        }
        return text
    }

    private static func repeated(_ header: Header) -> UnreadableInput {
        refusal(header, "comes more than once")
    }

    private static func mode(_ contentType: String?) throws(UnreadableInput) -> CloudEvent.Mode {
        let wanted =
            "\(CloudEvent.dataContentType) (with ce_ headers) or \(CloudEvent.structuredContentType)"
        guard let contentType else {
            throw UnreadableInput(
                reason: .contentType,
                sentence:
                    "the header \(CloudEvent.contentTypeHeader) is missing; set it to \(wanted)")
        }
        switch MediaType(contentType) {
        case .json: return .binary
        case .cloudEvent: return .structured
        case .batch:
            throw UnreadableInput(
                reason: .contentType,
                sentence: "batches of events are not read; publish each event as a record")
        case .other:
            throw UnreadableInput(
                reason: .contentType,
                sentence:
                    "the content type must be \(wanted), without parameters but charset=utf-8; "
                    + "found \(JSONExcerpt.quoted(contentType))")
        }
    }

    private static func refusal(_ header: Header, _ trouble: String) -> UnreadableInput {
        let name = JSONExcerpt.escaped(
            String(decoding: header.name, as: UTF8.self), charactersMax: 60)
        return UnreadableInput(reason: .header, sentence: "the header \(name) \(trouble)")
    }
}

/// The content types that matter to Muster.
enum MediaType: Hashable {
    /// Bare JSON.
    case json
    /// One CloudEvent in structured form.
    case cloudEvent
    /// Several CloudEvents in one value.
    case batch
    /// Anything else, and any parameter but `charset=utf-8`.
    case other

    /// Upper and lower case count the same, as RFC 9110 has it.
    init(_ text: String) {
        if NameOrder.areEqual(text, CloudEvent.dataContentType) {
            self = .json
            return
        }
        let parts = text.utf8.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
            .map { Self.folded($0) }
        let isPlain = parts.dropFirst().allSatisfy { $0 == "charset=utf-8" } && parts.count <= 2
        switch parts[0] {
        case "application/cloudevents-batch+json": self = .batch
        case "application/json" where isPlain: self = .json
        case "application/cloudevents+json" where isPlain: self = .cloudEvent
        default: self = .other
        }
    }

    /// A part without the white space around it, in lower case.
    private static func folded(_ part: Substring.UTF8View) -> String {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        let start = part.firstIndex { !isSpace($0) } ?? part.endIndex
        let end = part.lastIndex { !isSpace($0) }.map { part.index(after: $0) } ?? part.endIndex
        let bytes = part[start..<end].map { byte in
            UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte + 0x20 : byte
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
