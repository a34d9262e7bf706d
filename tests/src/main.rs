//! The same program as `hotline`, under a name of this room's own, so that `cargo test` builds it with the tests; and it
//! ends or stops at the crash point that [`hotline_tests::crash::VARIABLE`] names.

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Err(why) = hotline_tests::crash::install() {
        eprintln!("hotline-under-test: {why}");
        return ExitCode::from(2);
    }
    hotline_cli::main(std::env::args_os())
}
