package import MusterCore

extension EtcdExecutor {
    /// As `Executor` has it.
    package func carryOut(
        _ work: Work, progress: @escaping @Sendable (CopyProgress) -> Void
    ) async -> CommandOutcome {
        if let group = work.command.group, group != options.group {
            return .failed(.rejected, retryable: false, "etcd's group is \(options.group)")
        }
        switch work.command.action {
        case .observeGroup: return .succeeded(detail: "")
        case .prepareNode, .startMember, .stopMember: return await carryOutHere(work)
        case .syncGroup, .demoteMember:
            return .failed(
                .unsupported, retryable: false, "etcd has no \(work.command.action.name)")
        case .addMember, .promoteMember, .removeMember, .transferLeadership:
            return await change(work)
        }
    }

    // MARK: Changes, on the leader

    private func change(_ work: Work) async -> CommandOutcome {
        let view: EtcdView
        do throws(EtcdClient.Problem) {
            guard let found = try await look(isStrict: true) else {
                return .failed(.failed, retryable: true, "etcd does not answer")
            }
            view = found
        } catch {
            return .failed(.failed, retryable: true, "the group cannot be looked at: \(error)")
        }
        guard folder.mark.engine == "\(view.own.cluster)" else {
            return .failed(.rejected, retryable: false, foreign(view.own))
        }
        let command = work.command
        guard let require = command.require else {
            return .failed(.rejected, retryable: false, "a change without what it requires")
        }
        if case .transferLeadership(let target) = command.action, view.report.leader == target {
            return .succeeded(detail: "\(target) leads already")
        }
        if let refusal = Precondition(command: command, require: require).refusal(
            view.report, isVersion: { _ in isInForce(require.version, view.members) })
        {
            return refusal
        }
        return await propose(work, view)
    }

    private func propose(_ work: Work, _ view: EtcdView) async -> CommandOutcome {
        let command = work.command
        if case .transferLeadership(let target) = command.action {
            return await transfer(to: target, view)
        }
        switch (command.action, view.find(command.node, command.store, address: work.address)) {
        case (_, .another(let member)):
            return .failed(
                .preconditionFailed, retryable: true,
                "\(command.node) is the member \(member.hex), with another store")
        case (.addMember(let role), .none): return await add(work, role.member)
        case (.addMember(let role), .member(let member)):
            if member.isLearner == (role.member == .learner) || role.member == .learner {
                return .succeeded(detail: "it is the member \(member.hex) already")
            }
            return .failed(.rejected, retryable: false, "it is a learner already")
        case (.removeMember, .none): return .succeeded(detail: "it is no member")
        case (.removeMember, .member(let member)):
            if member.id == view.own.member {
                return .failed(.preconditionFailed, retryable: true, "the leader is not removed")
            }
            return await carryThrough("remove", member) { $0 == nil }
        case (.promoteMember, .member(let member)):
            if !member.isLearner { return .succeeded(detail: "it is a voter already") }
            return await carryThrough("promote", member) { $0?.isLearner == false }
        default:
            return .failed(.rejected, retryable: false, "\(command.node) is no member")
        }
    }

    private func add(_ work: Work, _ role: MemberRole) async -> CommandOutcome {
        let command = work.command
        guard let peer = work.address, peer.hasPrefix("http") else {
            return .failed(
                .failed, retryable: true,
                "where \(command.node) is reached by its peers is not known: its agent says it")
        }
        let binding = EtcdBinding(node: command.node.text, store: command.store)
        do throws(EtcdClient.Problem) {
            try await client.expect(options.endpoint, options.prefix, peer: peer, binding)
        } catch {
            return .failed(
                .failed, retryable: true, "which disk is added cannot be written down: \(error)")
        }
        do throws(EtcdClient.Problem) {
            let id = try await client.add(options.endpoint, peer: peer, isLearner: role == .learner)
            await bind(id, to: binding, peer: peer)
            return .succeeded(detail: "member \(String(id, radix: 16))")
        } catch {
            let added = await seen { members in members.first { $0.peers.contains(peer) } }
            if let added {
                await bind(added.id, to: binding, peer: peer)
                return .succeeded(detail: "member \(added.hex), after: \(error)")
            }
            let outcome = Self.outcome(error)
            if case .failed = outcome { await expectNobody(peer) }
            return outcome
        }
    }

    /// Takes back who is expected there: nobody was added, and whoever a person adds there later is
    /// somebody else.
    private func expectNobody(_ peer: String) async {
        do throws(EtcdClient.Problem) {
            try await client.forget(options.endpoint, options.prefix, peer: peer)
        } catch {
            // It stays, until the node is added there after all.
        }
    }

    /// A binding that fails is written by the leader's next look, which finds it expected.
    func bind(_ id: UInt64, to binding: EtcdBinding, peer: String) async {
        do throws(EtcdClient.Problem) {
            try await client.bind(options.endpoint, options.prefix, id, to: binding)
            try await client.forget(options.endpoint, options.prefix, peer: peer)
        } catch {
            // The next look.
        }
    }

    /// Removes or promotes a member, and looks when etcd does not say how that ended.
    private func carryThrough(
        _ what: String, _ member: EtcdMember, isDone: @Sendable (EtcdMember?) -> Bool
    ) async -> CommandOutcome {
        do throws(EtcdClient.Problem) {
            try await client.change(options.endpoint, what, member.id)
            return .succeeded(detail: "member \(member.hex)")
        } catch {
            let list = await seen { members in members.isEmpty ? nil : members }
            if let list, isDone(list.first { $0.id == member.id }) {
                return .succeeded(detail: "member \(member.hex), after: \(error)")
            }
            return Self.outcome(error)
        }
    }

