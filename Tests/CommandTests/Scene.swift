import Foundation
import Testing

/// A folder with a log, and a cluster of three nodes with one group on it.
struct Scene {
    var muster: Muster
    var folder: URL { muster.folder }

    static let stores = (1...12).map { number in
        String(repeating: "0", count: 32 - "\(number)".count) + "\(number)"
    }

    /// Makes a folder of its own and takes it away afterwards.
    static func with(
        _ log: SceneLog = .file, _ body: (Scene) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "muster-commands-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }  // it may be gone already
        let environment = [
            "HOME": folder.path(), "XDG_CONFIG_HOME": folder.path() + "/config", "USER": "lia",
            "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "TMPDIR": folder.path(),
        ].merging(log.variables()) { $1 }
        try await body(Scene(muster: Muster(folder: folder, environment: environment)))
    }

    /// With topics, and facts of three nodes.
    static func withFacts(
        _ log: SceneLog = .file, _ body: (Scene) async throws -> Void
    ) async throws {
        try await with(log) { scene in
            try await scene.muster("topics", "create", "--partitions", "2")
            try await scene.publish(scene.facts)
            try await body(scene)
        }
    }

    /// With a manager at work, a configured cluster and nodes that were just heard.
    static func withManager(
        _ log: SceneLog = .file, _ body: (Scene) async throws -> Void
    ) async throws {
        try await withFacts(log) { scene in
            try await scene.running {
                let run = try await scene.muster(
                    "configure", "--cluster", "orders", "--voters-min", "2", "--lease", "60s",
                    "--removal-delay", "10m", "--observation-age-max", "10m", "--change-limit",
                    "10m",
                    "--reason", "test")
                try #require(run.status == 0, "\(run.out) \(run.err)")
                try await scene.publish(scene.beats + scene.beats)
                try await body(scene)
            }
        }
    }

    /// Runs a manager beside the body and stops it in order.
    func running(_ words: String..., body: () async throws -> Void) async throws {
        let manager = try Running(
            ["manager", "--log-level", "info"] + words, muster)
        do {
            try await manager.until("works on partition")
            try await body()
        } catch {
            manager.signal(SIGKILL)
            throw error
        }
        manager.signal(SIGTERM)
        let end = try await manager.end()
        #expect(end.status == 0 && !end.isSignal, "\(end.err)")
    }

    func publish(_ lines: [String], _ words: String...) async throws {
        let data = Data(lines.map { $0 + "\n" }.joined().utf8)
        let run = try await muster.run(["publish", "lines", "-"] + words, input: data)
        try #require(run.status == 0, "\(run.err)")
    }

    /// A CloudEvent in structured mode.
    static func event(
        _ type: String, _ data: String, id: String = UUID().uuidString
    ) -> String {
        #"{"specversion":"1.0","id":"\#(id)","source":"/test","type":"muster.\#(type).v1","#
            + #""data":\#(data)}"#
    }

    static func identity(_ number: Int) -> String {
        #""node":"n\#(number)","store":"\#(stores[number - 1])","start":"1""#
    }

    static func nodeUp(_ number: Int, cluster: String = "orders") -> String {
        event(
            "nodeUp",
            #"{"cluster":"\#(cluster)",\#(identity(number)),"boot":"\#(stores[number - 1])","#
                + #""role":"voter","blank":false,"groupsVersion":"1","groups":["#
                + #"{"group":"g1","capabilities":{}}]}"#)
    }

    /// What n1, who leads g1, sees of its members.
    ///
    /// - Parameters:
    ///   - learners: how far each is, by its number; 100 is committed.
    ///   - away: the time since it last had contact with a member, by its number.
    static func report(
        _ members: [Int] = [1, 2, 3], learners: [Int: Int] = [:], index: Int = 7,
        away: [Int: Int] = [:]
    ) -> String {
        let list = (members + learners.keys.sorted()).map {
            #"{"node":"n\#($0)","store":"\#(stores[$0 - 1])","#
                + #""role":"\#(learners[$0] == nil ? "voter" : "learner")","#
                + #""match":"\#(learners[$0] ?? 100)","contactAge":"\#(away[$0] ?? 0)"}"#
        }.joined(separator: ",")
        return #"{"cluster":"orders",\#(identity(1)),"groups":[{"group":"g1","state":"leader","#
            + #""term":"3","leader":"n1","applied":"100","view":{"confirmed":true,"#
            + #""changePermitted":true,"pending":false,"version":{"term":"3","index":"\#(index)"},"#
            + #""commit":"100","members":[\#(list)]}}]}"#
    }

    /// Three nodes come up, and n1 says what it leads.
    var facts: [String] { Self.facts }

    static var facts: [String] {
        (1...3).map { nodeUp($0) } + [event("groupObserved", report())]
    }

    /// A heartbeat of each.
    var heartbeats: [String] { (1...3).map { Self.heartbeat($0) } }

    static func heartbeat(_ number: Int) -> String {
        event(
            "heartbeat",
            #"{"cluster":"orders",\#(identity(number)),"boot":"\#(stores[number - 1])"}"#)
    }

    /// A heartbeat of each, and what n1 sees.
    var beats: [String] { beats(index: 7) }

    /// - Parameter index: of the configuration that n1 sees.
    func beats(index: Int) -> [String] {
        heartbeats + [Self.event("groupObserved", Self.report(index: index))]
    }

    /// How many records each topic has.
    func counts() async throws -> [String: String] {
        let topics = try await muster("topics", "list", "-o", "json").json()["topics"]
        var counts: [String: String] = [:]
        for topic in try #require(topics as? [[String: Any]]) {
            let name = try #require(topic["topic"] as? String)
            counts[name] = topic["records"] as? String
        }
        return counts
    }
}
