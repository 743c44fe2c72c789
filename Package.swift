// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is compiled under the same rules (docs/decisions, CONTRIBUTING.md).
let house: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: house)
}

func program(_ name: String, path: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: house)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency], data: [String] = []
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: data, swiftSettings: house)
}

func systemLibrary(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(
        name: name, path: "Sources/SystemLibraries/\(name)",
        pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let package = Package(
    name: "muster",
    products: [
        .executable(name: "muster", targets: ["muster"]),
        .library(name: "MusterClient", targets: ["MusterClient"]),
        .library(name: "MusterManager", targets: ["MusterManager"]),
        .library(name: "MusterAgent", targets: ["MusterAgent"]),
    ],
    targets: [
        systemLibrary("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),
        systemLibrary("CLibrdkafka", pkgConfig: "rdkafka", apt: "librdkafka-dev"),
        systemLibrary("CLibcrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
        systemLibrary("CLibssl", pkgConfig: "libssl", apt: "libssl-dev"),
        systemLibrary("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
        .target(
            name: "CSimdJSON",
            linkerSettings: [.linkedLibrary("simdjson")]),

        // The order is the direction of dependencies: a module may use only what stands above it.
        module("MusterRuntime"),
        module("MusterCore"),
        module("MusterWire", ["MusterCore", "CSimdJSON"]),
        module("MusterLog", ["MusterCore", "MusterWire", "CLibcrypto"]),
        module("MusterSQLite", ["MusterRuntime", "MusterCore", "MusterLog", "CSQLite"]),
        module("MusterKafka", ["MusterRuntime", "MusterCore", "MusterLog", "CLibrdkafka"]),
        module("MusterEngines", ["MusterCore", "MusterLog", "MusterSQLite", "MusterKafka"]),
        module(
            "MusterManager",
            ["MusterCore", "MusterWire", "MusterLog", "MusterEngines", "MusterRuntime"]),
        module(
            "MusterAgent",
            [
                "MusterCore", "MusterWire", "MusterLog", "MusterEngines", "MusterRuntime",
                "CLibssl",
            ]),
        module(
            "MusterClient",
            [
                "MusterCore", "MusterWire", "MusterLog", "MusterEngines", "MusterRuntime",
                "MusterAgent",
            ]),
        module(
            "MusterSimulation",
            [
                "MusterCore", "MusterWire", "MusterLog", "MusterRuntime", "MusterManager",
                "MusterAgent",
            ]),
        module("MusterCommandLine", ["MusterRuntime", "CYAML"]),
        program(
            "muster", path: "Sources/muster",
            [
                "MusterCore", "MusterWire", "MusterLog", "MusterEngines", "MusterRuntime",
                "MusterManager", "MusterSimulation", "MusterAgent", "MusterCommandLine",
            ]),
        module("MusterTesting", ["MusterCore", "MusterLog"]),
        tests("MusterCoreTests", ["MusterCore", "MusterTesting"]),
        tests("MusterRuntimeTests", ["MusterRuntime"]),
        tests("MusterCommandLineTests", ["MusterCommandLine", "MusterRuntime"]),
        tests("MusterWireTests", ["MusterCore", "MusterWire"], data: ["golden"]),
        tests(
            "MusterSchemaTests",
            ["MusterCore", "MusterWire", "MusterLog", "MusterCommandLine"]),

        tests(
            "MusterSimulationTests",
            [
                "MusterCore", "MusterWire", "MusterLog", "MusterRuntime", "MusterManager",
                "MusterAgent", "MusterSimulation", "MusterTesting",
            ]),
        tests(
            "MusterAgentTests",
            [
                "MusterCore", "MusterWire", "MusterLog", "MusterRuntime", "MusterAgent",
                "MusterTesting",
            ]),
        program("EmbeddedAgent", path: "examples/embedded-agent", ["MusterAgent"]),
        program("ClientService", path: "examples/client", ["MusterClient"]),
        tests(
            "MusterClientTests",
            [
                "MusterCore", "MusterWire", "MusterLog", "MusterSQLite", "MusterRuntime",
                "MusterManager", "MusterAgent", "MusterClient",
            ]),
        tests("TidyTests", []),
        tests("MusterScenarioTests", ["MusterCore", "MusterSimulation"], data: ["testdata"]),
        tests("BenchmarkTests", ["MusterCore", "MusterBenchmarks"]),
        program("EmbeddedManager", path: "examples/embedded", ["MusterManager"]),
        tests(
            "MusterManagerTests",
            [
                "MusterCore", "MusterWire", "MusterLog", "MusterSQLite", "MusterRuntime",
                "MusterManager", "MusterTesting", "EmbeddedManager",
            ]),
        .systemLibrary(name: "CMalloc", path: "Benchmarks/CMalloc"),
        .target(
            name: "CBareKafka", dependencies: ["CLibrdkafka", "CLibcrypto"],
            path: "Benchmarks/CBareKafka"),
        .target(
            name: "MusterBenchmarks",
            dependencies: [
                "MusterCore", "MusterWire", "MusterLog", "MusterSQLite", "MusterKafka",
                "MusterManager", "CMalloc", "CSQLite", "CBareKafka",
            ],
            path: "Benchmarks/MusterBenchmarks", swiftSettings: house),
        program("muster-benchmarks", path: "Benchmarks/muster-benchmarks", ["MusterBenchmarks"]),
        program(
            "muster-log-torture", path: "Tests/Support/muster-log-torture",
            ["MusterCore", "MusterLog", "MusterSQLite"]),
        .target(
            name: "MusterFuzzing",
            dependencies: [
                "MusterCore", "MusterWire", "MusterLog", "MusterKafka", "MusterManager",
                "MusterAgent", "MusterCommandLine", "MusterRuntime", "MusterTesting",
            ],
            path: "Tests/Support/MusterFuzzing", swiftSettings: house),
        program("muster-fuzz", path: "Tests/Support/muster-fuzz", ["MusterFuzzing"]),
        tests("MusterEnginesTests", ["MusterCore", "MusterLog", "MusterEngines"]),
        tests(
            "MusterSQLiteTests",
            [
                "MusterCore", "MusterLog", "MusterSQLite", "MusterTesting", "CSQLite",
                "muster-log-torture",
            ]),
        tests(
            "CommandTests",
            [
                "muster", "MusterCore", "MusterWire", "MusterLog", "MusterEngines",
                "MusterCommandLine", "MusterTesting",
            ]),
        tests("MusterGuidesTests", ["MusterCore", "MusterWire", "MusterLog", "MusterSQLite"]),
        tests(
            "MusterLogTests",
            [
                "MusterCore", "MusterLog", "MusterSQLite", "MusterKafka", "MusterTesting",
                "CLibrdkafka",
            ]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