    private func transfer(to target: NodeID, _ view: EtcdView) async -> CommandOutcome {
        guard let member = view.members.first(where: { view.node(of: $0) == target }),
            !member.isLearner
        else { return .failed(.rejected, retryable: false, "\(target) is no voter") }
        do throws(EtcdClient.Problem) {
            try await client.moveLeader(options.endpoint, to: member.id)
            return .succeeded(detail: "\(target) leads")
        } catch {
            // No change of members: nothing is in doubt for long.
            return Self.outcome(error)
        }
    }

    /// What the member list shows now, as etcd's own server has it.
    private func seen<Value: Sendable>(
        _ pick: @Sendable ([EtcdMember]) -> Value?
    ) async -> Value? {
        // Where it does not answer nothing is seen, and the outcome stays unknown.
        (try? await client.members(options.endpoint)).flatMap { pick($0.members) }
    }

    /// gRPC's codes under which etcd has not done it, with whether it may do it later.
    private static func outcome(_ problem: EtcdClient.Problem) -> CommandOutcome {
        let (code, words): (Int, String)
        switch problem {
        case .unreachable(let reason): return .failed(.failed, retryable: true, reason)
        case .garbled(let reason): return .unknown(detail: reason)
        case .refused(let number, let text): (code, words) = (number, text)
        }
        switch code {
        case 5, 6, 8, 9: return .failed(.failed, retryable: true, words)
        case 3, 7, 12, 16: return .failed(.rejected, retryable: false, words)
        default:
            // "Unavailable" covers both a check before the proposal and a proposal without an
            // answer.
            let isCheck =
                words.contains("unhealthy cluster") || words.contains("not enough started members")
                || words.contains("no leader")
            return isCheck
                ? .failed(.failed, retryable: true, words) : .unknown(detail: words)
        }
    }

    // MARK: On this machine

    private func carryOutHere(_ work: Work) async -> CommandOutcome {
        let command = work.command
        guard let hooks else {
            return .failed(
                .unsupported, retryable: false, "the agent was given no directory of hooks")
        }
        guard command.store == folder.mark.identity.store else {
            return .failed(.rejected, retryable: false, "this disk is another store")
        }
        let asked: (members: [EtcdMember], bindings: [UInt64: EtcdBinding])
        do throws(EtcdClient.Problem) {
            asked = try await askNeighbours()
        } catch {
            return .failed(.failed, retryable: true, "no member can be asked: \(error)")
        }
        let own = asked.members.first { member in
            asked.bindings[member.id]?.store == command.store
                || asked.bindings[member.id] == nil && member.peers.contains(options.peer)
        }
        if case .startMember = command.action {
            guard let own else {
                return .failed(.preconditionFailed, retryable: true, "this store is no member")
            }
            return await start(work, own, asked.members, asked.bindings, hooks)
        }
        if let own {
            return .failed(
                .preconditionFailed, retryable: true, "this store is the member \(own.hex)")
        }
        return await hooks.carryOut(work) { _ in }
    }

    private func start(
        _ work: Work, _ own: EtcdMember, _ members: [EtcdMember],
        _ bindings: [UInt64: EtcdBinding], _ hooks: HookExecutor
    ) async -> CommandOutcome {
        let node = folder.mark.identity.node
        let cluster = members.flatMap { member -> [String] in
            let name = member.id == own.id ? node : EtcdView.node(of: member, bindings)
            return member.peers.map { "\(name)=\($0)" }
        }
        let ready = hooks.with([
            "MUSTER_ETCD_NAME=\(node)", "MUSTER_ETCD_CLIENT_URL=\(options.endpoint)",
            "MUSTER_ETCD_PEER_URL=\(options.peer)",
            "MUSTER_ETCD_INITIAL_CLUSTER=" + cluster.joined(separator: ","),
        ])
        let outcome = await ready.carryOut(work) { _ in }
        guard case .succeeded = outcome else { return outcome }
        let end = now + options.startLimit
        while now < end {
            // Not yet there: asked again.
            if let status = try? await client.status(options.endpoint) {
                if status.member == own.id { return .succeeded(detail: "member \(own.hex)") }
                return .failed(
                    .failed, retryable: false,
                    "etcd runs as \(String(status.member, radix: 16)), not as \(own.hex)")
            }
            // A cancelled wait ends with the limit.
            try? await Task.sleep(for: .milliseconds(200))
        }
        return .failed(.failed, retryable: true, "etcd was started and does not answer")
    }

    private func askNeighbours() async throws(EtcdClient.Problem) -> (
        members: [EtcdMember], bindings: [UInt64: EtcdBinding]
    ) {
        var last = EtcdClient.Problem.unreachable("none is known: give --etcd-others")
        for url in neighbours {
            do throws(EtcdClient.Problem) {
                // Not from the memory of somebody who was cut off, and not of a stranger.
                let read = try await client.linearizableRead(url, options.prefix)
                if let engine = folder.mark.engine, engine != "\(read.cluster)" {
                    throw .garbled("\(url) is of the cluster \(read.cluster), not of \(engine)")
                }
                let list = try await client.members(url)
                guard list.source == read.member else {
                    throw .garbled(
                        "\(url) leads to several members: one answered the read, another the list")
                }
                // What was bound in time for that list is known to a majority.
                let found = try await client.bindings(
                    url, options.prefix, of: list.members, asMajorityHas: true)
                return (list.members, found.byID)
            } catch {
                last = error
            }
        }
        throw last
    }
}
