import Foundation
import MusterRuntime
import Synchronization
import Testing

struct ServiceRunTests {
    /// What happened, in order.
    private final class Story: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func tell(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private struct Broken: Error {}

    /// Waits for the end of the task, whatever comes.
    private static func untilCancelled() async {
        for await _ in AsyncStream<Never>.makeStream().stream {}
    }

    private static func service(_ name: String, _ story: Story) -> Service {
        Service(name) {
            await untilCancelled()
            story.tell(name)
        }
    }

    private static func run(_ services: [Service]) -> ServiceRun {
        ServiceRun(services, signals: [], stopLimit: nil, logger: .silent)
    }

    @Test(.timeLimit(.minutes(1)))
    func `services stop in reverse, each after the one that may use it`() async throws {
        let story = Story()
        let request = StopRequest()
        let names = (0..<20).map { "s\($0)" }
        var services = names.map { Self.service($0, story) }
        services.append(
            Service("starter") {
                request.stop(); await Self.untilCancelled()
            })
        let cause = try await Self.run(services).run(stoppingOn: request)
        #expect(cause == .asked)
        #expect(story.all == names.reversed())
    }

    @Test(.timeLimit(.minutes(1)))
    func `a service that ends stops the others`() async throws {
        let story = Story()
        let cause = try await Self.run([
            Self.service("log", story), Service("story") {}, Self.service("manager", story),
        ]).run()
        #expect(cause == .ended(service: "story"))
        #expect(story.all == ["manager", "log"])
    }

    @Test(.timeLimit(.minutes(1)))
    func `a service that fails stops the others and is named`() async throws {
        let story = Story()
        let failure = await #expect(throws: ServiceFailure.self) {
            try await Self.run([
                Self.service("log", story), Service("agent") { throw Broken() },
            ]).run()
        }
        #expect(failure?.service == "agent")
        #expect(failure?.error is Broken)
        #expect(story.all == ["log"])
    }

    @Test(.timeLimit(.minutes(1)))
    func `cancelling the caller stops everything`() async throws {
        let story = Story()
        try await withThrowingTaskGroup(of: StopCause.self) { group in
            group.addTask { try await Self.run([Self.service("log", story)]).run() }
            group.cancelAll()
            let cause = try await group.next()
            #expect(cause == .asked)
        }
        #expect(story.all == ["log"])
    }

    @Test(.timeLimit(.minutes(1)))
    func `a stop asked for beforehand is kept`() async throws {
        let request = StopRequest()
        request.stop()
        let story = Story()
        try await Self.run([Self.service("log", story)]).run(stoppingOn: request)
        #expect(story.all == ["log"])
    }

    @Test(.timeLimit(.minutes(1)), arguments: [SIGTERM, SIGINT])
    func `a signal stops in order and the program ends well`(number: Int32) async throws {
        let result = try await #require(
            processExitsWith: .success, observing: [\.standardErrorContent]
        ) { [number] in
            let first = Service("first") {
                await ServiceRunTests.untilCancelled()
                FileHandle.standardError.write(Data("first ".utf8))
            }
            let second = Service("second") {
                kill(getpid(), number)
                await ServiceRunTests.untilCancelled()
                FileHandle.standardError.write(Data("second ".utf8))
            }
            let cause = try await ServiceRun([first, second], logger: .silent).run()
            guard case .signal = cause else { exit(9) }
        }
        #expect(String(decoding: result.standardErrorContent, as: UTF8.self) == "second first ")
    }

    @Test(.timeLimit(.minutes(1)), arguments: [(SIGTERM, Int32(143)), (SIGINT, Int32(130))])
    func `a second signal ends the process at once`(number: Int32, code: Int32) async {
        await #expect(processExitsWith: .exitCode(code)) { [number, code] in
            _ = code
            let stubborn = Service("stubborn") {
                kill(getpid(), number)
                await ServiceRunTests.untilCancelled()
                kill(getpid(), number)
                // Never returns, and holds its thread.
                while true { pause() }
            }
            try await ServiceRun([stubborn], logger: .silent).run()
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a service that does not stop in time is named and ends the process`() async throws {
        let result = try await #require(
            processExitsWith: .exitCode(1), observing: [\.standardErrorContent]
        ) {
            let request = StopRequest()
            request.stop()
            let stubborn = Service("stubborn") { while true { pause() } }
            try await ServiceRun([stubborn], stopLimit: .milliseconds(50), logger: Logger())
                .run(stoppingOn: request)
        }
        let text = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(text.contains("services=stubborn"))
    }
}
