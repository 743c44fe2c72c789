import CYAML

/// Reads one YAML document by libyaml's events into nodes. This file is all that sees libyaml.
///
/// Documents come from files that anybody may have written, so they are limited: size, depth,
/// number of nodes, and aliases, which could otherwise stand for billions of nodes. Tags are
/// refused, since nothing here has a use for them.
package enum YAMLReader {
    /// What a document may be made of at most.
    package struct Limits: Sendable {
        package var bytes = 256 * 1024
        package var depth = 16
        package var nodes = 10_000
        package var aliases = 16

        package init() {}
    }

    /// The document's node; nil when there is none, as in an empty file.
    ///
    /// - Throws: `YAMLError`, also for a key that stands twice in one mapping and for a second
    ///   document.
    package static func read(
        _ bytes: [UInt8], limits: Limits = Limits()
    ) throws(YAMLError) -> YAMLNode? {
        guard bytes.count <= limits.bytes else {
            throw YAMLError(line: 1, problem: "larger than \(limits.bytes) bytes")
        }
        do {
            return try bytes.withUnsafeBufferPointer { buffer in
                // Made, used and deleted on this thread within this call; libyaml keeps pointers to
                // the parser itself, so it stays at this one address, and to the input, which lives
                // as long as the closure.
                let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
                defer { parser.deallocate() }
                guard yaml_parser_initialize(parser) == 1 else {
                    throw YAMLError(line: 1, problem: "no memory is left to read it")
                }
                defer { yaml_parser_delete(parser) }
                yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
                yaml_parser_set_input_string(parser, buffer.baseAddress, buffer.count)
                var builder = YAMLBuilder(limits: limits)
                while !builder.isDone { try builder.take(try nextEvent(of: parser)) }
                return builder.document
            }
        } catch let error as YAMLError {
            throw error
        } catch {
            preconditionFailure("only YAMLError is thrown here, not \(error)")
        }
    }

    private static func nextEvent(
        of parser: UnsafeMutablePointer<yaml_parser_t>
    ) throws(YAMLError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else {
            let problem = parser.pointee.problem.map { String(cString: $0) }
            let mark = parser.pointee.problem_mark.line
            throw YAMLError(line: Int(mark) + 1, problem: problem ?? "not valid YAML")
        }
        // The event's strings are copied before they are freed here.
        defer { yaml_event_delete(&event) }
        let line = Int(event.start_mark.line) + 1
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            guard scalar.tag == nil else { throw tagged(line) }
            let text = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return YAMLEvent(
                .scalar(
                    String(decoding: text, as: UTF8.self),
                    isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE),
                line, anchor: name(scalar.anchor))
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            guard start.tag == nil else { throw tagged(line) }
            return YAMLEvent(.sequenceStart, line, anchor: name(start.anchor))
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            guard start.tag == nil else { throw tagged(line) }
            return YAMLEvent(.mappingStart, line, anchor: name(start.anchor))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return YAMLEvent(.end, line)
        case YAML_ALIAS_EVENT:
            return YAMLEvent(.alias(name(event.data.alias.anchor) ?? ""), line)
        case YAML_DOCUMENT_START_EVENT: return YAMLEvent(.documentStart, line)
        case YAML_STREAM_END_EVENT: return YAMLEvent(.streamEnd, line)
        default: return YAMLEvent(.other, line)
        }
    }

    private static func name(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        text.map { String(cString: $0) }
    }

    private static func tagged(_ line: Int) -> YAMLError {
        YAMLError(line: line, problem: "tags (words that begin with !) are not used here")
    }
}

/// What libyaml says, in Swift's types.
struct YAMLEvent {
    enum Kind {
        case scalar(String, isPlain: Bool)
        case sequenceStart
        case mappingStart
        case end
        case alias(String)
        case documentStart
        case streamEnd
        case other
    }

    let kind: Kind
    let line: Int
    let anchor: String?

    init(_ kind: Kind, _ line: Int, anchor: String? = nil) {
        self.kind = kind
        self.line = line
        self.anchor = anchor
    }
}
