package import MusterCore
internal import MusterWire
internal import Synchronization

/// The node's data directory, as far as the agent keeps files in it: who the node is on this disk.
///
/// `muster-node` holds the store (128 random bits, bound to the engine's own name for the member as
/// soon as there is one) and the count of starts; `muster-journal` the local journal; `muster-lock`
/// is held by the process that works here. They lie in the data directory, so that a lost disk is a
/// new store.
package final class NodeFolder: Sendable {
    package let path: String
    private let state: Mutex<Mark>
    private let lock: LocalFile

    package var mark: Mark { state.withLock { $0 } }

    /// Who the node is on this disk.
    package struct Mark: Hashable, Sendable {
        package var cluster: ClusterID
        package var identity: NodeIdentity
        /// The engine's own name for the member; nil before there is one.
        package var member: String?
        /// Whose data the disk holds, as the engine names it; nil before that is known.
        package var engine: String?
    }

    private static let markName = "muster-node"
    private static let journalName = "muster-journal"
    private static let lockName = "muster-lock"

    /// Takes the folder, which is made where there is none, and begins a new start, durably.
    ///
    /// - Throws: a sentence: it is in use, belongs to another node, or its mark is damaged. A mark
    ///   is never guessed: with a wrong store or start a dead node could speak.
    package init(_ path: String, cluster: ClusterID, node: NodeID) throws(LocalProblem) {
        self.path = path
        try LocalFile.makeFolder(path)
        lock = try LocalFile.open(path + "/" + Self.lockName)
        guard lock.lock() else {
            throw LocalProblem(
                "\(path) is in use by another agent: one node has one agent", .identity)
        }
        let name = path + "/" + Self.markName
        if let bytes = try LocalFile.read(name, max: 64 * 1024) {
            var mark = try Self.read(bytes, name)
            guard mark.cluster == cluster, mark.identity.node == node else {
                throw LocalProblem(
                    "\(path) belongs to the node \(mark.identity.node) of the cluster "
                        + "\(mark.cluster), not to \(node) of \(cluster)", .identity)
            }
            mark.identity.start = mark.identity.start.next
            state = Mutex(mark)
        } else {
            state = Mutex(Mark(cluster: cluster, identity: Self.fresh(node)))
        }
        try write(mark)
    }

    deinit { release() }

    package var journalPath: String { path + "/" + Self.journalName }

    /// Gives the folder back now, and not when nobody knows it any more. It is not to be used then.
    package func release() { lock.unlock() }

    /// Whether nothing but the agent's own files is in it.
    package func holdsNoData() throws(LocalProblem) -> Bool {
        let names = try LocalFile.names(in: path)
        return names.allSatisfy { $0.hasPrefix("muster-") || $0 == "lost+found" }
    }

    /// Binds the store to what the engine calls its member and its cluster, durably, once.
    ///
    /// - Throws: when it is bound to another member or cluster already.
    package func bind(member: String?, engine: String?) throws(LocalProblem) {
        let mark = mark
        if let known = mark.engine, let engine, known != engine {
            throw LocalProblem(
                "the server holds data of the cluster \(engine), and \(path) is bound to \(known)",
                .identity)
        }
        if let known = mark.member, let member, known != member {
            throw LocalProblem(
                "the server is the member \(member), and the store in \(path) is bound to \(known)",
                .identity)
        }
        let new = Mark(
            cluster: mark.cluster, identity: mark.identity, member: mark.member ?? member,
            engine: mark.engine ?? engine)
        if new != mark { try write(new) }
    }

    /// Makes it a new store, durably.
    package func renew() throws(LocalProblem) -> NodeIdentity {
        let old = mark
        try write(Mark(cluster: old.cluster, identity: Self.fresh(old.identity.node)))
        return mark.identity
    }

    private static func fresh(_ node: NodeID) -> NodeIdentity {
        var random = SystemRandomNumberGenerator()
        return NodeIdentity(
            node: node, store: Identifier(high: random.next(), low: random.next()),
            start: Start(1))
    }

    private func write(_ mark: Mark) throws(LocalProblem) {
        var writer = JSONWriter(capacity: 256)
        writer.object { writer in
            writer.member("cluster", mark.cluster)
            writer.member("node", mark.identity.node)
            writer.member("store", mark.identity.store)
            writer.member("start", mark.identity.start)
            writer.member("member", mark.member)
            writer.member("engine", mark.engine)
        }
        let file = try LocalFile.replace(
            path + "/" + Self.markName, with: SummedLine.encode(writer.bytes))
        try LocalFile.keepNames(of: file.path)
        state.withLock { $0 = mark }
    }

    private static func read(_ bytes: [UInt8], _ path: String) throws(LocalProblem) -> Mark {
        let damaged = LocalProblem(
            "\(path) is damaged: restore it with the data beside it, or give the node an empty "
                + "directory",
            .identity)
        guard bytes.last == UInt8(ascii: "\n"), let json = SummedLine.decode(bytes.dropLast())
        else { throw damaged }
        do {
            return try JSONReader().read(json, .input) { root throws(JSONReadError) -> Mark in
                var object = try root.object()
                let cluster = ClusterID(unchecked: try object.required("cluster").string())
                let node = NodeID(unchecked: try object.required("node").string())
                guard let store = Identifier(hex: try object.required("store").string()) else {
                    throw root.invalid("no store")
                }
                let start = Start(try object.required("start").integer())
                let member = try object.member("member")?.string()
                let engine = try object.member("engine")?.string()
                return Mark(
                    cluster: cluster,
                    identity: NodeIdentity(node: node, store: store, start: start),
                    member: member, engine: engine)
            }
        } catch {
            throw damaged
        }
    }
}
