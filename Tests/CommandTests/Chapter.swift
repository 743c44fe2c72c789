import Foundation
import Testing

/// What `why` prints, decision by decision, with all that is another in every run written as a
/// word: moments, lengths of time, numbers of decisions, hashes and places.
struct Chapter {
    /// The lines of each decision.
    let blocks: [[String]]

    init(_ text: String) {
        let plain = text.replacing(/\d{4}-\d\d-\d\dT[\d:.]+Z/, with: "TIME")
            .replacing(/\b\d+:\d+:[0-9a-f]{16}/, with: "COMMAND")
            .replacing(/decision \d+/, with: "decision N")
            .replacing(/(events|requests|heartbeats)\/\d+\/\d+/) { "\($0.output.1)/P/N" }
            .replacing(/request r-[0-9a-f]+/, with: "request ID")
            .replacing(/(?:\d+ [hm] )?\d+(?:\.\d+)? (?:ms|s|m|h)\b(?!\))/, with: "LENGTH")
        blocks = plain.components(separatedBy: "\n\n").map {
            $0.split(separator: "\n").map { line in
                line.split(separator: " ").joined(separator: " ")
            }
        }
    }

    /// The newest decision that has a line which begins so; its heading is left out.
    func decision(_ line: String, _ place: SourceLocation = #_sourceLocation) throws -> [String] {
        let found = blocks.last { $0.contains { $0.hasPrefix(line) } }
        let block = try #require(found, "\(line) in \(blocks)", sourceLocation: place)
        return Array(block.dropFirst())
    }
}
