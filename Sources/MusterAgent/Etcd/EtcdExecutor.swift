internal import MusterCore
internal import MusterRuntime
internal import MusterWire
internal import Synchronization

/// The executor of one etcd member, through etcd's own interface.
///
/// etcd 3.4 answers a member list from the memory of whoever is asked. So the leader's view is made
/// of: list, linearizable read on the leader itself, its status, list again. Two equal lists around
/// the read were true at it, and the status' applied index is the view's version; otherwise a
/// change is under way. Whose the answers are is looked at where it decides: a server whose status
/// names another cluster than the store is bound to is asked nothing more, and read, status and
/// list must come from one member, or nothing is confirmed. Bindings and metrics are taken as they
/// come.
package final class EtcdExecutor: Executor {
    let options: EtcdOptions
    let folder: NodeFolder
    let hooks: HookExecutor?
    let client: EtcdClient
    private let state = Mutex(State())

    fileprivate struct State {
        var contacts = EtcdContacts()
        var known: KnownConfiguration?
        /// Client URLs of the members seen last.
        var neighbours: [String] = []
    }

    /// The configuration seen last in a confirmed view, and the version at which it was seen first.
    fileprivate struct KnownConfiguration {
        var term: Term
        var members: [Seat]
        var since: LogIndex
    }

    fileprivate struct Seat: Hashable {
        var id: UInt64
        var isLearner: Bool
    }

    /// - Parameter hooks: starts, stops and clears etcd on this machine; nil: the agent cannot.
    package init(options: EtcdOptions, folder: NodeFolder, hooks: HookExecutor?) {
        self.options = options
        self.folder = folder
        self.hooks = hooks
        client = EtcdClient(
            limit: options.limit, security: options.security, credentials: options.credentials)
    }

    var now: Duration { .nanoseconds(SystemClock.bootNanoseconds()) }

    // MARK: Looking

    /// As `Executor` has it.
    package func observe() async throws(ExecutorProblem) -> NodeObservation {
        let found: EtcdView?
        do throws(EtcdClient.Problem) {
            found = try await look(isStrict: false)
        } catch {
            throw .unavailable("\(error)")
        }
        guard let view = found else { return try notRunning() }
        if isForeign(view.own) { throw .foreign(foreign(view.own)) }
        let isMember = view.members.contains { $0.id == view.own.member }
        let entry = NodeGroup(
            group: options.group, capabilities: EtcdOptions.capabilities,
            applied: LogIndex(view.own.applied))
        return NodeObservation(
            blank: false, engine: EngineIdentity(cluster: "\(view.own.cluster)", recoveryEpoch: 0),
            list: isMember ? [entry] : [], groups: isMember ? [view.report] : [],
            member: String(view.own.member, radix: 16), warnings: view.warnings)
    }

    /// Whether the server is of another cluster than the one that the node's disk is bound to.
    private func isForeign(_ own: EtcdStatus) -> Bool {
        folder.mark.engine.map { $0 != "\(own.cluster)" } ?? false
    }

    func foreign(_ own: EtcdStatus) -> String {
        "etcd at \(options.endpoint) is of the cluster \(own.cluster), "
            + "and this node's store is bound to \(folder.mark.engine ?? "none")"
    }

    /// What there is when no server answers: a blank disk, or a member that does not run.
    private func notRunning() throws(ExecutorProblem) -> NodeObservation {
        let mark = folder.mark
        do throws(LocalProblem) {
            if try folder.holdsNoData(), mark.member == nil { return NodeObservation(blank: true) }
        } catch {
            throw .unavailable(error.description)
        }
        let entry = NodeGroup(
            group: options.group, capabilities: EtcdOptions.capabilities, applied: nil)
        let report = GroupReport(
            group: options.group, state: .stopped, term: Term(0), leader: nil, applied: nil,
            view: nil)
        return NodeObservation(
            blank: false, engine: mark.engine.map { EngineIdentity(cluster: $0, recoveryEpoch: 0) },
            list: [entry], groups: [report], member: mark.member)
    }

    /// Looks at the node's own server, and as its leader at the whole group.
    ///
    /// - Parameter isStrict: whether a member counts as in contact only when its own server answers
    ///   now and follows this leader.
    /// - Returns: nil when no server answers.
    func look(isStrict: Bool) async throws(EtcdClient.Problem) -> EtcdView? {
        let url = options.endpoint
        let own: EtcdStatus
        do throws(EtcdClient.Problem) {
            own = try await client.status(url)
        } catch .unreachable {
            return nil
        }
        // A stranger is asked nothing more, and nothing is written there.
        if isForeign(own) { return EtcdView(only: own, of: options.group) }
        let (members, source) = try await list(url)
        var warnings: [String] = []
        var found = EtcdBindings()
        do throws(EtcdClient.Problem) {
            found = try await client.bindings(source, options.prefix, of: members)
            warnings += found.invalid.prefix(8).map { key in
                "the key \(JSONExcerpt.quoted(key.cut(toBytes: 100))) in etcd binds no node and is "
                    + "left out: remove it there"
            }
        } catch {
            warnings.append("the keys \(options.prefix) in etcd cannot be read: \(error)")
        }
        let bindings = found.byID
        let neighbours = members.filter { $0.id != own.member }.compactMap(\.clients.first)
        state.withLock { $0.neighbours = neighbours }
        var view = EtcdView(
            own: own, members: members, bindings: bindings,
            report: EtcdView.following(own, members, bindings, of: options.group),
            warnings: warnings)
        try await bindOwn(&view)
        if own.leader == own.member {
            try await lead(&view, isStrict: isStrict)
            if view.report.view?.confirmed == true { await writeDown(found) }
        }
        view.warnings += view.own.troubles
        return view
    }

    /// The members, and whom they were asked of: a learner does not say them, so others are asked.
    private func list(
        _ url: String
    ) async throws(EtcdClient.Problem) -> (members: [EtcdMember], source: String) {
        var refusal: EtcdClient.Problem
        do throws(EtcdClient.Problem) {
            return (try await client.members(url).members, url)
        } catch {
            guard case .refused = error else { throw error }
            refusal = error
        }
        for other in neighbours {
            do throws(EtcdClient.Problem) {
                return (try await client.members(other).members, other)
            } catch {
                refusal = error
            }
        }
        throw refusal
    }

    /// The member that runs here is on this store, unless etcd says otherwise.
    private func bindOwn(_ view: inout EtcdView) async throws(EtcdClient.Problem) {
        let (id, identity) = (view.own.member, folder.mark.identity)
        guard let me = view.members.first(where: { $0.id == id }) else { return }
        if let bound = view.bindings[id] {
            if bound.store != identity.store {
                view.warnings.append(
                    "etcd's member \(me.hex) belongs to the store \(bound.store), "
                        + "and this disk is \(identity.store): replace the member"
                )
            }
            return
        }
        // A learner takes no writes, and without a leader nobody does.
        if me.isLearner || view.own.leader == 0 { return }
        let binding = EtcdBinding(node: identity.node.text, store: identity.store)
        do throws(EtcdClient.Problem) {
            try await client.bind(options.endpoint, options.prefix, id, to: binding)
        } catch {
            view.warnings.append("the member could not be bound to its store in etcd: \(error)")
        }
    }

    // MARK: As the leader

    /// Binds the members whose adding agent died before it could.
    private func writeDown(_ found: EtcdBindings) async {
        for (id, peer) in found.unwritten {
            guard let binding = found.byID[id] else { continue }
            await bind(id, to: binding, peer: peer)
        }
    }

    private func lead(
        _ view: inout EtcdView, isStrict: Bool
    ) async throws(EtcdClient.Problem) {
        let url = options.endpoint
        var isConfirmed = false
        do throws(EtcdClient.Problem) {
            let read = try await client.linearizableRead(url, options.prefix)
            view.own = try await client.status(url)
            isConfirmed = read.member == view.own.member && read.term == view.own.term
        } catch {
            // Without a majority the read is not answered.
        }
        guard view.own.leader == view.own.member else {
            // The leadership has moved meanwhile: what is said of the new term is not a leader's.
            return view.follow()
        }
        let (isOwn, isPending) = try await listAgain(&view)
        // Behind one URL may be several members: only the leader's own list is in force.
        if !isOwn { isConfirmed = false }
        let (metrics, moment) = (try await client.text(options.metrics ?? url, "/metrics"), now)
        state.withLock { $0.contacts.look(metrics, now: moment) }
        let others = await statuses(of: view.members.filter { $0.id != view.own.member })
        let version = ConfigurationVersion(
            term: Term(view.own.term), index: LogIndex(view.own.applied))
        let contacts = state.withLock { state in
            if isConfirmed && !isPending { state.know(version, Self.seats(view.members)) }
            return state.contacts
        }
        let members = EtcdView.seats(view.members, view.bindings).map { node, member in
            var (other, age) = (others[member.id], contacts.age(of: member.hex, now: moment))
            if member.id == view.own.member {
                (other, age) = (view.own, .zero)
            } else if isStrict, !Self.follows(other, view.own) {
                age = nil
            }
            return MemberView(
                member: Member(
                    node: node, store: view.bindings[member.id]?.store,
                    role: member.isLearner ? .learner : .voter),
                match: other.map { LogIndex(min($0.index, view.own.index)) }, contactAge: age)
        }
        view.report.state = .leader
        view.report.term = version.term
        view.report.applied = LogIndex(view.own.applied)
        view.report.view = LeaderView(
            confirmed: isConfirmed, changePermitted: isConfirmed && !isPending, pending: isPending,
            version: version, commit: LogIndex(view.own.index), firstIndex: nil, members: members)
    }

    /// The members once more, behind the read.
    ///
    /// - Returns: whether they are as the leader itself has them, and whether they were others
    ///   before the read. Who has come meanwhile is known by what the agents have written since.
    private func listAgain(
        _ view: inout EtcdView
    ) async throws(EtcdClient.Problem) -> (isOwn: Bool, isPending: Bool) {
        let list = try await client.members(options.endpoint)
        let isPending = Self.seats(view.members) != Self.seats(list.members)
        view.members = list.members
        if isPending {
            view.bindings = try await client.bindings(
                options.endpoint, options.prefix, of: list.members
            ).byID
        }
        return (list.source == view.own.member, isPending)
    }

    private static func follows(_ other: EtcdStatus?, _ leader: EtcdStatus) -> Bool {
        other?.leader == leader.member && other?.term == leader.term
    }

    private static func seats(_ members: [EtcdMember]) -> [Seat] {
        members.map { Seat(id: $0.id, isLearner: $0.isLearner) }
    }

    /// What each of the members says of itself, all asked at once; nobody who does not answer.
    private func statuses(of members: [EtcdMember]) async -> [UInt64: EtcdStatus] {
        await withTaskGroup(of: (UInt64, EtcdStatus?).self) { group in
            for member in members {
                guard let url = member.clients.first else { continue }
                group.addTask { [client] in
                    // Who does not answer is missing from the result.
                    (member.id, try? await client.status(url))
                }
            }
            var result: [UInt64: EtcdStatus] = [:]
            for await (id, status) in group {
                if let status, status.member == id { result[id] = status }
            }
            return result
        }
    }

    /// Whether the configuration of a look now is the one that was in force at that version.
    ///
    /// etcd has no version of its configurations: what is known is at which read the present one
    /// was seen first, in this term, by this process.
    func isInForce(_ version: ConfigurationVersion, _ members: [EtcdMember]) -> Bool {
        let known = state.withLock { $0.known }
        guard let known else { return false }
        return known.term == version.term && known.members == Self.seats(members)
            && known.since <= version.index
    }

    /// Client URLs by which the cluster may be asked when this node's own server does not run.
    var neighbours: [String] {
        let seen = state.withLock { $0.neighbours }
        return seen + options.others.filter { !seen.contains($0) && $0 != options.endpoint }
    }
}

extension EtcdExecutor.State {
    fileprivate mutating func know(_ version: ConfigurationVersion, _ members: [EtcdExecutor.Seat])
    {
        if let known, known.term == version.term, known.members == members { return }
        known = .init(term: version.term, members: members, since: version.index)
    }
}
