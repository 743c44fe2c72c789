extension ClusterState {
    func decideLiveness(evidence: Evidence, at: Timestamp) -> [Event] { [] }
    func decideRemoval(of node: NodeID, evidence: Evidence, at: Timestamp) -> [Event] { [] }
    func livenessDeadline(evidence: Evidence) -> Timestamp? { nil }
}
extension Policy { var invalidity: Refusal? { nil } }
