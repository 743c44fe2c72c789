import MusterCore
import Testing

struct NumbersTests {
    /// A journal from elsewhere may hold any number: whoever reads it must live through that.
    @Test func `the number after the last one is the last one`() {
        #expect(Offset(7).next == Offset(8))
        #expect(Offset(.max).next == Offset(.max))
        #expect(Start(.max).next == Start(.max))
    }
}
