import Foundation
import Testing

extension Scene {
    /// Runs statements on the log's file, as nobody but a test should.
    @discardableResult
    func sqlite(_ statements: String, file: String = "muster.db") throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/sqlite3")
        process.arguments = [
            "-cmd", ".timeout 5000", folder.appending(path: file).path(), statements,
        ]
        let (out, err) = (Pipe(), Pipe())
        process.standardOutput = out
        process.standardError = err
        try process.run()
        process.waitUntilExit()
        let said = try err.fileHandleForReading.readToEnd().map {
            String(decoding: $0, as: UTF8.self)
        }
        try #require(process.terminationStatus == 0, "sqlite3: \(said ?? "")")
        let data = try out.fileHandleForReading.readToEnd() ?? Data()
        return String(decoding: data, as: UTF8.self)
    }

    func write(_ text: String, to name: String) throws {
        try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }

    func write(_ data: Data, to name: String) throws {
        try data.write(to: folder.appending(path: name))
    }
}
