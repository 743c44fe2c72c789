import MusterCommandLine
import MusterCore
import MusterEngines
import MusterLog
import MusterRuntime

/// `--watch`: a table that is painted anew while it is looked at.
enum Watching {
    static let option = CommandOption(
        flag: "watch",
        summary: "go on: paint the table anew every second, or print what changed to a pipe")

    /// What a table is made of.
    struct Look {
        let state: ClusterState
        let evidence: Evidence
        let now: Timestamp
    }

    /// Shows one cluster once, or until it is stopped.
    ///
    /// On a terminal a table takes the screen; a pipe gets the result again whenever it says
    /// something else than the last time, lengths of time not counted.
    ///
    /// - Parameter hears: whether what was heard is wanted too.
    static func run(
        _ call: Invocation, hears: Bool = true, _ value: @escaping (Look) -> ResultValue
    ) async throws -> ExitCode {
        try await Query.run(call) { query in
            let state = try query.cluster()
            let evidence = hears ? try await query.evidence(of: state) : Evidence()
            let first = Look(state: state, evidence: evidence, now: query.now)
            guard call.flag(option.name) else {
                try call.show(value(first))
                return .ok
            }
            let follower = try await JournalFollower(query.projection, query.log)
            var shown = value(first)
            try paint(shown, call)
            while !Task.isCancelled {
                _ = try await follower.next(waitingUpTo: .seconds(1))
                guard let look = try await look(query, follower, state.id, hears) else { continue }
                let next = value(look)
                if isScreen(call) || next.lasting != shown.lasting { try paint(next, call) }
                shown = next
            }
            await follower.close()
            return .ok
        }
    }

    private static func look(
        _ query: Query, _ follower: JournalFollower, _ cluster: ClusterID, _ hears: Bool
    ) async throws -> Look? {
        guard let state = follower.states.first(where: { $0.id == cluster }) else { return nil }
        let now = max(state.at, Timestamp(milliseconds: query.call.context.now()))
        guard hears else { return Look(state: state, evidence: Evidence(), now: now) }
        guard let partition = follower.partition(of: cluster) else { return nil }
        let loader = EvidenceLoader(log: query.log, state: state, partition: partition)
        return Look(state: state, evidence: try await loader.load(now: now), now: now)
    }

    private static func isScreen(_ call: Invocation) -> Bool {
        call.context.outputIsTerminal && call.context.environment["TERM"] != "dumb"
            && (call.output.form == .table || call.output.form == .wide)
    }

    private static func paint(_ value: ResultValue, _ call: Invocation) throws {
        // To the upper left corner, and nothing is left of what stood there.
        if isScreen(call) {
            try call.context.writeOutput("\u{1B}[H\u{1B}[J")
        } else if call.output.form == .yaml {
            try call.context.writeOutput("---\n")
        }
        try call.show(value)
    }
}
