import Glibc

/// Says which input a thread was at when a signal ended the process.
///
/// A decoder that traps takes its process with it, and nothing of Swift's may run then. So each
/// thread notes what it is at in plain memory that is never freed, and the signal's handler, which
/// may call nothing but the system, writes it down.
enum FuzzWatch {
    /// What one thread is at. Written by its thread, read by the handler of a signal on that same
    /// thread, and by the thread that looks for inputs that take too long, which only compares.
    struct Slot {
        var thread: pthread_t
        var isUsed = false
        var target: UnsafePointer<CChar>?
        var seed: UInt64 = 0
        var index: UInt64 = 0
        var bytes: UnsafePointer<UInt8>?
        var count = 0
    }

    static let slotsMax = 16

    /// Allocated once and never freed, so that a handler may look at any time.
    nonisolated(unsafe) static let slots: UnsafeMutablePointer<Slot> = {
        let slots = UnsafeMutablePointer<Slot>.allocate(capacity: slotsMax)
        slots.initialize(repeating: Slot(thread: pthread_self()), count: slotsMax)
        return slots
    }()

    /// Room for what the handler writes; used by the one handler that ends the process.
    private nonisolated(unsafe) static let room: UnsafeMutablePointer<UInt8> =
        .allocate(capacity: 1 << 20)

    static func begin() {
        _ = slots
        _ = room
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT] {
            signal(number) { number in
                FuzzWatch.tell(number)
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    /// Only calls that a signal's handler may make.
    private static func tell(_ number: Int32) {
        let own = pthread_self()
        for index in 0..<slotsMax where slots[index].isUsed && slots[index].thread == own {
            let slot = slots[index]
            var length = 0
            func put(_ text: StaticString) {
                for place in 0..<text.utf8CodeUnitCount {
                    room[length] = text.utf8Start[place]
                    length += 1
                }
            }
            func put(_ number: UInt64) {
                var divisor: UInt64 = 1
                while number / divisor >= 10 { divisor *= 10 }
                while divisor > 0 {
                    room[length] = UInt8(48 + number / divisor % 10)
                    length += 1
                    divisor /= 10
                }
            }
            func putTarget() {
                var place = 0
                while let target = slot.target, target[place] != 0 {
                    room[length] = UInt8(bitPattern: target[place])
                    length += 1
                    place += 1
                }
            }
            put("\nmuster-fuzz: signal ")
            put(UInt64(number))
            put(" at an input of ")
            putTarget()
            put("\nagain: muster-fuzz --target ")
            putTarget()
            put(" --seed ")
            put(slot.seed)
            put(" --only ")
            put(slot.index)
            put("\ninput, escaped:\n")
            putEscaped(slot, &length)
            put("\n")
            _ = write(2, room, length)
        }
    }

    private static func putEscaped(_ slot: Slot, _ length: inout Int) {
        guard let bytes = slot.bytes else { return }
        for place in 0..<min(slot.count, 200_000) {
            let byte = bytes[place]
            if byte >= 0x20, byte < 0x7F, byte != 0x5C, byte != 0x27, byte != 0x25 {
                room[length] = byte
                length += 1
            } else {
                room[length] = 0x5C
                room[length + 1] = 0x78
                room[length + 2] = digit(byte >> 4)
                room[length + 3] = digit(byte & 15)
                length += 4
            }
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
}
