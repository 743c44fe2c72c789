/// A type that has one form on the wire, read and written side by side in one file.
///
/// Whether a document is read strictly (inputs) or exactly (journal, snapshots) the value knows.
package protocol WireForm {
    /// - Throws: what is wrong with the value, with its place in the document.
    init(reading value: JSONValue) throws(JSONReadError)

    /// Writes one value.
    func write(to writer: inout JSONWriter)
}

/// A type whose form is an object. Its members can also stand among those of a larger object.
package protocol WireObject: WireForm {
    /// Reads the members in the schema's order; the caller ends the object with `finish`.
    init(members object: inout JSONObject) throws(JSONReadError)

    /// Writes the members in the schema's order.
    func writeMembers(to writer: inout JSONWriter)
}

extension WireObject {
    @inline(__always)
    package init(reading value: JSONValue) throws(JSONReadError) {
        var object = try value.object()
        try self.init(members: &object)
        try object.finish()
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writeMembers(to: &$0) }
    }
}

/// A type whose values are words.
package protocol WireWord: WireForm, Equatable, Sendable {
    /// Every value with its word.
    static var words: JSONWords<Self> { get }
}

extension WireWord {
    @inline(__always)
    package init(reading value: JSONValue) throws(JSONReadError) {
        self = try value.word(Self.words)
    }

    package func write(to writer: inout JSONWriter) {
        writer.string(word: Self.words.word(for: self))
    }
}

extension JSONObject {
    /// The member of that name.
    @inline(__always)
    mutating func read<Value: WireForm>(
        _ name: StaticString, as type: Value.Type = Value.self
    ) throws(JSONReadError) -> Value {
        try Value(reading: required(name))
    }

    /// The member of that name; nil when there is none.
    @inline(__always)
    mutating func readOptional<Value: WireForm>(
        _ name: StaticString, as type: Value.Type = Value.self
    ) throws(JSONReadError) -> Value? {
        guard let value = member(name) else { return nil }
        return try Value(reading: value)
    }

    /// The member of that name, or what stands for a missing one.
    @inline(__always)
    mutating func read<Value: WireForm>(
        _ name: StaticString, default value: Value
    ) throws(JSONReadError) -> Value {
        try readOptional(name) ?? value
    }

    /// The elements of an array that must be there, in its order.
    @inline(__always)
    mutating func list<Element: WireForm>(
        _ name: StaticString, of type: Element.Type = Element.self
    ) throws(JSONReadError) -> [Element] {
        try required(name).array().read(Element.init(reading:))
    }

    /// The elements of an array in its order; none when it is missing.
    @inline(__always)
    mutating func optionalList<Element: WireForm>(
        _ name: StaticString, of type: Element.Type = Element.self
    ) throws(JSONReadError) -> [Element] {
        guard let value = member(name) else { return [] }
        return try value.array().read(Element.init(reading:))
    }
}

extension JSONWriter {
    /// A member, left out when the value is nil.
    mutating func put<Value: WireForm>(_ name: StaticString, _ value: Value?) {
        guard let value else { return }
        self.name(name)
        value.write(to: &self)
    }

    /// An array, also when it is empty.
    mutating func put<Element: WireForm>(_ name: StaticString, list: [Element]) {
        self.name(name)
        array(of: list) { $1.write(to: &$0) }
    }

    /// An array, left out when it is empty.
    mutating func put<Element: WireForm>(_ name: StaticString, unlessEmpty list: [Element]) {
        if !list.isEmpty { put(name, list: list) }
    }

    /// A text, left out when it is empty.
    mutating func put(_ name: StaticString, unlessEmpty text: String) {
        if !text.isEmpty { member(name, text) }
    }
}
