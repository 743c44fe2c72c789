import MusterWire
import Testing

/// RFC 3339, and bytes as text.
struct InternetTimeTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.001Z", 1),
            ("1969-12-31T23:59:59.999Z", -1), ("2000-02-29T12:30:15Z", 951_827_415_000),
            ("2026-11-23T22:40:00.1239Z", 1_795_473_600_123),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
            ("1996-12-19t16:39:57-08:00", 851_042_397_000),
            ("1990-12-31T23:59:60Z", 662_688_000_000),
            ("1937-01-01T12:00:27.87+00:20", -1_041_337_172_130),
            ("2024-01-01T00:00:00-00:00", 1_704_067_200_000),
        ] as [(String, Int64)])
    func `times are read`(text: String, milliseconds: Int64) {
        #expect(InternetTime.milliseconds(of: text) == milliseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-11-23", "2026-11-23T22:40:00", "2026-11-23 22:40:00Z",
        "2026-11-23T22:40Z",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+0100",
        "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+01:60", "2026-01-01T00:00:00Z ",
        "26-01-01T00:00:00Z", "-026-01-01T00:00:00Z", "２026-01-01T00:00:00Z", "2026-1-1T00:00:00Z",
    ])
    func `what is no time is refused`(text: String) {
        #expect(InternetTime.milliseconds(of: text) == nil)
    }

    @Test(arguments: 1...20)
    func `times are written and read back`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            let moment = Int64.random(
                in: -62_167_219_200_000..<253_402_300_800_000, using: &random)
            let text = InternetTime.text(milliseconds: moment)
            #expect(text.utf8.count == 24)
            #expect(InternetTime.milliseconds(of: text) == moment)
        }
        #expect(InternetTime.text(milliseconds: 0) == "1970-01-01T00:00:00.000Z")
        #expect(InternetTime.text(milliseconds: -1) == "1969-12-31T23:59:59.999Z")
        #expect(InternetTime.text(milliseconds: 253_402_300_800_000) == "253402300800000")
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func `base64 follows RFC 4648`(plain: String, encoded: String) {
        #expect(Base64.text(of: Array(plain.utf8)) == encoded)
        #expect(Base64.bytes(of: encoded) == Array(plain.utf8))
    }

    @Test func `base64 holds all bytes, and other texts are refused`() {
        let all = (0...255).map { UInt8($0) }
        for count in 0...all.count {
            #expect(Base64.bytes(of: Base64.text(of: Array(all[..<count]))) == Array(all[..<count]))
        }
        #expect(Base64.text(of: [0xFB, 0xFF]) == "+/8=")
        for wrong in [
            "Z", "Zg", "Zg=", "Zg=a", "Zh==", "Zm9=", "=", "====", "Z===", "Zm 9", "Zm-_",
        ] {
            #expect(Base64.bytes(of: wrong) == nil, "\(wrong)")
        }
    }
}
