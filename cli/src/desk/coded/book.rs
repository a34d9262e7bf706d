//! The codebook that lies at a desk, and how it reads coded messages.

use std::{fs, path::PathBuf};

use hotline_audit::{Hash, statement::CharterTerms};
use hotline_client::{config::DeskConfig, standing::ChannelView};
use hotline_exercise::codebook::{
    self, Codebook,
    coded::{self, Coded, Decoded},
};
use hotline_exercise::tongue::Tongue;

use crate::{
    desk::seat::Seat,
    exit::{self, Failure},
};

/// The file.
const FILE: &str = "codebook.toml";

/// A desk's codebook, and the language of its officers.
pub struct Book {
    /// The codebook.
    pub book: Codebook,
    /// The language of this desk's officers.
    pub ours: Tongue,
    /// That of the other side.
    pub theirs: Tongue,
}

impl Book {
    /// The codebook of a desk: `codebook.toml` beside its settings, else beside its trust folder. None if there is none.
    ///
    /// # Errors
    /// HL-DESK-042: it cannot be read, with every mistake.
    pub fn of(config: &DeskConfig) -> Result<Option<Self>, Failure> {
        let Some(file) = places(config).into_iter().find(|file| file.is_file()) else {
            return Ok(None);
        };
        let name = file.display().to_string();
        let unusable =
            |what: String| Failure::new("HL-DESK-042", exit::CONFIG, what, "mend or replace the file");
        let text = fs::read_to_string(&file).map_err(|error| unusable(format!("{name}: {error}")))?;
        let book = codebook::read(&name, &text).map_err(|errors| unusable(errors.to_string()))?;
        // A codebook has the languages of the two sides A and B; a second desk of A is called A2.
        let (ours, theirs) = match config.prefix.starts_with('B') {
            true => (Tongue::Qbo, Tongue::Qav),
            false => (Tongue::Qav, Tongue::Qbo),
        };
        Ok(Some(Self { book, ours, theirs }))
    }

    /// The same, if it is the one that the charter of a channel pins: only with that one may anything coded be sent.
    ///
    /// # Errors
    /// HL-DESK-042.
    pub async fn pinned(seat: &mut Seat, channel: &str) -> Result<Self, Failure> {
        let refused = |what: String, help: &str| Failure::new("HL-DESK-042", exit::CONFIG, what, help);
        let book = Self::of(&seat.config)?.ok_or_else(|| {
            let places: Vec<String> = places(&seat.config)
                .iter()
                .map(|place| place.display().to_string())
                .collect();
            refused(
                format!("this desk has no codebook: neither {}", places.join(" nor ")),
                "put the agreed codebook there, or send free words",
            )
        })?;
        let standing = seat.status().await?.standing;
        let pin = standing
            .channels
            .iter()
            .find(|view| view.name == channel)
            .and_then(pin_of);
        book.book.check_pin(pin).map_err(|error| {
            refused(
                format!("{channel}: {error}"),
                "both sides sign a charter that pins this codebook, or send free words",
            )
        })?;
        Ok(book)
    }

    /// A coded message of this codebook; none for any other text.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<Coded> {
        match coded::decode(&self.book, text) {
            Decoded::Coded(coded) => Some(coded),
            _ => None,
        }
    }

    /// How a text reads: in the officers' language and in English; `both`: in the other side's language too. None for free
    /// words.
    #[must_use]
    pub fn drawn(&self, text: &str, both: bool) -> Option<String> {
        match coded::decode(&self.book, text) {
            Decoded::Free => None,
            Decoded::Coded(coded) => {
                let tongues: &[Tongue] = match both {
                    true => &[self.ours, self.theirs, Tongue::En],
                    false => &[self.ours, Tongue::En],
                };
                Some(self.lines(&coded, tongues))
            }
            Decoded::OtherCodebook { book, .. } => {
                Some(format!("  (coded with another codebook, {book}: not read)\n"))
            }
            Decoded::Malformed(why) => {
                Some(format!("  (it passes for a coded message and is none: {why})\n"))
            }
        }
    }

    fn lines(&self, coded: &Coded, tongues: &[Tongue]) -> String {
        let mut text = String::new();
        for tongue in tongues {
            let Some((words, fields)) = coded::draw(&self.book, coded, *tongue) else {
                continue;
            };
            text.push_str(&format!("  {} in {tongue} | {words}\n", coded.code));
            for (label, value) in fields {
                text.push_str(&format!("    {label}: {value}\n"));
            }
        }
        for line in coded.remark.lines() {
            text.push_str(&format!("  > {line}\n"));
        }
        text
    }
}

fn places(config: &DeskConfig) -> Vec<PathBuf> {
    let beside = |path: &std::path::Path| path.parent().map(|folder| folder.join(FILE));
    [beside(&config.file), beside(&config.trust)]
        .into_iter()
        .flatten()
        .collect()
}

/// The hash that a channel's charter pins.
fn pin_of(view: &ChannelView) -> Option<Hash> {
    let charter = view.charter.as_ref().filter(|charter| charter.signed)?;
    let terms = data_encoding::BASE64.decode(charter.terms.as_bytes()).ok()?;
    CharterTerms::decode(&terms).ok()?.codebook_sha256
}
