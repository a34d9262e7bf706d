//! What lies at a seat that joined: keys that were made here, and everything else that control sends.

use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
};

use data_encoding::BASE64;
use hotline_audit::{
    Hash, PayloadType, PublicKey, Purpose, Roster, SignedStatement, SigningKey,
    statement::{CharterConsent, CharterTerms},
};
use hotline_client::{config::DeskConfig, seal::SealSecret, side::Directory};
use hotline_core::text::inert_line;
use hotline_exercise::live::joined::folder;
use hotline_transport::Seams;
use serde_json::json;

use super::{super::settings, Desk, Seated, consented::Consented};
use crate::{
    exit::{self, Failure},
    pki::{keys, layout},
};

impl Seated {
    /// A releaser of this seat consents to the charter, with a key that control does not have.
    pub(super) fn consent(
        &self,
        terms: &str,
        officer: &str,
        key_statement: &str,
        seams: &Seams,
    ) -> Result<String, String> {
        let bytes = BASE64
            .decode(terms.as_bytes())
            .map_err(|error| error.to_string())?;
        let read = CharterTerms::decode(&bytes).map_err(|error| error.to_string())?;
        if read.exercise != self.place.control.exercise {
            return Err("its terms are of another exercise".into());
        }
        if !self.officers.iter().any(|ours| ours == officer) {
            return Err(format!("{officer} does not sit here"));
        }
        let key = self
            .key("officer", officer, layout::OFFICER_KEY)
            .map_err(|failure| failure.what)?;
        Consented::to(&bytes, officer, key_statement).keep(&self.dir)?;
        let key_statement: Hash = key_statement.parse().map_err(|_| "no key statement".to_owned())?;
        let name = officer.rsplit('/').next().unwrap_or_default();
        let words = format!(
            "{name} consents to channel {}: {}, {}",
            inert_line(&read.channel).text,
            inert_line(&read.level).text,
            inert_line(&read.scope).text
        );
        self.say(
            "consents",
            json!({ "officer": officer, "channel": read.channel }),
            &words,
        );
        let consent = CharterConsent {
            officer: officer.to_owned(),
            key_statement,
            terms_sha256: Hash::of(&bytes),
            claimed_time_ms: seams.clock.wall().unix_ms(),
        };
        let signed = SignedStatement::sign(PayloadType::CharterConsent, &consent.encode(), &key)
            .map_err(|error| error.to_string())?;
        Ok(BASE64.encode(signed.bytes()))
    }

    /// Everything but the keys has come: the desk opens.
    pub(super) async fn open(&mut self, files: &BTreeMap<String, String>) -> Result<(), Failure> {
        let domain = self.dir.join(self.identity.domain().as_str());
        let place = domain.display().to_string();
        folder::write(&domain, files).map_err(|error| Failure::io(&place, &error))?;
        let settings = settings(&self.dir, &self.identity);
        self.check(&settings)?;
        self.desk = Some(Desk::start(&settings, self.sits).await?);
        let cards: Vec<String> = files
            .keys()
            .filter(|name| name.starts_with("role/"))
            .map(|name| domain.join(name).display().to_string())
            .collect();
        let read = match cards.is_empty() {
            true => String::new(),
            false => "; type role for your role card".to_owned(),
        };
        let words = format!(
            "the desk is open; the line is coming up. The codebook: {}{read}",
            domain.join("codebook.toml").display()
        );
        let object = json!({ "config": settings.display().to_string(), "role": cards });
        self.say("open", object, &words);
        Ok(())
    }

    /// Whether this is the folder that the desk has.
    pub(super) fn stands_on(&self, files: &BTreeMap<String, String>) -> bool {
        folder::is_there(&self.dir.join(self.identity.domain().as_str()), files)
    }

    /// A key that was made here.
    fn key(&self, role: &str, identity: &str, file: &str) -> Result<SigningKey, Failure> {
        let name = identity.rsplit('/').next().unwrap_or_default();
        let place = self.dir.join(self.identity.domain().as_str()).join(role);
        keys::signing_key(&place.join(name).join(file))
            .map_err(|error| Failure::new(error.code(), error.exit_code(), exit::chain(&error), error.help()))
    }

