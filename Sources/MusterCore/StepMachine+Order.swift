// DOMAIN §6.2 to §6.5: the order of the steps in one group.

extension StepMachine {
    /// What comes after a step; nil when the group is done.
    func nextName(after name: Step.Name) -> Step.Name? {
        switch saga.kind {
        case .join: return nextOfJoin(after: name)
        case .remove, .leave: return nextOfRemoval(after: name)
        case .demote: return name == .transfer ? .demote : nil
        case .replace: return nextOfReplacement(after: name)
        case .promote, .transfer: return nil
        }
    }

    private var capabilities: Capabilities {
        state.capabilities(of: situation.group, for: saga.comer.node)
    }

    private func nextOfJoin(after name: Step.Name) -> Step.Name? {
        switch name {
        case .seed: return .start
        case .start: return capabilities.startsAfterAdd ? .catchUp : .learner
        case .learner:
            if capabilities.startsAfterAdd { return .start }
            return capabilities.learnersMax == 0 ? nil : .catchUp
        case .catchUp: return saga.role == .voter && !isVoter(saga.comer) ? .promote : nil
        case .clear, .promote, .transfer, .remove, .stop, .demote, .takeBack, .done: return nil
        }
    }

    /// A step that belongs to what the saga was before may still end after the removal took over:
    /// what is in the group then leaves it.
    private func nextOfRemoval(after name: Step.Name) -> Step.Name? {
        switch name {
        case .transfer: return .remove
        case .remove, .stop, .done: return nil
        case .clear, .seed, .start, .learner, .catchUp, .promote, .demote, .takeBack:
            guard situation.view(of: owner) != nil else { return nil }
            return wayOut
        }
    }

    /// The newcomer comes in first and is promoted once the old member has left; where the engine
    /// forbids that, the old member leaves first.
    private func nextOfReplacement(after name: Step.Name) -> Step.Name? {
        switch name {
        case .transfer: return .remove
        case .remove where saga.isOnOldStore: return nil
        case .remove:
            if !isMember(saga.comer) { return Self.firstName(capabilities) }
            return wantsVoter ? .promote : nil
        case .catchUp:
            if !isOldMemberOut { return wayOut }
            return wantsVoter ? .promote : nil
        case .learner where capabilities.learnersMax == 0: return nil
        case .seed, .start, .learner: return nextOfJoin(after: name)
        case .clear, .promote, .stop, .demote, .takeBack, .done: return nil
        }
    }

    private var wayOut: Step.Name { situation.leader?.node == owner ? .transfer : .remove }

    private var isOldMemberOut: Bool {
        !isMember(Saga.Newcomer(node: saga.node, store: saga.store))
    }

    /// Whether the newcomer is to vote: the old member did, or the group lacks a voter.
    private var wantsVoter: Bool {
        step.voter || situation.voters.count < Int(situation.register.desired)
    }

    func isMember(_ who: Saga.Newcomer) -> Bool {
        guard let member = situation.view(of: who.node)?.member else { return false }
        return member.store == nil || member.store == who.store
    }

    private func isVoter(_ who: Saga.Newcomer) -> Bool {
        isMember(who) && situation.view(of: who.node)?.member.role == .voter
    }

    /// The first step of a join in a group.
    static func firstName(_ capabilities: Capabilities) -> Step.Name {
        if capabilities.startsAfterAdd { return .learner }
        return capabilities.seed == .external ? .seed : .start
    }
}
