// A Swift service that holds its node's lease and prints the cluster's membership as it changes.
import MusterClient

let words = CommandLine.arguments
guard words.count == 5 else { fatalError("usage: ClientService LOG CLUSTER NODE FOLDER") }
let orders = try await Cluster(words[2], log: words[1])
try await orders.withLease(of: Node(words[3], data: words[4])) { lease in
    try lease.report([GroupReport("g1", .leader, term: 7, leader: words[3], applied: 88_120)])
    for try await membership in orders.memberships() {
        print(membership)
    }
}
await orders.close()
