extension Rule {
    static let dependencies = [direction, unused, outsidePackages, publicSurface]

    /// What each module may import, ours first. Dependencies point down only; C libraries and the
    /// system are reached where they are needed and nowhere else.
    private static let table: [String: Set<String>] = [
        "MusterCore": [],
        "MusterWire": ["MusterCore", "CSimdJSON"],
        "MusterLog": ["MusterCore", "MusterWire", "CLibcrypto", "Dispatch", "Synchronization"],
        "MusterSQLite": [
            "MusterCore", "MusterRuntime", "MusterLog", "CSQLite", "Dispatch", "Glibc",
            "Synchronization",
        ],
        "MusterKafka": [
            "MusterCore", "MusterRuntime", "MusterLog", "CLibrdkafka", "Dispatch", "Glibc",
            "Synchronization",
        ],
        "MusterEngines": ["MusterCore", "MusterLog", "MusterSQLite", "MusterKafka", "Glibc"],
        "MusterRuntime": ["Dispatch", "Glibc", "Synchronization"],
        "MusterManager": [
            "MusterCore", "MusterWire", "MusterLog", "MusterEngines", "MusterRuntime",
            "Synchronization",
        ],
        "MusterAgent": [
            "MusterCore", "MusterWire", "MusterLog", "MusterEngines", "MusterRuntime", "CLibssl",
            "Glibc", "Synchronization",
        ],
        "MusterClient": [
            "MusterCore", "MusterWire", "MusterLog", "MusterEngines", "MusterRuntime",
            "MusterAgent", "Synchronization",
        ],
        "MusterSimulation": [
            "MusterCore", "MusterWire", "MusterLog", "MusterRuntime", "MusterManager",
            "MusterAgent", "Synchronization",
        ],
        "MusterTesting": ["MusterCore", "MusterLog", "Dispatch", "Synchronization"],
        "MusterCommandLine": ["MusterRuntime", "CYAML", "Glibc", "Synchronization"],
        "muster": [
            "MusterCore", "MusterWire", "MusterLog", "MusterEngines", "MusterRuntime",
            "MusterManager", "MusterSimulation", "MusterAgent", "MusterCommandLine", "Dispatch",
            "Glibc",
            "Synchronization",
        ],
    ]

    private static let direction = Rule(
        name: "modules use only what stands below them",
        applies: { $0.isSwift && $0.module != nil },
        findings: { file in
            let allowed = table[file.module ?? ""] ?? []
            return file.code.imports.filter { !allowed.contains($0.name) }
                .map { Finding(line: $0.line, what: "imports \($0.name)") }
        },
        broken: [
            File("import Foundation", at: "Sources/MusterCore/Sample.swift"),
            File("package import struct MusterManager.Manager", at: "Sources/MusterLog/S.swift"),
            File("internal import MusterCore", at: "Sources/MusterNew/Sample.swift"),
        ],
        kept: [
            File("package import MusterCore", at: "Sources/MusterWire/Sample.swift"),
            File("// import Foundation", at: "Sources/MusterCore/Sample.swift"),
        ])

    /// The table shrinks with the code. It is looked at once, beside the package's manifest.
    private static let unused = Rule(
        name: "the table of dependencies names only what is imported",
        applies: { $0.path == "Package.swift" },
        findings: { _ in
            var left = table
            for file in SourceTree.files where file.module != nil {
                left[file.module ?? ""]?.subtract(file.code.imports.map(\.name))
            }
            return left.sorted { $0.key < $1.key }.filter { !$0.value.isEmpty }.map {
                Finding(line: 1, what: "\($0.key) does not import \($0.value.sorted())")
            }
        },
        broken: [])

    private static let outsidePackages = line(
        "there is no outside package", in: { $0.path == "Package.swift" },
        broken: [File("    .package(url: x, from: y)", at: "Package.swift")]
    ) { $0.contains(".package(") ? "an outside package" : nil }

    /// The compiler sees to the rest: what is not imported so cannot stand in a public signature.
    private static let publicSurface = line(
        "public signatures have types of their own module only",
        in: { $0.isSwift && $0.path.hasPrefix("Sources/") },
        broken: [
            File("public import MusterCore", at: "Sources/MusterClient/Sample.swift"),
            File("@_exported import MusterLog", at: "Sources/MusterClient/Sample.swift"),
        ],
        kept: [File("package import MusterCore", at: "Sources/MusterClient/Sample.swift")]
    ) { code in
        ["public import ", "@_exported "].first { code.hasPrefix($0) }.map { "\($0)…" }
    }
}

extension SwiftCode {
    /// The modules that are imported, with the line.
    fileprivate var imports: [(line: Int, name: String)] {
        lines.enumerated().compactMap { index, line in
            var words = line.split(separator: " ").drop {
                ["package", "internal", "public", "private", "fileprivate"].contains($0)
                    || $0.hasPrefix("@")
            }
            guard words.popFirst() == "import" else { return nil }
            let kinds = ["struct", "class", "enum", "func", "protocol", "typealias", "var", "let"]
            if let kind = words.first, kinds.contains(String(kind)) { words.removeFirst() }
            guard let name = words.first?.split(separator: ".").first else { return nil }
            return (index + 1, String(name))
        }
    }
}
