//! The wire: the protobuf definitions of hotline and the code made from them.
//!
//! `proto/hotline/v1/statement.proto` is the strict part: what is signed, logged and exported. Its generated types
//! exist so that other programs can be tested against ours; hotline itself reads statements only with
//! `hotline_audit`'s strict reader, and never re-encodes one. `proto/hotline/v1/relay.proto` is the lenient session
//! around them, and its types are what the doors carry.
//!
//! The generated code is committed, so that building needs neither protoc nor a build script; the test
//! `the_committed_code_is_what_the_definitions_generate` proves it fresh. This room decides nothing.

/// Generated from `hotline/v1/*.proto`.
pub mod v1 {
    #![allow(missing_docs, clippy::all, reason = "generated")]
    include!("generated/hotline.v1.rs");
}

/// The encoded descriptor set of the definitions, for gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("generated/descriptor.bin");

/// The session version this crate describes; negotiated in the hello.
pub const SESSION_VERSION: u32 = 1;

/// Largest session frame either end decodes, in bytes. 4 MiB: a delivery holds at most [`FRAME_ITEMS_MAX`] statements
/// and stops at [`FRAME_PAYLOAD_SOFT_BYTES`]; one statement (60 KiB) and its proofs fit many times over.
pub const FRAME_BYTES_MAX: usize = 4 << 20;

/// Most hashes of leaves in one checkpoint update. 64: 2 KiB, and what a line adds in seconds unless it is very busy; there
/// other lanes bring the base in time.
pub const UPDATE_LEAVES_MAX: usize = 64;

/// Most statements in one frame. 256: one tile's worth, and an inclusion proof each stays under 160 KiB.
pub const FRAME_ITEMS_MAX: usize = 256;

/// A frame is closed before its statements pass this size, in bytes, and on a slow line sooner: what a lane may have unread
/// is its profile's. 1 MiB keeps a frame far below [`FRAME_BYTES_MAX`] whatever its last statement.
pub const FRAME_PAYLOAD_SOFT_BYTES: usize = 1 << 20;

/// Code of the `Notice` with which either end says that it closes in good order.
pub const CLOSING: &str = "CLOSING";

mod heartbeat;
pub mod lane;

pub use heartbeat::heartbeat;
