//! Lines that exist are not measured: a bench would fill their logs, which only grow, and their people's screens.

use std::path::Path;

use hotline_client::config::DeskConfig;
use hotline_core::identity::World;

use super::error::BenchError;

/// Why the line of that desk is not measured.
pub fn refusal(file: &Path) -> BenchError {
    match DeskConfig::load(file) {
        Err(error) => error.into(),
        Ok(config) if config.identity.world() == World::Operation => {
            BenchError::InOperation(config.identity.to_string())
        }
        Ok(config) => BenchError::Existing(config.identity.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_transport::Seams;

    use super::*;
    use crate::{
        exit,
        pki::{self, Declaration, example},
    };

    fn refused(domain: &str) -> BenchError {
        let (root, seams) = (tempfile::tempdir().unwrap(), Seams::system());
        let declared = Declaration::parse(example::AVELIA, "avelia.toml").unwrap();
        let mut entropy = |bytes: &mut [u8]| seams.entropy.fill(bytes);
        let declared = declared.only(domain).unwrap();
        pki::init(&declared, root.path(), seams.clock.wall(), &mut entropy).unwrap();
        refusal(&root.path().join(domain).join("desk/ops/desk.toml"))
    }

    #[test]
    fn a_line_in_operation_is_never_measured() {
        let error = refused("avelia.example");
        assert!(matches!(error, BenchError::InOperation(_)), "{error}");
        assert_eq!(error.failure().exit, exit::IDENTITY);
        assert!(error.to_string().contains("OPERATION"), "{error}");
    }

    #[test]
    fn a_line_that_exists_for_exercise_is_not_measured_either() {
        let error = refused("exercise.avelia.example");
        assert!(matches!(error, BenchError::Existing(_)), "{error}");
        assert_eq!(error.failure().exit, exit::USAGE);
    }

    #[test]
    fn settings_that_cannot_be_read_are_told_as_that() {
        let error = refusal(Path::new("none.toml"));
        assert_eq!(error.failure().exit, exit::CONFIG);
    }
}
