import MusterWire

/// Variants of a document, made on its text.
enum Mutation {
    /// The document once for every object, with a member in it that nobody knows.
    static func strangers(in bytes: [UInt8]) -> [[UInt8]] {
        var variants: [[UInt8]] = []
        var inString = false
        var skip = false
        for (index, byte) in bytes.enumerated() {
            if skip {
                skip = false
            } else if inString {
                if byte == UInt8(ascii: "\\") { skip = true }
                if byte == UInt8(ascii: "\"") { inString = false }
            } else if byte == UInt8(ascii: "\"") {
                inString = true
            } else if byte == UInt8(ascii: "{") {
                let isEmpty = bytes[index + 1] == UInt8(ascii: "}")
                let stranger = "\"stranger\":[{\"x\":1}]" + (isEmpty ? "" : ",")
                variants.append(
                    Array(bytes[...index]) + Array(stranger.utf8) + Array(bytes[(index + 1)...]))
            }
        }
        return variants
    }

    struct Null {
        let bytes: [UInt8]
        let pointer: String
    }

    /// The document once for every member of every object, with `null` as the member's value.
    static func nulls(in bytes: [UInt8]) -> [Null] {
        var paths: [[String]] = []
        // What cannot be read has no variants.
        try? JSONReader().read(bytes, .input) { root throws(JSONReadError) -> Void in
            collect(root, [], into: &paths)
        }
        return paths.compactMap { path in
            // nil as above
            let nulled = try? JSONReader().read(bytes, .input) {
                root throws(JSONReadError) -> String in
                text(of: root, [], nulling: path)
            }
            return nulled.map { text in
                Null(bytes: Array(text.utf8), pointer: "/" + path.joined(separator: "/"))
            }
        }
    }

    private static func collect(
        _ value: JSONValue, _ path: [String], into paths: inout [[String]]
    ) {
        if let object = try? value.object() {  // nil for other kinds
            for (name, member) in object.members {
                paths.append(path + [name.string])
                collect(member, path + [name.string], into: &paths)
            }
        } else if let array = try? value.array() {  // nil for other kinds
            for (index, element) in array.enumerated() {
                collect(element, path + [String(index)], into: &paths)
            }
        }
    }

    /// The text of a value, with `null` at one path.
    private static func text(
        of value: JSONValue, _ path: [String], nulling target: [String]
    ) -> String {
        if path == target { return "null" }
        // Each is nil for other kinds.
        if let object = try? value.object() {
            let members = object.members.map { name, member in
                "\"\(name.string)\":" + text(of: member, path + [name.string], nulling: target)
            }
            return "{" + members.joined(separator: ",") + "}"
        }
        if let array = try? value.array() {
            let elements = array.enumerated().map { index, element in
                text(of: element, path + [String(index)], nulling: target)
            }
            return "[" + elements.joined(separator: ",") + "]"
        }
        var writer = JSONWriter()
        if let string = try? value.string() {
            writer.string(string)
        } else if let bool = try? value.bool() {
            writer.bool(bool)
        } else if let number = try? value.integer(UInt64.self) {
            writer.number(number)
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
