extension String {
    /// The text itself, or so much of it as that many bytes of UTF-8 hold, and a mark behind it.
    ///
    /// By bytes and not by characters: one letter may carry any number of marks.
    func cut(toBytes most: Int) -> String {
        guard utf8.count > most else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: most)
        while end > startIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        return String(unicodeScalars[..<end]) + "…"
    }
}
