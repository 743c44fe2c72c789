extension TopicSettings {
    /// Why a topic of these settings cannot be made where `found` exists: the number of partitions
    /// and the kind of cleanup never change. nil when it can, or is there.
    package func conflict(with found: TopicSettings?, url: String) -> LogError? {
        guard let found else { return nil }
        func error(_ found: String, _ wanted: String) -> LogError {
            .topicDiffers(log: url, topic, found: found, wanted: wanted)
        }
        if found.partitions != partitions {
            return error("\(found.partitions) partitions", "\(partitions)")
        }
        switch (found.cleanup, cleanup) {
        case (.delete, .delete), (.compact, .compact): return nil
        case (.delete, .compact), (.compact, .delete):
            return error("the cleanup \"\(found.cleanup)\"", "\"\(cleanup)\"")
        }
    }
}
