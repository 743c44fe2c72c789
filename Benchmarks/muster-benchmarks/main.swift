import MusterBenchmarks

let fold = FoldBenchmark()
let count = Int(CommandLine.arguments.dropFirst().first ?? "") ?? 2_000_000
_ = fold.evolve(10_000)
var figures: [Figure] = []
let t1 = Stopwatch.seconds { _ = fold.evolve(count) }
figures.append(
    Figure("evolve", Double(count) / t1, "decisions/s", baseline: 2_000_000, wanted: .atLeast(1)))
let t2 = Stopwatch.seconds { _ = fold.decideAndEvolve(count / 4) }
figures.append(
    Figure(
        "decide and evolve", Double(count / 4) / t2, "decisions/s", baseline: 500_000,
        wanted: .atLeast(1)))
let one = MemoryBenchmark.bytesPerNode(nodeCount: 100_000, groupCount: 1).bytes
let three = MemoryBenchmark.bytesPerNode(nodeCount: 100_000, groupCount: 3).bytes
figures.append(Figure("memory per node", one, "bytes", baseline: 1000, wanted: .atMost(1)))
figures.append(
    Figure(
        "memory per further group", (three - one) / 2, "bytes", baseline: 200, wanted: .atMost(1)))
for f in figures { print(f.name, f.value, f.unit, f.ratio, f.isMet) }
