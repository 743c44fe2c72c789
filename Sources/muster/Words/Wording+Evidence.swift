import MusterCore

// What a decision rests on beside facts: who was heard when, and what leaders saw of their members.

extension Wording {
    /// What soft evidence says, in sentences.
    ///
    /// - Parameters:
    ///   - nodes: only what is about these and their leaders; nil: everything.
    ///   - moment: when it was decided; what was heard is told by how long before that it was.
    static func seen(
        _ evidence: Evidence, of nodes: Set<NodeID>?, at moment: Timestamp
    ) -> [String] {
        func isMeant(_ node: NodeID) -> Bool { nodes.map { $0.contains(node) } ?? true }
        var lines: [String] = []
        for (name, known) in evidence.nodes where isMeant(name) {
            lines += heard(name, known, at: moment)
        }
        for (group, seen) in evidence.groups {
            guard let view = seen.view else { continue }
            var parts = [leader(view, of: group, at: moment)]
            for member in view.view.members where isMeant(member.member.node) {
                let node = member.member.node
                if node == view.leader.node { continue }
                parts.append(standing(of: member, seen.members[node], at: moment))
            }
            lines.append(parts.joined(separator: "; "))
        }
        return lines
    }

    private static func heard(
        _ name: NodeID, _ known: NodeEvidence, at moment: Timestamp
    ) -> [String] {
        var text = "\(name.text) was last heard \(before(known.heard.appended, moment))"
        if let rival = known.rival {
            text +=
                ", another process or disk under its name "
                + before(rival.heard.appended, moment)
        }
        return [text]
            + known.copies.map { copy in
                "\(name.text) had \(copy.progress.bytes) bytes"
                    + (copy.progress.bytesTotal.map { " of \($0)" } ?? "")
                    + " of \(copy.progress.group.text), the last new ones "
                    + before(copy.moved, moment)
            }
    }

    private static func leader(
        _ seen: GroupEvidence.Observation, of group: GroupID, at moment: Timestamp
    ) -> String {
        var text =
            "\(seen.leader.node.text) led \(group.text) in term \(seen.term), seen "
            + "\(before(seen.heard.appended, moment)), with entry \(seen.view.commit) committed"
        if !seen.view.confirmed { text += ", not confirmed by a majority" }
        if seen.view.pending || !seen.view.changePermitted { text += ", no change permitted yet" }
        return text
    }

    /// How a leader saw a member: how far it was, and whether there was contact.
    private static func standing(
        of member: MemberView, _ known: MemberEvidence?, at moment: Timestamp
    ) -> String {
        var text = member.member.node.text
        if member.member.role == .learner { text += " (learner)" }
        text += member.match.map { " at entry \($0)" } ?? " at an unknown entry"
        if let since = known?.outOfContactSince {
            text += ", without contact for \(length(max(.zero, moment - since)))"
        } else if member.contactAge != nil {
            text += ", in contact"
        }
        if let since = known?.caughtUpSince {
            text += ", caught up for \(length(max(.zero, moment - since)))"
        }
        return text
    }

    /// `1.2 s before`. Records that are read together may be a little newer than the decision.
    private static func before(_ heard: Timestamp, _ moment: Timestamp) -> String {
        "\(length(max(.zero, moment - heard))) before"
    }
}
