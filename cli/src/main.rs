//! `hotline`: the one program people type. Everything is in the library; this only starts it.

use std::process::ExitCode;

fn main() -> ExitCode {
    hotline_cli::main(std::env::args_os())
}
