package import MusterCore

/// What a log is made of, how its topics are set up, and what Muster makes of it.
package struct LogReport: Sendable {
    /// Its brokers, `host:port (id)`, in the order of their ids; empty where there are none.
    package var brokers: [String] = []
    /// The topics that exist, in the order of `Topic`.
    package var topics: [Detail]
    /// What is not as it should be, in the order of `Topic`, the unsafe first.
    package var findings: [Finding]

    /// One topic.
    package struct Detail: Hashable, Sendable {
        package var topic: Topic
        /// Its name in the log: with the prefix.
        package var name: String
        package var partitions: Int32
        /// How many brokers keep each record; nil where there are no brokers.
        package var replication: Int?
        /// What differs from topic to topic and matters to Muster, in the engine's own words.
        package var settings: [Setting]

        package init(
            _ topic: Topic, name: String, partitions: Int32, replication: Int?,
            settings: [Setting]
        ) {
            self.topic = topic
            self.name = name
            self.partitions = partitions
            self.replication = replication
            self.settings = settings
        }
    }

    /// A name and a value.
    package struct Setting: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Something that is not as it should be.
    package struct Finding: Hashable, Sendable {
        package var topic: Topic
        package var severity: Severity
        /// What is there.
        package var found: String
        /// What should be there.
        package var wanted: String
        /// What it costs as it is.
        package var cost: String

        package init(
            _ topic: Topic, _ severity: Severity, found: String, wanted: String, cost: String
        ) {
            self.topic = topic
            self.severity = severity
            self.found = found
            self.wanted = wanted
            self.cost = cost
        }
    }

    /// How bad a finding is.
    package enum Severity: String, Hashable, Sendable, CaseIterable {
        /// No manager starts on it.
        case blocking
        /// The topic does not exist; a manager makes it when it starts.
        case missing
        /// It works, at a cost.
        case advice
    }

    package init(brokers: [String] = [], topics: [Detail], findings: [Finding]) {
        self.brokers = brokers
        self.topics = topics
        self.findings = findings
    }

    /// The findings about topics that do not exist.
    package static func missing(of topics: [Detail]) -> [Finding] {
        Topic.allCases.filter { topic in !topics.contains { $0.topic == topic } }.map {
            Finding(
                $0, .missing, found: "no such topic", wanted: "the topic",
                cost: "nothing can be written to it; a manager makes it when it starts")
        }
    }
}
