import Glibc
import MusterCommandLine

/// The program: the table of commands, and the process around it.
@main
struct Muster {
    static func main() async {
        let code = await Table.program.run(.live())
        exit(code.rawValue)
    }
}
