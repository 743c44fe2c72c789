internal import MusterCore

/// The headers of a sign of life in its common form, judged where they lie, without a copy.
///
/// Common is: binary mode, the content type spelled as Muster spells it, each header of CloudEvents
/// one that Muster knows, there once, in printable ASCII. What is otherwise is not wrong: such a
/// record is read from its copied headers, and only that reading says what is wrong with one.
package struct PlainHeaders {
    private var isPlain = true
    private var hasContentType = false
    /// Which attributes were there, by their place.
    private var seen: UInt16 = 0
    private var bytes = 0
    private var type: MessageType?

    package init() {}

    private static let required: UInt16 = CloudEvent.Attribute.allCases.reduce(0) {
        $1.isRequired ? $0 | 1 << UInt16($1.rawValue) : $0
    }
    private static let attributes = CloudEvent.Attribute.allCases.map { $0.name }

    /// Notes the next header of the record.
    ///
    /// - Parameters:
    ///   - name: borrowed for the call, as the value.
    ///   - value: nil is none, which is not the same as an empty one.
    package mutating func note(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?
    ) {
        bytes += name.count + (value?.count ?? 0)
        if !isPlain { return }
        if Self.are(name, "content-type") {
            isPlain = !hasContentType && (value.map { Self.are($0, "application/json") } ?? false)
            hasContentType = true
        } else if name.starts(with: "ce_".utf8) {
            isPlain = take(UnsafeRawBufferPointer(rebasing: name.dropFirst(3)), value)
        }
    }

    /// The type of a sign of life that may be read this way; nil when it may not.
    ///
    /// - Parameter further: the bytes of key and value together.
    func signOfLife(further: Int) -> MessageType? {
        guard isPlain, hasContentType, seen & Self.required == Self.required,
            bytes + further <= CloudEvent.inputBytesMax
        else { return nil }
        return type
    }

    private mutating func take(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?
    ) -> Bool {
        guard let value, !value.isEmpty,
            let place = Self.attributes.firstIndex(where: { Self.are(name, $0) }),
            let attribute = CloudEvent.Attribute(rawValue: place),
            seen & 1 << UInt16(place) == 0,
            value.allSatisfy({ 0x20...0x7E ~= $0 })
        else { return false }
        seen |= 1 << UInt16(place)
        switch attribute {
        case .specVersion: return Self.are(value, "1.0")
        case .time: return InternetTime.milliseconds(of: value) != nil
        case .type:
            if Self.are(value, "muster.heartbeat.v1") { type = .heartbeat }
            if Self.are(value, "muster.groupObserved.v1") { type = .groupObserved }
            return type != nil
        case .id, .source, .subject, .correlation, .causation, .traceParent, .traceState:
            return true
        }
    }

    private static func are(_ bytes: UnsafeRawBufferPointer, _ literal: StaticString) -> Bool {
        guard bytes.count == literal.utf8CodeUnitCount, let base = bytes.baseAddress else {
            return false
        }
        return JSONText.areEqual(
            base.assumingMemoryBound(to: UInt8.self), literal.utf8Start, bytes.count)
    }
}
