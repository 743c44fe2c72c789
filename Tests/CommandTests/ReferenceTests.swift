import Foundation
import MusterCommandLine
import Testing
import muster

/// What is written about the commands comes from the table, and the table keeps what it says.
@Suite(.timeLimit(.minutes(5)))
struct ReferenceTests {
    @Test func `the table fits together`() {
        #expect(Table.program.problems().isEmpty, "\(Table.program.problems())")
    }

    @Test func `docs/reference.md is what the program prints`() async throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/reference.md")
        let written = try String(contentsOf: file, encoding: .utf8)
        try await Scene.with { scene in
            let printed = try await scene.muster("reference").out
            #expect(
                printed == written,
                "write it anew: .build/debug/muster reference > docs/reference.md")
        }
    }

    @Test func `every command has help, and says what is near a wrong word`() async throws {
        try await Scene.with { scene in
            for (path, command) in Table.program.leaves {
                let help = try await scene.muster.run(["help"] + path)
                #expect(help.status == 0)
                #expect(help.out.contains(command.summary), "\(path)")
                let same = try await scene.muster.run(path + ["--help"])
                #expect(same.out == help.out, "\(path)")
            }
            let wrong = try await scene.muster("replya")
            #expect(wrong.status == 64)
            #expect(wrong.err.contains("did you mean \"muster replay\""), "\(wrong.err)")
            let option = try await scene.muster("nodes", "--statsu", "up")
            #expect(option.status == 64 && option.err.contains("--status"), "\(option.err)")
            let value = try await scene.muster("nodes", "--status", "upp")
            #expect(value.status == 64 && value.err.contains("\"up\""), "\(value.err)")
        }
    }

    @Test func `the version, the options, the shells and the manual`() async throws {
        try await Scene.with { scene in
            #expect(try await scene.muster("version").out == "muster 0.2.0\n")
            #expect(try await scene.muster("--version").out == "muster 0.2.0\n")
            #expect(try await scene.muster("options").out.contains("--output"))
            for shell in ["bash", "zsh", "fish"] {
                let run = try await scene.muster("completion", shell)
                #expect(run.status == 0 && run.out.contains("quarantine"), "\(shell)")
            }
            #expect(try await scene.muster("man", "pages").status == 0)
            let pages = try FileManager.default.contentsOfDirectory(
                atPath: scene.folder.appending(path: "pages").path())
            #expect(pages.contains("muster.1") && pages.count > Table.program.leaves.count)
        }
    }

    @Test func `an option counts more than a variable, a variable more than a file`() async throws {
        try await Scene.with { scene in
            try scene.write("log: sqlite:file.db\ncluster: from-file\n", to: "muster.yaml")
            let path = scene.folder.appending(path: "muster.yaml").path()
            func origin(_ words: [String], _ environment: [String: String]) async throws -> String {
                try await scene.muster.run(
                    ["config", "show", "--origin", "--config", path] + words,
                    environment: environment
                ).out
            }
            let file = try await origin([], [:])
            #expect(file.contains("sqlite:file.db") && file.contains("from-file"), "\(file)")
            let variable = try await origin([], ["MUSTER_LOG": "sqlite:env.db"])
            #expect(variable.contains("sqlite:env.db") && variable.contains("MUSTER_LOG"))
            #expect(variable.contains("from-file"), "one source switches no other off")
            let option = try await origin(
                ["--log", "sqlite:option.db"], ["MUSTER_LOG": "sqlite:env.db"])
            #expect(option.contains("sqlite:option.db") && !option.contains("env.db"))
            let check = try await scene.muster("config", "check", "--config", path)
            #expect(check.status == 0, "\(check.err)")
            try scene.write("lgo: sqlite:file.db\n", to: "muster.yaml")
            let wrong = try await scene.muster("config", "check", "--config", path)
            #expect(wrong.status == 64 && wrong.err.contains("log"), "\(wrong.err)")
        }
    }
}
