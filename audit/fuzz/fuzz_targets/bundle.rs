#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hotline_audit::fuzzing::bundle(bytes));
