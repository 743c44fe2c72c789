/// One measured figure beside its baseline of the same run.
package struct Figure: Sendable {
    package var name: String
    package var value: Double
    package var unit: String
    /// What the value is compared with, in the same unit.
    package var baseline: Double
    /// What the ratio should be.
    package var wanted: Wanted

    /// A bound on value / baseline.
    package enum Wanted: Sendable {
        case atLeast(Double)
        case atMost(Double)
    }

    package init(
        _ name: String, _ value: Double, _ unit: String, baseline: Double, wanted: Wanted
    ) {
        self.name = name
        self.value = value
        self.unit = unit
        self.baseline = baseline
        self.wanted = wanted
    }

    /// value / baseline.
    package var ratio: Double { baseline == 0 ? 0 : value / baseline }

    /// Whether the ratio keeps its bound.
    package var isMet: Bool {
        switch wanted {
        case .atLeast(let bound): ratio >= bound
        case .atMost(let bound): ratio <= bound
        }
    }
}
