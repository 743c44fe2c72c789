import Foundation
import Testing

extension Scene {
    /// Starts the program on a terminal of its own; both of its streams come back as one.
    func terminal(
        _ words: [String], environment: [String: String] = [:]
    ) throws -> Running {
        let typescript = ["/bin/sh", "-c", #"exec /usr/bin/script -qec "$*" /dev/null"#, "sh"]
        return try Running(
            words, muster, environment: ["TERM": "xterm"].merging(environment) { $1 },
            through: typescript)
    }

    /// The commands without an outcome, as `commands` shows them.
    func outstanding() async throws -> [[String: Any]] {
        let json = try await muster("commands", "-o", "json").json()
        return try #require(json["commands"] as? [[String: Any]])
    }

    /// Does as the agents would: every outstanding command is reported done, and n1 then sees the
    /// members given.
    func carryOut(seeing members: [Int], index: Int) async throws {
        var lines: [String] = []
        for command in try await outstanding() {
            let id = try #require(command["id"] as? String)
            let executor = try #require(command["executor"] as? String)
            let number = try #require(Int(executor.dropFirst()))
            lines.append(
                Self.event(
                    "commandSucceeded",
                    #"{"cluster":"orders",\#(Self.identity(number)),"command":"\#(id)"}"#))
        }
        let view = Self.report(members, index: index)
        let beats = members.map { Self.heartbeat($0) }
        try await publish(
            lines + beats + [Self.event("groupObserved", view), Self.event("groupObserved", view)])
    }

    /// What an agent says of a command, for instance that it has carried it out.
    func say(_ what: String, of command: [String: Any], _ more: String = "") async throws {
        let id = try #require(command["id"] as? String)
        let executor = try #require(command["executor"] as? String)
        let number = try #require(Int(executor.dropFirst()))
        try await publish([
            Self.event(
                what,
                #"{"cluster":"orders",\#(Self.identity(number)),"command":"\#(id)"\#(more)}"#)
        ])
    }

    /// The command that is out for an action.
    func command(_ action: String) async throws -> [String: Any] {
        var found: [String: Any]?
        try await eventually("\(action) is commanded") {
            found = try await outstanding().first { $0["action"] as? String == action }
            return found != nil
        }
        return try #require(found)
    }

    /// Lets nodes be heard, and n1 say what it sees, as long as the body runs.
    ///
    /// - Parameter met: silent ones that the leader reaches all the same.
    func beating(
        _ numbers: [Int], without silent: [Int], meeting met: [Int] = [],
        body: () async throws -> Void
    ) async throws {
        let scene = self
        let beats = Task {
            let start = ContinuousClock.now
            while !Task.isCancelled {
                let (seconds, atto) = (ContinuousClock.now - start).components
                let age = Int(seconds) * 1000 + Int(atto / 1_000_000_000_000_000)
                let away = Dictionary(
                    uniqueKeysWithValues: silent.map { ($0, met.contains($0) ? 0 : age) })
                let view = Self.report((numbers + silent).sorted(), away: away)
                try await scene.publish(
                    numbers.map { Self.heartbeat($0) } + [Self.event("groupObserved", view)])
            }
        }
        do {
            try await body()
        } catch {
            beats.cancel()
            throw error
        }
        beats.cancel()
        // The last one may have been cut off in the middle.
        _ = try? await beats.value
    }
}
