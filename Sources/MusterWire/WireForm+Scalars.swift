package import MusterCore

// Names, numbers, moments, ids and hashes.

extension WireForm where Self: Name {
    @inline(__always)
    package init(reading value: JSONValue) throws(JSONReadError) {
        self = try value.name()
    }

    package func write(to writer: inout JSONWriter) { writer.string(text) }
}

extension ClusterID: WireForm {}
extension NodeID: WireForm {}
extension GroupID: WireForm {}
extension RequestID: WireForm {}
extension Principal: WireForm {}

extension WireForm where Self: Number {
    @inline(__always)
    package init(reading value: JSONValue) throws(JSONReadError) {
        self = try value.number()
    }

    package func write(to writer: inout JSONWriter) { writer.string(self.value) }
}

extension MusterCore.Sequence: WireForm {}
extension Offset: WireForm {}
extension Start: WireForm {}
extension Term: WireForm {}
extension LogIndex: WireForm {}
extension MembershipVersion: WireForm {}

extension Timestamp: WireForm {
    @inline(__always)
    package init(reading value: JSONValue) throws(JSONReadError) {
        self = try value.timestamp()
    }

    package func write(to writer: inout JSONWriter) { writer.string(milliseconds) }
}

extension Duration: WireForm {
    @inline(__always)
    package init(reading value: JSONValue) throws(JSONReadError) {
        self = try value.duration()
    }

    package func write(to writer: inout JSONWriter) { writer.string(milliseconds) }
}

extension Identifier: WireForm {
    @inline(__always)
    package init(reading value: JSONValue) throws(JSONReadError) {
        self = try value.identifier()
    }

    package func write(to writer: inout JSONWriter) { writer.hex([high, low]) }
}

extension Hash: WireForm {
    @inline(__always)
    package init(reading value: JSONValue) throws(JSONReadError) {
        self = try value.hash()
    }

    package func write(to writer: inout JSONWriter) {
        writer.hex([words.0, words.1, words.2, words.3])
    }
}

extension CommandID: WireForm {
    package init(reading value: JSONValue) throws(JSONReadError) {
        guard let id = CommandID(text: try value.string()) else {
            throw value.invalid(
                "expected a command's id as SEQ:INDEX:PREFIX, found \(value.found)")
        }
        self = id
    }

    package func write(to writer: inout JSONWriter) { writer.string(description) }
}

extension Bool: WireForm {
    @inline(__always)
    package init(reading value: JSONValue) throws(JSONReadError) { self = try value.bool() }

    package func write(to writer: inout JSONWriter) { writer.bool(self) }
}

extension String: WireForm {
    @inline(__always)
    package init(reading value: JSONValue) throws(JSONReadError) { self = try value.string() }

    package func write(to writer: inout JSONWriter) { writer.string(self) }
}

/// A bare number.
extension UInt32: WireForm {
    @inline(__always)
    package init(reading value: JSONValue) throws(JSONReadError) { self = try value.integer() }

    package func write(to writer: inout JSONWriter) { writer.number(self) }
}

/// A bare number, for partitions: never negative.
extension Int32: WireForm {
    @inline(__always)
    package init(reading value: JSONValue) throws(JSONReadError) { self = try value.integer() }

    package func write(to writer: inout JSONWriter) { writer.number(self) }
}

/// A string of digits.
extension UInt64: WireForm {
    @inline(__always)
    package init(reading value: JSONValue) throws(JSONReadError) { self = try value.integer() }

    package func write(to writer: inout JSONWriter) { writer.string(self) }
}

/// A string of digits, with a minus sign where it is negative.
extension Int64: WireForm {
    package init(reading value: JSONValue) throws(JSONReadError) {
        let text = try value.string()
        guard let number = Int64(text), NameOrder.areEqual(String(number), text) else {
            throw value.invalid("expected a whole number of 64 bits, found \(value.found)")
        }
        self = number
    }

    package func write(to writer: inout JSONWriter) { writer.string(self) }
}
