internal import MusterCore

/// What is to happen, by simulated time; what is due at one moment happens in the order in which it
/// was asked for. A binary heap of the moments; the events lie beside it and are not moved.
struct WorldQueue {
    private struct Entry {
        var at: Timestamp
        var order: UInt64
        /// Where the event lies.
        var place: Int

        static func < (left: Entry, right: Entry) -> Bool {
            left.at == right.at ? left.order < right.order : left.at < right.at
        }
    }

    private var heap: [Entry] = []
    private var order: UInt64 = 0
    private var events: [WorldEvent?] = []
    /// The places that are empty.
    private var free: [Int] = []

    mutating func add(_ event: WorldEvent, at moment: Timestamp) {
        order += 1
        heap.append(Entry(at: moment, order: order, place: keep(event)))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child] < heap[parent] else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func keep(_ event: WorldEvent) -> Int {
        guard let place = free.popLast() else {
            events.append(event)
            return events.count - 1
        }
        events[place] = event
        return place
    }

    mutating func next() -> (at: Timestamp, event: WorldEvent)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        guard let event = events[first.place].take() else { return nil }
        free.append(first.place)
        return (first.at, event)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            if least == parent { return }
            heap.swapAt(least, parent)
            parent = least
        }
    }
}

/// What may happen next in a world.
enum WorldEvent {
    /// A manager looks at what has come and at its clock.
    case manager(Int)
    case beginManager(Int)
    case assign(Int, Set<Int32>, division: Int)
    /// An agent looks at what has come and at its clock.
    case agent(Int)
    case beginAgent(Int)
    /// A record reaches the log.
    case land(NewRecordOnItsWay)
    /// The Raft groups move on.
    case raft
    /// A copy or a change goes on.
    case work(Int, epoch: UInt64, UnderWay)
    case fault
    case over(WorldFault)
    case operators
    case neighbour
    case wish
    case absence(Roughness.Absence)
    /// The log's clock leaps.
    case leap
    /// An operator changes the policy.
    case policy
    /// Nobody reaches the log for so long.
    case outage(Duration)
    case calm
    /// Whether everything has converged.
    case look
}
