import MusterRuntime
import Testing

struct RFC3339Tests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_826_554_321, "2000-02-29T12:15:54.321Z"),
        (1_772_373_780_250, "2026-03-01T14:03:00.250Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
    ])
    func `a time is written and read back`(milliseconds: Int64, text: String) {
        #expect(RFC3339.text(milliseconds: milliseconds) == text)
        #expect(RFC3339.milliseconds(text) == milliseconds)
    }

    @Test func `every day of four centuries is written and read back`() {
        for day in Int64(-80_000)...80_000 {
            let milliseconds = day * 86_400_000 + 1
            #expect(RFC3339.milliseconds(RFC3339.text(milliseconds: milliseconds)) == milliseconds)
        }
    }

    @Test(arguments: [
        ("2026-03-01T14:03:00Z", 1_772_373_780_000),
        ("2026-03-01 14:03:00.5+02:00", 1_772_366_580_500),
        ("2026-03-01t14:03:00.123456789z", 1_772_373_780_123),
        ("2026-03-01T14:03:00-00:30", 1_772_375_580_000),
    ])
    func `other spellings of a time are read`(text: String, milliseconds: Int64) {
        #expect(RFC3339.milliseconds(text) == milliseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx",
        "2026-01-01T00:00:00+2:00", "+026-01-01T00:00:00Z", "２026-01-01T00:00:00Z",
    ])
    func `what is no time is refused`(text: String) {
        #expect(RFC3339.milliseconds(text) == nil)
    }
}
