//! The declared files of both example sides, as `certs-example/` has them: for the demo, the tour and tests.

/// Avelia's declared file.
pub const AVELIA: &str = include_str!("../../../certs-example/avelia.toml");
/// Borenia's declared file.
pub const BORENIA: &str = include_str!("../../../certs-example/borenia.toml");
