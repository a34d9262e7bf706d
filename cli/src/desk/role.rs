//! `hotline desk role`: the role cards of a seat, which lie in its folder.

use std::{fs, path::PathBuf};

use clap::Args;
use hotline_client::config::DeskConfig;
use hotline_core::text::inert;

use super::{Common, load};
use crate::exit::{self, Failure, Outcome};

/// Most of a card that is shown, in bytes. 64 KiB: many pages.
const CARD_MAX: usize = 64 * 1024;

/// `hotline desk role`.
#[derive(Debug, Args)]
pub struct RoleArgs {
    #[command(flatten)]
    common: Common,
}

/// Shows the cards.
///
/// # Errors
/// HL-DESK-045 if there are none.
pub fn run(args: &RoleArgs) -> Outcome {
    let config = load(&args.common)?;
    let cards = cards(&config);
    if cards.is_empty() {
        let what = "this seat has no role card";
        let help = "ask control what you are to do";
        return Err(Failure::new("HL-DESK-045", exit::OTHER, what, help).as_json(args.common.json));
    }
    for card in cards {
        let text = fs::read(&card).map_err(|error| Failure::io(&card.display().to_string(), &error))?;
        let text = String::from_utf8_lossy(text.get(..CARD_MAX).unwrap_or(&text)).into_owned();
        crate::say!("{}:", card.file_stem().unwrap_or_default().to_string_lossy());
        for line in inert(&text).text.lines() {
            crate::say!("  {line}");
        }
    }
    Ok(exit::OK)
}

/// Every card of the folder, in the order of names: in each language.
fn cards(config: &DeskConfig) -> Vec<PathBuf> {
    let folder = config.trust.with_file_name("role");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut cards: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    cards.sort();
    cards
}
