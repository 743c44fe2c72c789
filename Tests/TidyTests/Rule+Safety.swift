extension Rule {
    static let safety = [pointers, ownership]

    /// Engines, the runtime, the JSON reader, and the one file of a target that reaches a C
    /// library.
    private static let reachMemory = [
        "Sources/MusterSQLite/", "Sources/MusterKafka/", "Sources/MusterRuntime/",
        "Sources/MusterWire/JSON",
        "Sources/MusterLog/SHA256.swift",
        "Sources/MusterCommandLine/Configuration/YAMLReader.swift",
        "Sources/MusterAgent/Net/TLSSession.swift", "Sources/MusterAgent/Journal/LocalFile.swift",
        "Benchmarks/", "Tests/", "Package.swift",
    ]

    private static func mayNotReachMemory(_ file: File) -> Bool {
        file.isSwift && !reachMemory.contains { file.path.hasPrefix($0) }
    }

    private static let pointers = line(
        "pointers stay in engines, the runtime, the JSON reader and beside C libraries",
        exceptions: [
            "Sources/MusterLog/HeaderCoding.swift": "reads headers where an engine has them",
            "Sources/MusterLog/JournalReader.swift": "reads records where the batch has them",
            "Sources/MusterLog/MemoryReader.swift": "an engine",
            "Sources/MusterLog/RecordArena.swift": "the bytes of a batch, in one allocation",
            "Sources/MusterLog/RecordBatch.swift": "borrowed views of the bytes of a batch",
            "Sources/MusterWire/Checkpoint.swift": "hands borrowed bytes to the JSON reader",
            "Sources/MusterWire/CloudEvent.swift": "hands borrowed bytes to the JSON reader",
            "Sources/MusterWire/CloudEventReader.swift": "hands borrowed bytes to the JSON reader",
            "Sources/MusterWire/InputReader.swift": "hands borrowed bytes to the JSON reader",
            "Sources/MusterWire/InternetTime.swift": "reads a text where the JSON reader has it",
            "Sources/MusterWire/JournalEnvelope.swift": "compares a record's prefix in place",
            "Sources/MusterWire/JournalHeader.swift": "hands borrowed bytes to the JSON reader",
            "Sources/MusterWire/JournalRecord.swift": "hands borrowed bytes to the JSON reader",
            "Sources/MusterWire/PlainHeaders.swift": "judges headers where an engine has them",
            "Sources/MusterWire/RegistryFrame.swift": "looks at a record's first bytes in place",
            "Sources/MusterWire/Snapshot.swift": "hands borrowed bytes to the JSON reader",
            "Sources/MusterSimulation/StoryObserver.swift":
                "hands a record to the journal's reader",
            "Sources/MusterCommandLine/Shell/ProcessContext+Live.swift": "reaches the C library",
            "Sources/muster/Running/DevFolder.swift": "mkdtemp changes its argument in place",
        ],
        in: mayNotReachMemory,
        broken: [
            File("let p: UnsafeRawPointer"), File("x.withUnsafeBytes { f($0) }"),
            File("nonisolated(unsafe) var x = 1"), File("let x = unsafe f()"),
            File("Unmanaged.passRetained(x)"), File("final class C: @unchecked Sendable {}"),
            File("unsafeBitCast(x, to: Int.self)"), File("unowned(unsafe) let x: X"),
        ],
        kept: [File("// UnsafePointer"), File("let isUnsafeToRemove = true")]
    ) { code in
        let words = [
            "@unchecked Sendable", "Unmanaged", "withUnsafe", "nonisolated(unsafe)",
            "unowned(unsafe)", "unsafeBitCast", "unsafeDowncast", "unsafe",
        ]
        if let word = words.first(where: { word in
            word.hasPrefix("with") ? code.contains(word) : code.hasWord(word)
        }) {
            return word
        }
        return code.firstRange(of: /\bUnsafe[A-Z]\w*(Pointer|Buffer)/).map { String(code[$0]) }
    }

    /// Owner, thread, lifetime: whoever changes it must know them.
    private static let ownership = Rule(
        name: "what the compiler cannot check has a comment that says why it is right",
        applies: { $0.isSwift && !$0.isTest },
        findings: { file in
            file.code.lines.enumerated().compactMap { index, code in
                let words = [
                    "@unchecked Sendable", "nonisolated(unsafe)", "Unmanaged.passRetained",
                ]
                guard let word = words.first(where: code.contains) else { return nil }
                let said = file.code.comments[max(0, index - 4)..<index]
                if said.contains(where: { $0.contains("//") }) { return nil }
                return Finding(line: index + 1, what: "\(word) without a comment")
            }
        },
        broken: [
            File("final class C: @unchecked Sendable {}"),
            File("nonisolated(unsafe) var x = 1"),
        ],
        kept: [File("// Written before any thread starts.\nnonisolated(unsafe) var x = 1")])
}
