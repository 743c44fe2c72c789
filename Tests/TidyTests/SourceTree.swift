import Foundation

/// The project's files, as they lie in the working tree beside this test.
struct SourceTree {
    struct File {
        /// From the project's root, with slashes.
        let path: String
        let text: String

        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
        var name: String { String(path.split(separator: "/").last ?? "") }
        var isTest: Bool { path.hasPrefix("Tests/") }
    }

    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The files below the folders whose names end so, in order.
    static func files(_ folders: [String], endings: [String]) throws -> [File] {
        var result: [File] = []
        for folder in folders {
            let base = root.appendingPathComponent(folder)
            guard let walk = FileManager.default.enumerator(atPath: base.path) else { continue }
            for case let name as String in walk where endings.contains(where: name.hasSuffix) {
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                if path.split(separator: "/").contains(where: { $0.hasPrefix(".") }) { continue }
                let text = try String(
                    contentsOf: base.appendingPathComponent(name), encoding: .utf8)
                result.append(File(path: path, text: text))
            }
        }
        return result.sorted { $0.path < $1.path }
    }

    static func swift() throws -> [File] {
        try files(["Sources", "Tests", "Benchmarks", "Examples"], endings: [".swift"])
    }
}
