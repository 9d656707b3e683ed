use std::process::ExitCode;

fn main() -> ExitCode {
    docmill::cli::main()
}
