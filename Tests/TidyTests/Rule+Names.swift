extension Rule {
    static let names = [drawers, afterTypes]

    private static let drawers = Rule(
        name: "no file is a drawer for what has no place",
        applies: { $0.isSwift },
        findings: { file in
            let base = file.name.split(separator: ".").first ?? ""
            let isDrawer = base.split(separator: "+").contains { part in
                ["Utils", "Util", "Utilities", "Helpers", "Helper", "Common", "Misc"]
                    .contains { part.hasSuffix($0) }
            }
            return isDrawer ? [Finding(line: 1, what: "named after nothing")] : []
        },
        broken: [
            File("", at: "Sources/MusterCore/Helpers.swift"),
            File("", at: "Sources/MusterCore/NodeUtils.swift"),
            File("", at: "Sources/MusterCore/Node+Misc.swift"),
        ],
        kept: [File("", at: "Sources/MusterCore/Commoner.swift")])

    private static let afterTypes = Rule(
        name: "a file is named after a type that it declares, or extends by a concern",
        exceptions: [
            "Sources/MusterCore/Numbers.swift": "the numbers that may not be taken for each other",
            "Sources/MusterCore/Report.swift": "what agents report, in one place",
            "Sources/MusterCore/Removal+Plan.swift": "a removal is a saga, not a type",
            "Sources/MusterWire/WireForm+Lists.swift": "what a wire form needs of JSON's types",
            "Sources/MusterWire/WireWord+Core.swift": "the core's words on the wire",
            "Tests/MusterSQLiteTests/TemporaryDirectory.swift": "scope functions",
            "Tests/MusterWireTests/JSONReading.swift": "scope functions",
            "Tests/MusterWireTests/WireSamples.swift": "a list of samples",
            "Tests/MusterWireTests/WireSamples+State.swift": "a list of samples",
        ],
        applies: { $0.isSwift && $0.name != "main.swift" && $0.name != "Package.swift" },
        findings: { file in
            let base = file.name.split(separator: ".").first ?? ""
            let names = file.code.typeNames
            let type = String(base.split(separator: "+").first ?? "")
            let isRight =
                base.contains("+")
                ? names.extended.contains(type) : names.declared.contains(type)
            return isRight ? [] : [Finding(line: 1, what: "no \(type) in it")]
        },
        broken: [
            File("struct Other {}"), File("extension Other {}"),
            File("struct Sample {}", at: "Sources/MusterCore/Sample+Words.swift"),
        ],
        kept: [
            File("package indirect enum Sample {}"),
            File("package extension Sample.Part {}", at: "Sources/MusterCore/Part+Words.swift"),
        ])
}
