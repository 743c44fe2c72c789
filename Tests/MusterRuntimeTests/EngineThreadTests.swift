import Glibc
import MusterRuntime
import Testing

@Suite struct EngineThreadTests {
    /// As when a program ends without having read what it is given. This process does not ignore
    /// the signal, as no program does that embeds a module of ours.
    @Test func `a write to what nobody reads any more fails, and does not end the process`() async {
        let code = await withCheckedContinuation { waiting in
            EngineThread.start {
                var ends: [Int32] = [-1, -1]
                guard pipe(&ends) == 0 else { return waiting.resume(returning: errno) }
                close(ends[0])
                let count = write(ends[1], [1], 1)
                let code = count < 0 ? errno : 0
                close(ends[1])
                waiting.resume(returning: code)
            }
        }
        #expect(code == EPIPE)
    }
}
