internal import MusterCore
internal import MusterLog

/// A line of a local file, with a sum that tells whether it is whole: the first 16 hex digits of
/// the SHA-256 of what follows, a space, a JSON document without line breaks, a line feed.
enum SummedLine {
    private static let sumLength = 16

    static func encode(_ json: [UInt8]) -> [UInt8] {
        Array(sum(of: json).utf8) + [UInt8(ascii: " ")] + json + [UInt8(ascii: "\n")]
    }

    /// The document of a line without its line feed; nil when the line is not whole.
    static func decode(_ line: ArraySlice<UInt8>) -> [UInt8]? {
        guard line.count > sumLength + 1 else { return nil }
        let space = line.startIndex + sumLength
        let json = Array(line[(space + 1)...])
        guard line[space] == UInt8(ascii: " "), line[..<space].elementsEqual(sum(of: json).utf8)
        else { return nil }
        return json
    }

    private static func sum(of json: [UInt8]) -> Substring {
        SHA256.hash(of: json).description.prefix(sumLength)
    }
}
