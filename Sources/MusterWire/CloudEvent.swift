package import MusterCore

/// The attributes of a CloudEvent 1.0, without its data, which is always JSON.
///
/// Source: the CloudEvents specification 1.0.2, its Kafka protocol binding and its JSON format.
package struct CloudEvent: Hashable, Sendable {
    /// Unique among the events of one source.
    package var id: String
    /// Who says it, a URI reference.
    package var source: String
    /// What kind of event it is.
    package var type: String
    /// When the publisher says that it happened (RFC 3339), as it came; nothing is decided by it.
    package var time: String?
    package var subject: String?
    /// What belongs together: the correlation of everything that one request or fact leads to.
    package var correlation: String?
    /// The id of the event that this one follows from.
    package var causation: String?
    /// W3C trace context, passed through.
    package var traceParent: String?
    package var traceState: String?
    /// How it came.
    package var mode: Mode

    /// How an event lies in a record.
    package enum Mode: Hashable, Sendable {
        /// Attributes in headers, data as the value.
        case binary
        /// Everything in the value.
        case structured
    }

    /// The most bytes that key, headers and value of an input may have together.
    package static let inputBytesMax = 65_536
    package static let specVersion = "1.0"
    package static let dataContentType = "application/json"
    static let structuredContentType = "application/cloudevents+json"
    static let contentTypeHeader = "content-type"

    package init(
        id: String, source: String, type: String, time: String? = nil, subject: String? = nil,
        correlation: String? = nil, causation: String? = nil, traceParent: String? = nil,
        traceState: String? = nil, mode: Mode = .binary
    ) {
        self.id = id
        self.source = source
        self.type = type
        self.time = time
        self.subject = subject
        self.correlation = correlation
        self.causation = causation
        self.traceParent = traceParent
        self.traceState = traceState
        self.mode = mode
    }
}

extension CloudEvent {
    /// The names of the attributes' headers, by the place of the attribute.
    static let headerNames = Attribute.allCases.map { Array($0.headerName.utf8) }
    private static let specVersionHeader = Header(
        name: headerNames[Attribute.specVersion.rawValue], value: Array(specVersion.utf8))
    private static let contentTypeOfData = Header(
        name: Array(contentTypeHeader.utf8), value: Array(dataContentType.utf8))

    /// The headers of the event in binary mode, in a fixed order; the data is the record's value.
    package var headers: [Header] {
        var headers: [Header] = []
        headers.reserveCapacity(11)
        headers.append(Self.specVersionHeader)
        for attribute in Attribute.allCases where attribute != .specVersion {
            guard let value = self[attribute] else { continue }
            headers.append(
                Header(name: Self.headerNames[attribute.rawValue], value: Array(value.utf8)))
        }
        headers.append(Self.contentTypeOfData)
        return headers
    }

    /// The event in structured form, as the journal keeps its inputs in `cause.event`.
    ///
    /// - Parameter value: the value of the record that this event was read from. Of a structured
    ///   event it is the whole value; of a binary one an object of the attributes that are there
    ///   and `data`. The bytes stay as they came but for a registry's frame and white space between
    ///   tokens.
    package func structuredForm(value: UnsafeRawBufferPointer) -> [UInt8] {
        let json = UnsafeRawBufferPointer(rebasing: value.dropFirst(RegistryFrame.size(of: value)))
        let minified = JSONReader.minified(json)
        switch mode {
        case .structured:
            return minified
        case .binary:
            var writer = JSONWriter(capacity: minified.count + 512)
            writer.object { writer in
                for attribute in Attribute.allCases {
                    writer.member(attribute.name, self[attribute])
                }
                writer.name("data")
                writer.raw(minified)
            }
            return writer.bytes
        }
    }

    /// The same, of bytes that are owned.
    package func structuredForm(value: [UInt8]) -> [UInt8] {
        value.withUnsafeBytes { structuredForm(value: $0) }
    }
}

extension CloudEvent {
    /// The attributes that Muster knows, in the order in which it writes them.
    enum Attribute: Int, CaseIterable {
        case specVersion, id, source, type, time, subject
        case correlation, causation, traceParent, traceState

        var name: StaticString {
            switch self {
            case .specVersion: "specversion"
            case .id: "id"
            case .source: "source"
            case .type: "type"
            case .time: "time"
            case .subject: "subject"
            case .correlation: "correlationid"
            case .causation: "causationid"
            case .traceParent: "traceparent"
            case .traceState: "tracestate"
            }
        }

        var headerName: String { "ce_\(name)" }

        var isRequired: Bool {
            switch self {
            case .specVersion, .id, .source, .type: true
            case .time, .subject, .correlation, .causation, .traceParent, .traceState: false
            }
        }
    }

    /// The text of an attribute; nil when the event has none.
    subscript(attribute: Attribute) -> String? {
        switch attribute {
        case .specVersion: Self.specVersion
        case .id: id
        case .source: source
        case .type: type
        case .time: time
        case .subject: subject
        case .correlation: correlation
        case .causation: causation
        case .traceParent: traceParent
        case .traceState: traceState
        }
    }

    /// The event of the attributes that `text` answers, each checked; nil stands for a missing one.
    ///
    /// - Parameter refuse: makes an error of what is wrong with an attribute.
    init<Failure>(
        mode: Mode,
        text: (Attribute) throws(Failure) -> String?,
        refuse: (Attribute, String) -> Failure
    ) throws(Failure) {
        func checked(_ attribute: Attribute) throws(Failure) -> String? {
            guard let value = try text(attribute) else {
                if attribute.isRequired { throw refuse(attribute, "is missing") }
                return nil
            }
            if let trouble = Self.trouble(value, attribute) { throw refuse(attribute, trouble) }
            return value
        }
        func required(_ attribute: Attribute) throws(Failure) -> String {
            guard let value = try checked(attribute) else { throw refuse(attribute, "is missing") }
            return value
        }
        _ = try required(.specVersion)
        self.init(
            id: try required(.id), source: try required(.source), type: try required(.type),
            time: try checked(.time), subject: try checked(.subject),
            correlation: try checked(.correlation), causation: try checked(.causation),
            traceParent: try checked(.traceParent), traceState: try checked(.traceState),
            mode: mode)
    }

    /// What is wrong with an attribute's text; nil when nothing is.
    private static func trouble(_ value: String, _ attribute: Attribute) -> String? {
        if value.isEmpty { return "is empty" }
        for scalar in value.unicodeScalars
        where scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value {
            return "holds a control character: \(JSONExcerpt.quoted(value))"
        }
        switch attribute {
        case .specVersion where !NameOrder.areEqual(value, specVersion):
            return "must be \"\(specVersion)\", found \(JSONExcerpt.quoted(value))"
        case .time where InternetTime.milliseconds(of: value) == nil:
            return "must be a time as 2006-01-02T15:04:05Z (RFC 3339), found "
                + JSONExcerpt.quoted(value)
        default: return nil
        }
    }
}
