// A Swift program that runs the agent of its own node.
import MusterAgent

let words = CommandLine.arguments
guard words.count == 7 else {
    fatalError("usage: EmbeddedAgent LOG CLUSTER NODE FOLDER HOOKS ADDRESS")
}
let agent = try await Agent(
    of: words[3], in: words[2], data: words[4], hooks: words[5], log: words[1],
    address: words[6], beatEvery: .milliseconds(500))
try await agent.run()
