//! The committed code is what the definitions generate.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{fs, path::Path};

use prost::Message as _;

/// Run with `HOTLINE_BLESS=1` to write the generated files anew after a change of the definitions.
#[test]
fn the_committed_code_is_what_the_definitions_generate() {
    let room = Path::new(env!("CARGO_MANIFEST_DIR"));
    let include = room.join("proto");
    let files = ["hotline/v1/statement.proto", "hotline/v1/relay.proto"];
    let set = protox::compile(files, [&include]).unwrap();
    let descriptor = set.encode_to_vec();

    let out = tempfile::tempdir().unwrap();
    tonic_prost_build::configure()
        .out_dir(out.path())
        .bytes(".")
        .compile_fds(set)
        .unwrap();
    let code = fs::read_to_string(out.path().join("hotline.v1.rs")).unwrap();

    let committed = room.join("src/generated");
    if std::env::var_os("HOTLINE_BLESS").is_some() {
        fs::write(committed.join("hotline.v1.rs"), &code).unwrap();
        fs::write(committed.join("descriptor.bin"), &descriptor).unwrap();
    }
    let same = fs::read_to_string(committed.join("hotline.v1.rs")).unwrap() == code
        && fs::read(committed.join("descriptor.bin")).unwrap() == descriptor;
    assert!(
        same,
        "stale generated code: run HOTLINE_BLESS=1 cargo test -p hotline-proto"
    );
}
