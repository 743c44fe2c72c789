import Foundation
import Testing

/// Where it is run is as hostile as what it reads: each trouble is an error with its exit code.
@Suite(.timeLimit(.minutes(5)))
struct SurroundingsTests {
    private func run(_ scene: Scene, _ shell: String, _ words: String...) async throws -> Muster.Run
    {
        try await Running(words, scene.muster, through: ["/bin/sh", "-c", shell, "sh"]).end()
    }

    @Test func `a file that may not grow is an error and no signal`() async throws {
        try await Scene.with { scene in
            let run = try await run(
                scene, #"ulimit -f 32; exec "$@""#, "topics", "create", "--partitions", "64")
            #expect(!run.isSignal && run.status == 4, "\(run.status)")
            #expect(run.err.hasPrefix("muster: the log sqlite:muster.db"), "\(run.err)")
        }
    }

    @Test func `a closed standard output is an error and no file of the log`() async throws {
        try await Scene.withFacts { scene in
            let run = try await run(scene, #"exec "$@" >&-"#, "topics", "list")
            #expect(run.status == 1 && run.err.contains("standard output"), "\(run.err)")
            let all = try await self.run(scene, #"exec "$@" <&- >&- 2>&-"#, "topics", "list")
            #expect(all.status == 1 && !all.isSignal)
            #expect(try await scene.muster("topics", "check").status == 0)
        }
    }

    @Test func `a reader that goes away ends it quietly`() async throws {
        try await Scene.withFacts { scene in
            let run = try await run(
                scene, #"{ "$@"; echo "ended with $?" >&2; } | true"#, "log", "--help")
            #expect(run.err == "ended with 0\n", "\(run.err)")
        }
    }
}
