import Dispatch
import MusterRuntime
import Testing

struct MailboxTests {
    @Test(.timeLimit(.minutes(1)))
    func `many senders lose nothing and keep their own order`() async {
        let mailbox = Mailbox<(sender: Int, number: Int)>()
        let (senders, each) = (8, 10_000)
        for sender in 0..<senders {
            DispatchQueue.global().async {
                for number in 0..<each { mailbox.send((sender, number)) }
            }
        }
        var next = Array(repeating: 0, count: senders)
        var received = 0
        while received < senders * each {
            for element in await mailbox.next() {
                #expect(element.number == next[element.sender])
                next[element.sender] += 1
                received += 1
            }
        }
        #expect(mailbox.count == 0)
    }

    @Test func `all that waits comes at once`() async {
        let mailbox = Mailbox<Int>()
        mailbox.send(1)
        mailbox.send(contentsOf: [2, 3])
        #expect(mailbox.count == 3)
        #expect(await mailbox.next() == [1, 2, 3])
    }

    @Test(.timeLimit(.minutes(1)))
    func `a deadline without elements ends the wait, not before its time`() async {
        let mailbox = Mailbox<Int>()
        for milliseconds in [0, 1, 20, 5] {
            let deadline = ContinuousClock.now + .milliseconds(milliseconds)
            #expect(await mailbox.next(until: deadline).isEmpty)
            #expect(ContinuousClock.now >= deadline)
        }
        #expect(await mailbox.next(until: .now - .seconds(1)).isEmpty)
    }

    @Test(.timeLimit(.minutes(1)))
    func `an alarm of an earlier wait does not end a later one`() async {
        let mailbox = Mailbox<Int>()
        async let first = mailbox.next(until: .now + .milliseconds(30))
        mailbox.send(1)
        #expect(await first == [1])
        let deadline = ContinuousClock.now + .milliseconds(60)
        #expect(await mailbox.next(until: deadline).isEmpty)
        #expect(ContinuousClock.now >= deadline)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a cancelled reader returns, and the box still works`() async {
        let mailbox = Mailbox<Int>()
        await withTaskGroup(of: [Int].self) { group in
            group.addTask { await mailbox.next() }
            group.cancelAll()
            #expect(await group.next() == [])
        }
        mailbox.send(5)
        #expect(await mailbox.next() == [5])
    }
}
