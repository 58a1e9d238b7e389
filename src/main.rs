//! The `deskline` program: hands over to the library.

fn main() -> std::process::ExitCode {
    deskline::cli::main()
}
