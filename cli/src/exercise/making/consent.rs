//! The consent of a releaser who joined: asked where the releaser's key is.

use std::{collections::BTreeMap, time::Duration};

use data_encoding::BASE64;
use hotline_audit::Purpose;
use hotline_core::words::OfficerRole;
use hotline_exercise::{
    live::{
        joined::words::{FromSeat, ToSeat},
        site::SidePlace,
    },
    scenario::Scenario,
};
use hotline_transport::Seams;
use tokio::time::timeout;

use super::{CHANNEL, Seat, failed, pki_failed};
use crate::{
    exit::Failure,
    pki::{
        charter::check_consent,
        files::{self, Audience},
        folder::DomainFolder,
        layout,
    },
};

/// How long a seat may take. 60 s: it signs by itself, and may have to connect again, or a person has it sit down again.
const SIGNS_WITHIN: Duration = Duration::from_secs(60);

/// Asks for a side's consent, where nobody here could sign it.
pub(super) async fn ask(
    scenario: &Scenario,
    side: &SidePlace,
    seats: &mut BTreeMap<String, Seat>,
    seams: &Seams,
) -> Result<(), Failure> {
    let charter = side.trust.join(&side.domain).join(layout::CHARTER).join(CHANNEL);
    let consent = charter.join(layout::consent(&side.domain));
    let Some((name, seat)) = releaser(scenario, side, seats).filter(|_| !consent.exists()) else {
        return Ok(());
    };
    let officer = format!("spiffe://{}/officer/{name}", side.domain);
    let place = side.trust.parent().unwrap_or(&side.trust);
    let folder = DomainFolder::open(place).map_err(|error| pki_failed(&error))?;
    let roster = folder.roster().map_err(|error| pki_failed(&error))?;
    let now = seams.clock.wall();
    let enrolled = roster
        .current_key(&officer, Purpose::Officer, now.unix_ms())
        .ok_or_else(|| failed(&format!("no key of {officer} is enrolled")))?;
    let terms = files::read(&charter.join(layout::TERMS)).map_err(|error| pki_failed(&error))?;
    seat.line.tell(ToSeat::Consent {
        terms: BASE64.encode(&terms),
        officer: officer.clone(),
        key_statement: enrolled.hash.to_string(),
    });
    let refused = |why: &str| {
        failed(&format!(
            "seat {} does not consent to the charter: {why}",
            seat.line.seat()
        ))
    };
    let statement = match timeout(SIGNS_WITHIN, seat.says.recv()).await {
        Ok(Some(FromSeat::Consent { statement })) => statement,
        Ok(Some(FromSeat::Failed { what })) => return Err(refused(&what)),
        Ok(_) => return Err(refused("it says something else")),
        Err(_) => return Err(refused("it did not answer")),
    };
    let bytes = BASE64
        .decode(statement.as_bytes())
        .map_err(|error| refused(&error.to_string()))?;
    check_consent(&bytes, &terms, &roster, now).map_err(|why| refused(&why))?;
    files::write_new(&consent, &bytes, Audience::Anybody).map_err(|error| pki_failed(&error))
}

/// The seat whose officer consents for the side: the first declared releaser, as in a side that is made here.
fn releaser<'a>(
    scenario: &Scenario,
    side: &SidePlace,
    seats: &'a mut BTreeMap<String, Seat>,
) -> Option<(String, &'a mut Seat)> {
    let mut officers = scenario.officers.iter();
    let first = officers
        .find(|officer| officer.side == side.side && officer.roles.contains(&OfficerRole::Releaser))?;
    let name = first.name.to_string();
    let seat = seats
        .values_mut()
        .find(|seat| seat.officers.contains_key(&name))?;
    Some((name, seat))
}
