import Foundation

/// The project's files, as they lie in the working tree beside this test.
enum SourceTree {
    /// A file, with its text read once.
    struct File: Sendable {
        /// From the project's root, with slashes.
        let path: String
        let text: String
        let lines: [Substring]
        /// Of Swift only; empty for anything else.
        let code: SwiftCode

        init(path: String, text: String) {
            self.path = path
            self.text = text
            var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            if lines.last == "" { lines.removeLast() }
            self.lines = lines
            code = SwiftCode(path.hasSuffix(".swift") ? text : "")
        }

        var name: Substring { path.split(separator: "/").last ?? "" }
        var isSwift: Bool { path.hasSuffix(".swift") }
        var isTest: Bool { path.hasPrefix("Tests/") }
        /// The module that a file below `Sources` belongs to; nil elsewhere.
        var module: String? {
            let parts = path.split(separator: "/")
            return parts.first == "Sources" && parts.count > 2 ? String(parts[1]) : nil
        }
    }

    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every file of the project that is text, by path. What building leaves is no part of it.
    static let files: [File] = {
        let leftBehind = [".git", ".build", ".swiftpm", ".venv", "__pycache__", ".hypothesis"]
        guard let walk = FileManager.default.enumerator(atPath: root.path) else { return [] }
        var result: [File] = []
        for case let path as String in walk {
            if leftBehind.contains(where: { path == $0 || path.hasSuffix("/" + $0) }) {
                walk.skipDescendants()
                continue
            }
            let isFile = walk.fileAttributes?[.type] as? FileAttributeType == .typeRegular
            guard isFile, let bytes = FileManager.default.contents(atPath: "\(root.path)/\(path)"),
                let text = String(bytes: bytes, encoding: .utf8)
            else { continue }
            result.append(File(path: path, text: text))
        }
        return result.sorted { $0.path < $1.path }
    }()
}
