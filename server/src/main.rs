//! `hotline-server --config FILE`: the relay as a program of its own, for hosts that run nothing else.

use std::{path::PathBuf, process::ExitCode};

use hotline_server::serve;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let config = match (words.next(), words.next(), words.next()) {
        (Some(flag), Some(file), None) if flag == "--config" => PathBuf::from(file),
        _ => {
            eprintln!("usage: hotline-server --config relay.toml");
            return ExitCode::from(2);
        }
    };
    ExitCode::from(serve::main(&config))
}
