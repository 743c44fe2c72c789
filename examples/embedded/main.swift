// A Swift program that runs a manager of its own.
import MusterManager

let manager = try await Manager(log: CommandLine.arguments.dropFirst().first ?? "memory:")
try await manager.run()
