import Foundation
package import MusterCore

/// What fuzzers begin with: the golden records, and every word that stands in them.
package struct FuzzCorpus: Sendable {
    /// A golden record.
    package struct Entry: Sendable {
        package let name: String
        package let record: FuzzRecord
    }

    package let entries: [Entry]
    /// Names of members, words, names and numbers, each with its quotes where it is a string.
    package let words: [[UInt8]]

    /// - Parameter folder: where the golden files lie.
    /// - Throws: when there are none.
    package init(golden folder: String) throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        var entries: [Entry] = []
        for file in files where file.hasSuffix(".json") {
            let name = String(file.dropLast(5))
            var value = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(file)")))
            if value.last == UInt8(ascii: "\n") { value.removeLast() }
            let around = try String(contentsOfFile: "\(folder)/\(name).headers", encoding: .utf8)
            entries.append(Entry(name: name, record: Self.record(around, value)))
        }
        guard entries.count > 20 else { throw FuzzFailure("\(folder) holds no golden files") }
        self.entries = entries
        var words: Set<[UInt8]> = []
        for entry in entries {
            let value = entry.record.value ?? []
            for token in JSONTokens(value).all where token.kind == .string || token.kind == .number
            {
                words.insert(Array(value[token.range]))
            }
        }
        self.words = words.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static func record(_ around: String, _ value: [UInt8]) -> FuzzRecord {
        let lines = around.split(separator: "\n", omittingEmptySubsequences: false)
        let topic = lines.first.flatMap { Topic(name: String($0.dropFirst("topic: ".count))) }
        let headers = lines.dropFirst(3).compactMap { line -> Header? in
            guard let colon = line.firstRange(of: ": ") else { return nil }
            return Header(
                name: Array(line[..<colon.lowerBound].utf8),
                value: Array(line[colon.upperBound...].utf8))
        }
        return FuzzRecord(topic: topic ?? .events, headers: headers, value: value)
    }

    /// The golden records of some topics.
    package func records(on topics: Topic...) -> [FuzzRecord] {
        entries.map(\.record).filter { topics.contains($0.topic) }
    }

    /// The values of the golden files whose names begin so.
    package func values(_ names: String...) -> [[UInt8]] {
        entries.filter { entry in names.contains { entry.name.hasPrefix($0) } }
            .compactMap(\.record.value)
    }
}
