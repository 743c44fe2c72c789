import MusterCore
import MusterLog
import MusterWire

/// A log whose clock went back: records lie more than a lease below the time of a cluster's newest
/// decision, and until the clock has caught up no timer fires for that cluster.
enum ClockTrouble {
    static func problem(_ query: Query, _ state: ClusterState) async throws -> Problem? {
        guard let lease = state.policy?.lease,
            let partition = query.projection.reader.partition(of: state.id)
        else { return nil }
        var newest: Timestamp?
        for topic in [Topic.journal, .heartbeats, .snapshots] {
            let place = TopicPartition(topic, partition)
            let end = try await query.log.range(of: place).upperBound
            guard end.value > 0,
                let last = try await query.log.readOne(
                    Position(place, Offset(end.value - 1)))
            else { continue }
            newest = max(newest ?? last.appended, last.appended)
        }
        guard let newest, newest < state.at - lease else { return nil }
        return Problem(
            cluster: state.id,
            sentence: "clockBehind: the log's clock is \(Wording.length(state.at - newest)) behind "
                + "decision \(state.head.sequence); no timer fires until it has caught up")
    }
}
