import Synchronization

/// Brings what many senders have to say to one task, in batches.
///
/// A send takes a lock, appends and, if the reader waits, wakes it; the reader takes all that waits
/// by swapping the array. So the busier it is, the larger the batches and the cheaper each element.
/// Elements of one sender keep their order. Nothing bounds the box: a sender that must not run
/// ahead looks at `count`.
package final class Mailbox<Element: Sendable>: Sendable {
    private let state = Mutex(State())
    private let alarm: MailboxAlarm

    fileprivate struct State: Sendable {
        var elements: [Element] = []
        var reader: CheckedContinuation<[Element], Never>?
        /// When the waiting reader gives up; nil: never.
        var deadline: ContinuousClock.Instant?
        /// Set when the reader's task was cancelled before it began to wait.
        var isCancelled = false
    }

    package init() {
        alarm = MailboxAlarm()
        alarm.onRing { [weak self] in self?.endAtDeadline() }
    }

    /// Hands over one element; from any thread, without waiting.
    package func send(_ element: Element) {
        let woken = state.withLock { state -> (CheckedContinuation<[Element], Never>, [Element])? in
            state.elements.append(element)
            guard let reader = state.reader.take() else { return nil }
            return (reader, state.takeElements())
        }
        if let (reader, elements) = woken { reader.resume(returning: elements) }
    }

    /// Hands over several elements, which stay together.
    package func send(contentsOf elements: some Sequence<Element>) {
        let woken = state.withLock { state -> (CheckedContinuation<[Element], Never>, [Element])? in
            state.elements.append(contentsOf: elements)
            guard !state.elements.isEmpty, let reader = state.reader.take() else { return nil }
            return (reader, state.takeElements())
        }
        if let (reader, elements) = woken { reader.resume(returning: elements) }
    }

    /// How many elements wait.
    package var count: Int { state.withLock { $0.elements.count } }

    /// All that waits, in the order of arrival, or as soon as something arrives; empty when
    /// `deadline` passes first, or when the task is cancelled. For one task at a time.
    package func next(until deadline: ContinuousClock.Instant? = nil) async -> [Element] {
        let ready = state.withLock { $0.takeElements() }
        if !ready.isEmpty { return ready }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { wait(until: deadline, resuming: $0) }
        } onCancel: {
            cancel()
        }
    }

    private func wait(
        until deadline: ContinuousClock.Instant?,
        resuming reader: CheckedContinuation<[Element], Never>
    ) {
        let ready = state.withLock { state -> [Element]? in
            precondition(state.reader == nil, "two tasks read one mailbox")
            let isCancelled = state.isCancelled
            state.isCancelled = false
            if isCancelled || !state.elements.isEmpty { return state.takeElements() }
            if let deadline, deadline <= .now { return [] }
            state.reader = reader
            state.deadline = deadline
            return nil
        }
        if let ready { return reader.resume(returning: ready) }
        if let deadline { alarm.ring(at: deadline) }
    }

    private func cancel() {
        let woken = state.withLock { state -> (CheckedContinuation<[Element], Never>, [Element])? in
            guard let reader = state.reader.take() else {
                state.isCancelled = true
                return nil
            }
            return (reader, state.takeElements())
        }
        if let (reader, elements) = woken { reader.resume(returning: elements) }
    }

    /// The alarm rang: for this reader, or for an earlier one whose deadline it still had.
    private func endAtDeadline() {
        let (reader, later) = state.withLock {
            state -> (CheckedContinuation<[Element], Never>?, ContinuousClock.Instant?) in
            guard state.reader != nil, let deadline = state.deadline else { return (nil, nil) }
            return deadline > .now ? (nil, deadline) : (state.reader.take(), nil)
        }
        reader?.resume(returning: [])
        if let later { alarm.ring(at: later) }
    }
}

extension Mailbox.State {
    fileprivate mutating func takeElements() -> [Element] {
        var taken: [Element] = []
        swap(&taken, &elements)
        return taken
    }
}
