import Foundation
import MusterBenchmarks

do {
    let arguments = Array(CommandLine.arguments.dropFirst())
    let settings = try BenchmarkSettings(arguments)
    let figures = try await BenchmarkRun(settings).run()
    print(settings.isJSON ? FigureReport.json(figures) : FigureReport.table(figures))
} catch {
    FileHandle.standardError.write(Data("muster-benchmarks: \(error)\n".utf8))
    exit(64)
}
