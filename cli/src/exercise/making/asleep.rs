//! A line as it was left months ago: identities of then, of which certificates have ended; officers who have left, and none who
//! came since; an older codebook at one side; a relay that has moved.

use std::{fs, path::PathBuf, time::Duration};

use hotline_audit::Hash;
use hotline_client::side_file::SideFile;
use hotline_core::time::WallTime;
use hotline_exercise::{
    live::site::SidePlace,
    scenario::{
        Scenario,
        lists::{Pinned, Side},
    },
};

use super::{Ground, failed};
use crate::{
    exit::Failure,
    pki::{declaration::Lifetimes, layout},
};

/// A day of the calendar.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// For how long CA and keys go on beyond the day on which the line is woken. A year: of these nothing is to end.
const GOES_ON: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// What the older codebook is, as far as anybody here holds it: a charter names its hash and no more.
const OLDER: &[u8] = b"an older edition of the codebook";

/// When everything of it was made, if that is to be put in order now.
pub(super) fn made_at(scenario: &Scenario, now: WallTime) -> WallTime {
    let before = DAY * u32::from(scenario.made.days_before);
    let before = u64::try_from(before.as_millis()).unwrap_or(u64::MAX);
    WallTime::from_unix_ms(now.unix_ms().saturating_sub(before))
}

/// How long what is made lives: of a line that sleeps, certificates as the scenario says, and all else beyond today.
pub(super) fn lifetimes(scenario: &Scenario, ground: Ground) -> Lifetimes {
    if !scenario.sleeps() {
        return Lifetimes {
            authority: ground.lifetime(),
            certificate: ground.lifetime(),
            key_statement: ground.lifetime(),
        };
    }
    let lasting = DAY * u32::from(scenario.made.days_before) + GOES_ON;
    Lifetimes {
        authority: lasting,
        certificate: DAY * u32::from(scenario.made.lifetime_days),
        key_statement: lasting,
    }
}

/// The codebook that a side's charter names.
pub(super) fn pinned(scenario: &Scenario, side: Side, codebook: Hash) -> Option<Hash> {
    match (scenario.codebook.pinned, side) {
        (Pinned::StaleB, Side::B) => Some(Hash::of(OLDER)),
        (Pinned::OnlyA, Side::B) => None,
        (Pinned::Both | Pinned::StaleB | Pinned::OnlyA, _) => Some(codebook),
    }
}

/// A side's file of names and addresses, and what stands in it today.
pub(super) struct Moved {
    file: PathBuf,
    today: String,
}

impl Moved {
    /// The relays stand where they stand now.
    pub(super) fn put_back(self) -> Result<(), Failure> {
        fs::write(&self.file, self.today)
            .map_err(|error| Failure::io(&self.file.display().to_string(), &error))
    }
}

/// The side's relays stand where they stood before they moved, for as long as the other side is told; none if none has
/// moved.
pub(super) fn before_moving(
    scenario: &Scenario,
    side: &SidePlace,
    ground: Ground,
) -> Result<Option<Moved>, Failure> {
    let file = side.trust.join(&side.domain).join(layout::SIDE);
    let failed_at = |error| Failure::io(&file.display().to_string(), &error);
    let today = fs::read_to_string(&file).map_err(failed_at)?;
    let mut names = SideFile::parse(&today).map_err(|why| failed(&format!("{}: {why}", file.display())))?;
    let mut any = false;
    for relay in scenario
        .topology
        .relays
        .iter()
        .filter(|relay| relay.from.is_some())
    {
        let identity = format!("spiffe://{}/relay/{}", side.domain, *relay.name);
        for stands in names.relay.iter_mut().filter(|known| known.identity == identity) {
            let [quic, tcp, _] = ground.doors(relay.path)?;
            (stands.quic, stands.tcp) = (quic, tcp);
            any = true;
        }
    }
    if !any {
        return Ok(None);
    }
    let before = names.to_text().map_err(|error| failed(&error))?;
    fs::write(&file, before).map_err(failed_at)?;
    Ok(Some(Moved { file, today }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use hotline_exercise::scenario::{parse, shipped};

    use super::*;

    fn s15(from: &str, to: &str) -> Scenario {
        let text = shipped::by_id("S15").unwrap().text;
        assert!(text.contains(from), "{from}");
        parse("S15.toml", &text.replacen(from, to, 1)).unwrap()
    }

    #[test]
    fn each_side_pins_the_codebook_that_the_scenario_says() {
        let codebook = Hash::of(b"the codebook");
        for (word, b) in [
            ("both", Some(codebook)),
            ("stale-B", Some(Hash::of(OLDER))),
            ("A", None),
        ] {
            let scenario = s15("pinned = \"stale-B\"", &format!("pinned = \"{word}\""));
            assert_eq!(pinned(&scenario, Side::A, codebook), Some(codebook), "{word}");
            assert_eq!(pinned(&scenario, Side::B, codebook), b, "{word}");
        }
    }

    #[test]
    fn certificates_of_a_line_that_sleeps_have_ended_today_and_its_authorities_have_not() {
        let scenario = s15("lifetime_days = 90", "lifetime_days = 90");
        let now = WallTime::from_unix_ms(1_795_000_000_000);
        let age = now.unix_ms() - made_at(&scenario, now).unix_ms();
        let lifetimes = lifetimes(&scenario, Ground::Loopback);
        let ms = |life: Duration| u64::try_from(life.as_millis()).unwrap();
        assert_eq!(age, 150 * ms(DAY));
        assert!(ms(lifetimes.certificate) < age);
        assert!(ms(lifetimes.authority) > age && ms(lifetimes.key_statement) > age);
    }
}
