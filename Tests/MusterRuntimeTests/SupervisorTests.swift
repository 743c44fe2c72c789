import MusterRuntime
import Testing

@Suite struct SupervisorTests {
    @Test
    func `where nobody wants to hear nothing is said, and a socket that is gone costs nothing`() {
        #expect(Supervisor(environment: [:]) == nil)
        for name in ["", "@", "/", "relative", "/" + String(repeating: "x", count: 108)] {
            #expect(Supervisor(environment: ["NOTIFY_SOCKET": name]) == nil, "\(name)")
        }
        let gone = Supervisor(environment: ["NOTIFY_SOCKET": "/nowhere/notify"])
        #expect(gone?.tell(.ready) == false)
        let nobody = Supervisor(environment: ["NOTIFY_SOCKET": "@muster-test-nobody-listens"])
        #expect(nobody?.tell(.stopping) == false)
    }
}
