import MusterAgent
import MusterCore
import Testing

/// Answers that would cost an agent its time or memory are refused while they arrive.
struct AnswerTests {
    private func problem(_ text: String) -> String? {
        AnswerReader().problem(with: Array(text.utf8), .http)
    }

    @Test func `a chunk whose length has no end is refused`() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(problem(head + "5\r\nhello\r\n0\r\n\r\n") == nil)
        let endless = problem(head + "5\r\nhello\r\n" + String(repeating: "0", count: 5000))
        #expect(endless == "its answer is no row of chunks")
    }

    @Test func `headers beyond what is taken are refused however they arrive`() {
        func answer(_ count: Int) -> String {
            "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: count) + "\r\n\r\n"
        }
        #expect(problem(answer(1000)) == nil)
        #expect(problem(answer(1010)) == "its answer has no end of headers")
        #expect(problem(answer(4000)) == "its answer has no end of headers")
    }

    @Test func `what lies in etcd binds no member to a name that is none`() {
        let store = Identifier(high: 1, low: 2)
        #expect(EtcdBinding(text: "\(store) e1")?.node == "e1")
        #expect(EtcdBinding(text: "\(store) e1")?.store == store)
        for name in ["", "a/b", "a\nb", "a\u{202E}b", String(repeating: "x", count: 5000)] {
            #expect(EtcdBinding(text: "\(store) \(name)") == nil, "\(name.debugDescription)")
        }
    }
}
