import Foundation
import MusterFuzzing

/// Fuzzes every decoder of Muster, each by its promises; see CONTRIBUTING.md.
///
///     muster-fuzz [--inputs N] [--seed N] [--jobs N] [--target NAME] [--golden DIR] [--kept DIR]
///     muster-fuzz --target NAME --seed N --only NUMBER
///     muster-fuzz --target NAME --input FILE
///
/// First the inputs that once failed (`--kept`), then new ones. Ends with 1 when a promise is
/// broken, and by a signal when a decoder traps or stands still.
@main
struct MusterFuzz {
    private var inputs = 1_000_000
    private var only: UInt64?
    private var file: String?
    private var kept = "Tests/FuzzInputs"
    private var golden = "Tests/MusterWireTests/golden"
    private var targets = FuzzTarget.all
    private var seed: UInt64 = 1
    private var jobs = 2

    static func main() throws {
        var program = MusterFuzz()
        try program.read(CommandLine.arguments.dropFirst())
        exit(try program.run() ? 0 : 1)
    }

    private mutating func read(_ words: ArraySlice<String>) throws {
        var words = words
        while let name = words.popFirst() {
            guard let value = words.popFirst() else { throw FuzzFailure("\(name) needs a value") }
            switch name {
            case "--inputs": inputs = Int(value) ?? inputs
            case "--seed": seed = UInt64(value) ?? seed
            case "--jobs": jobs = min(max(Int(value) ?? jobs, 1), 16)
            case "--only": only = UInt64(value)
            case "--input": file = value
            case "--kept": kept = value
            case "--golden": golden = value
            case "--target":
                targets = FuzzTarget.all.filter { $0.name == value }
                if targets.isEmpty { throw FuzzFailure("there is no target \(value)") }
            default: throw FuzzFailure("there is no option \(name)")
            }
        }
    }

    /// - Returns: whether every promise was kept.
    private func run() throws -> Bool {
        var run = FuzzRun(try FuzzCorpus(golden: golden))
        run.seed = seed
        run.jobs = jobs
        if let only, let target = targets.first {
            run.jobs = 1
            return show([run.run(try run.input(only, of: target), of: target)])
        }
        if let file, let target = targets.first {
            run.jobs = 1
            return show([run.run(try Self.kept(file), of: target)])
        }
        guard try runKept(run) else { return false }
        let all = targets.reduce(0) { $0 + $1.share }
        var reports: [FuzzRun.Report] = []
        for target in targets {
            let report = run.run(inputs * target.share / all, of: target)
            reports.append(report)
            if !report.failures.isEmpty { break }
        }
        return show(reports)
    }

    private func runKept(_ run: FuzzRun) throws -> Bool {
        var count = 0
        for target in targets {
            let folder = "\(kept)/\(target.name)"
            // A target of which nothing ever failed has no folder.
            let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            for name in files.sorted() where name.hasSuffix(".txt") {
                count += 1
                let report = run.run(try Self.kept("\(folder)/\(name)"), of: target)
                guard report.failures.isEmpty else {
                    print("\(folder)/\(name) fails again")
                    return show([report])
                }
            }
        }
        print("inputs that once failed: \(count), all right now")
        return true
    }

    /// The bytes of a file with an escaped input.
    private static func kept(_ path: String) throws -> [UInt8] {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        guard let bytes = [UInt8](escaped: text) else {
            throw FuzzFailure("\(path) holds no escaped input")
        }
        return bytes
    }

    private func show(_ reports: [FuzzRun.Report]) -> Bool {
        func row(_ cells: [String]) {
            let padded = cells.enumerated().map { index, cell in
                let room = String(
                    repeating: " ", count: max(0, (index == 0 ? 16 : 10) - cell.count))
                return index == 0 ? cell + room : room + cell
            }
            print(padded.joined(separator: " "))
        }
        row(["target", "inputs", "read", "refused", "seconds", "MiB"])
        var all = 0
        var isRight = true
        for report in reports {
            let tally = report.tally
            all += tally.inputs
            row([
                report.target.name, "\(tally.inputs)", "\(tally.read)", "\(tally.refused)",
                String(format: "%.1f", report.seconds), "\(report.memoryMax >> 20)",
            ])
            if tally.inputs >= 1000, tally.read * 100 < tally.inputs || tally.refused == 0 {
                print("error: \(report.target.name) reads too few inputs, or refuses none")
                isRight = false
            }
        }
        for failure in reports.flatMap(\.failures) {
            print("error: \(failure)")
            isRight = false
        }
        print("\(all) inputs with seed \(seed): " + (isRight ? "all promises kept" : "FAILED"))
        return isRight
    }
}
