//! The same program as `hotline`, under a name of this room's own, so that `cargo test` builds it with the tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    hotline_cli::main(std::env::args_os())
}
