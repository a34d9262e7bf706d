//! The statements of an exported log as DSSE envelopes in JSON, one file each.

use std::{fs, path::Path};

use hotline_audit::{
    SignedStatement,
    tiles::{TILE_WIDTH, TileDir},
};

use super::{aside, into_place, refusal};
use crate::{
    exit::{self, Failure},
    log::read,
};

/// Writes `<hash of the statement>.json` for each entry of an exported log of `size` entries into the new folder `out`.
///
/// # Errors
/// The folder holds something already or cannot be written, or an entry is no statement. Then nothing is left behind.
pub(super) fn write(log: &Path, size: u64, out: &Path) -> Result<(), Failure> {
    let aside = aside(out)?;
    let tiles = TileDir::new(log);
    for bundle in 0..size.div_ceil(TILE_WIDTH) {
        let bundle = tiles.bundle(bundle, size).map_err(|error| refusal(log, &error))?;
        for entry in &bundle.entries {
            let statement = SignedStatement::parse(entry).map_err(|error| {
                read::damaged(format!("an entry is no statement: {}", exit::chain(&error)))
            })?;
            let file = aside.path().join(format!("{}.json", statement.hash()));
            fs::write(&file, statement.to_json())
                .map_err(|error| Failure::io(&file.display().to_string(), &error))?;
        }
    }
    into_place(aside, out)
}