    /// Nobody else's key is enrolled under the names of this seat.
    pub(super) fn check(&self, settings: &Path) -> Result<(), Failure> {
        let unusable =
            |what: String| Failure::new("HL-EX-194", exit::IDENTITY, what, "ask control what happened");
        let config = DeskConfig::load(settings).map_err(|error| unusable(error.to_string()))?;
        if config.identity != self.identity || config.exercise != self.place.control.exercise {
            return Err(unusable("control sent the settings of another desk".into()));
        }
        if let Some(outside) = outside(&config, &self.dir) {
            return Err(unusable(format!(
                "control sent settings that lead to {}",
                outside.display()
            )));
        }
        let directory = Directory::load(&config).map_err(|error| unusable(exit::chain(&error)))?;
        let desk = self.identity.to_string();
        let mut keys = vec![
            (
                &desk,
                Purpose::Statement,
                self.key("desk", &desk, layout::STATEMENT_KEY)?,
            ),
            (&desk, Purpose::Log, self.key("desk", &desk, layout::LOG_KEY)?),
        ];
        for officer in &self.officers {
            let key = self.key("officer", officer, layout::OFFICER_KEY)?;
            keys.push((officer, Purpose::Officer, key));
        }
        for (whom, purpose, key) in keys {
            let enrolled: Vec<PublicKey> = directory
                .rosters()
                .rosters()
                .flat_map(|roster| roster.keys_of(whom, purpose))
                .map(|entry| entry.key)
                .collect();
            if enrolled != [key.public()] {
                let what = format!("control enrolled another key than yours as {whom}");
                return Err(unusable(what));
            }
        }
        if let Some(file) = &config.seal_key {
            let mine = SealSecret::load(file).map_err(|error| unusable(exit::chain(&error)))?;
            let mut enrolled = directory.rosters().rosters().flat_map(Roster::seal_keys);
            let another = enrolled.any(|entry| {
                let key = &entry.statement;
                key.subject == desk && key.public_key.as_slice() != mine.public()
            });
            if another {
                let what = format!("control enrolled another key for sealing than yours as {desk}");
                return Err(unusable(what));
            }
        }
        Ok(())
    }
}

/// A path of a desk's settings that leads out of the seat's folder.
fn outside(config: &DeskConfig, seat: &Path) -> Option<PathBuf> {
    let seat = plain(seat);
    let paths = [
        &config.ledger,
        &config.socket,
        &config.certificate,
        &config.tls_key,
        &config.statement_key,
        &config.log_key,
        &config.trust,
        &config.officers,
    ];
    let mut plain = paths.into_iter().chain(&config.seal_key).map(|path| plain(path));
    plain.find(|path| !path.starts_with(&seat))
}

/// A path without the parts that lead up again. None of the folders is a link: they were made here.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::fs;

    use super::*;

    fn settings_with(place: &Path, line: &str) -> DeskConfig {
        let usual = [
            "ledger = \"desk.ledger\"",
            "socket = \"desk.sock\"",
            "trust = \"../../trust\"",
            "officers = \"../../officer\"",
            "log_key = \"log.key\"",
        ];
        let key = line.split(' ').next().unwrap();
        let mut lines: Vec<&str> = usual
            .into_iter()
            .filter(|usual| !usual.starts_with(key))
            .collect();
        lines.push(line);
        let text = format!(
            "identity = \"spiffe://exercise.borenia.example/desk/b\"\npeer = \
             \"spiffe://exercise.avelia.example/desk/a\"\nprefix = \"B\"\nexercise = \"S1-1\"\nchannel = \
             \"MINISTER\"\nstatement_key = \"statement.key\"\ntls.certificate = \"tls.crt\"\ntls.key = \
             \"tls.key\"\n{}\n",
            lines.join("\n")
        );
        let file = place.join("desk.toml");
        fs::write(&file, text).unwrap();
        DeskConfig::load(&file).unwrap()
    }

    #[test]
    fn settings_that_lead_out_of_the_seats_folder_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let seat = folder.path().join("seat-B");
        let place = seat.join("exercise.borenia.example/desk/b");
        fs::create_dir_all(&place).unwrap();
        fs::create_dir_all(place.join("../../trust")).unwrap();
        for file in ["tls.crt", "tls.key", "statement.key", "log.key"] {
            fs::write(place.join(file), "").unwrap();
        }
        fs::write(folder.path().join("mine.key"), "").unwrap();
        let usual = settings_with(&place, "ledger = \"desk.ledger\"");
        assert_eq!(outside(&usual, &seat), None);
        for line in [
            "ledger = \"../../../../mine\"",
            "socket = \"/tmp/mine\"",
            "officers = \"../../../../\"",
            "log_key = \"../../../../mine.key\"",
            "seal_key = \"../../../../mine.key\"",
        ] {
            assert!(outside(&settings_with(&place, line), &seat).is_some(), "{line}");
        }
    }
}
