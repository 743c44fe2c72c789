import Foundation

/// A folder of a test's own.
struct TemporaryFolder {
    let path: String

    /// Makes it, and takes it away afterwards.
    static func with<Result>(
        _ body: (TemporaryFolder) async throws -> Result
    ) async throws -> Result {
        // Without symbolic links, as hooks see it.
        let place = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
            .appending(path: "muster-agent-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        defer { try? FileManager.default.removeItem(at: place) }  // it may be gone already
        return try await body(TemporaryFolder(path: place.path()))
    }

    func file(_ name: String) -> String { path + "/" + name }

    func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: file(name))))
    }

    func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
        try Data(bytes).write(to: URL(filePath: file(name)))
    }

    /// A program of that name.
    func program(_ name: String, _ text: String, mode: Int = 0o755) throws {
        try write(("#!/bin/sh\n" + text + "\n").utf8, to: name)
        try setMode(mode, of: name)
    }

    func setMode(_ mode: Int, of name: String) throws {
        try FileManager.default.setAttributes(
            [.posixPermissions: mode], ofItemAtPath: file(name))
    }
}
