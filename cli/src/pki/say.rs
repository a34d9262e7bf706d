//! What the verbs answer people: what was done, and the next step.

use std::path::Path;

use hotline_core::time::WallTime;

use super::backup::Backup;
use super::deny::{Signed, Taken};
use super::error::PkiError;
use super::export::Exported;
use super::init::Made;
use super::issue::NewIdentity;
use super::plain;
use super::renew::Renewed;
use super::revoke::Revoked;
use super::rotate::Rotated;
use super::trust::{Acquaintance, CharterStanding, Trusted};

/// After `init`.
pub(super) fn made(made: &[Made], now: WallTime) -> String {
    let mut text = String::new();
    for domain in made {
        text.push_str(&format!(
            "made {} ({})\n  in                  {}\n  certificates until  {}\n  words               {}\n",
            domain.domain,
            domain.domain.world(),
            domain.folder.display(),
            plain::end(domain.certificates_end_ms, now),
            domain.fingerprint.words(),
        ));
    }
    if let Some(first) = made.first() {
        text.push_str(&format!(
            "next: hand our trust file to the other side:\n  hotline pki export --dir {} --out {}.trust\n",
            first.folder.display(),
            first.domain
        ));
    }
    text
}

/// After `issue`.
pub(super) fn issued(new: &NewIdentity) -> String {
    format!(
        "issued {} in {}\nnext: the other side needs a fresh trust file: hotline pki export\n",
        new.identity,
        new.folder.display()
    )
}

/// After officers have signed an order.
pub(super) fn denied(signed: &Signed, dir: &Path) -> String {
    let (order, done) = match signed {
        Signed::Waits { order, .. } | Signed::Done { order, .. } => (order, signed),
    };
    let doubt = if order.compromised_since_ms == 0 {
        String::new()
    } else {
        let since = WallTime::from_unix_ms(order.compromised_since_ms).rfc3339();
        format!("  in doubt since {since}: what was signed from then on is marked REVIEW\n")
    };
    match done {
        Signed::Waits { officer, .. } => format!(
            "{} signed order {} to end {}: {}\n{doubt}\
             NOT ENDED YET: a second officer signs the same order\n\
             next: hotline pki revoke --dir {} {} --officer NAME\n",
            officer.name(),
            order.number,
            order.identity,
            order.reason,
            dir.display(),
            order.identity
        ),
        Signed::Done { officers, file, .. } => format!(
            "ended {} by order {} of {} and {}: {}\n{doubt}\
             running relays and desks of this folder refuse it within a second\n\
             next: send {} to the other side, which runs: hotline pki trust --dir DIR/DOMAIN FILE\n",
            order.identity,
            order.number,
            officers[0],
            officers[1],
            order.reason,
            file.display()
        ),
    }
}

/// After `use-backup`.
pub(super) fn backup(backup: &Backup) -> String {
    match backup {
        Backup::Ours {
            identity,
            words,
            settings,
        } => format!(
            "{identity} is ready\n  words  {words}\n\
             next: stop the station of the identity that was ended, and start this one:\n  \
             hotline desk run --config {}\n\
             next: read the words aloud to the other side, not over the line, to a voice you know; it runs:\n  \
             hotline pki use-backup --dir DIR/DOMAIN {identity} --words \"{words}\"\n",
            settings.display()
        ),
        Backup::Theirs {
            identity,
            words,
            changed,
        } => {
            let mut text =
                format!("our desks write to {identity} from their next start on\n  words  {words}\n");
            for settings in changed {
                text.push_str(&format!(
                    "next: restart the station: hotline desk run --config {}\n",
                    settings.display()
                ));
            }
            text
        }
    }
}

/// After `revoke` where CA and root are kept elsewhere.
pub(super) fn books_elsewhere(name: &str, dir: &Path) -> String {
    format!(
        "the keys of CA and statement root are not in {}: revocation list and roster stay as they are for now\n\
         next: where they are, bring the deny file and run: hotline pki revoke --dir DIR/DOMAIN {name}\n",
        dir.display()
    )
}

/// After a deny-list of the other side was taken over.
pub(super) fn taken(taken: &Taken) -> String {
    let mut text = format!(
        "took over the deny-list of {}: {} ended, {} of them new\n",
        taken.domain,
        taken.all,
        taken.new.len()
    );
    for (identity, reason) in &taken.new {
        text.push_str(&format!("  {identity}: {reason}\n"));
    }
    text.push_str("running relays and desks of this folder refuse them within a second\n");
    text
}

/// After `revoke`.
pub(super) fn revoked(revoked: &Revoked, dir: &Path) -> String {
    let mut text = format!(
        "revoked {}\n  {}, now on revocation list number {}\n  {} ended, roster number {}\n\
         our own running relays and desks take it within a second\n",
        revoked.identity,
        plain::count(revoked.certificates, "certificate"),
        revoked.list_number,
        plain::count(revoked.keys, "signing key"),
        revoked.roster_number,
    );
    for channel in &revoked.charters {
        text.push_str(&format!(
            "next: the charter of {channel} has no consent of ours any more; another RELEASER gives it:\n  \
             hotline pki consent --dir {} --channel {channel} officer/NAME\n",
            dir.display()
        ));
    }
    text.push_str(&format!(
        "next: hand the other side a fresh trust file:\n  hotline pki export --dir {} --out FILE.trust\n",
        dir.display()
    ));
    text
}

/// After `renew`.
pub(super) fn renewed(renewed: &Renewed, now: WallTime) -> String {
    format!(
        "renewed {}\n  {} until {}\n",
        renewed.identity,
        renewed.file.display(),
        plain::end(renewed.not_after_ms, now)
    )
}

/// After `rotate`.
pub(super) fn rotated(rotated: &Rotated) -> String {
    match rotated {
        Rotated::Made {
            identity,
            file,
            key_statement,
        } => format!(
            "a new key of {identity} is enrolled: {key_statement}\n  {}\n\
             next: hotline pki export, and the other side's hotline pki trust; then hotline channel rekey of both sides\n",
            file.display()
        ),
        Rotated::Finished { identity, file, old } => format!(
            "{identity} has its new key in {}\n  the old one is kept in {}\n",
            file.display(),
            old.display()
        ),
        Rotated::Seals {
            identity,
            file,
            old,
            key_statement,
        } => {
            let kept = match old {
                Some(old) => format!("the old one is kept in {}, and still opens", old.display()),
                None => "it is the first: a desk names it by seal_key = \"seal.key\" in its desk.toml".into(),
            };
            format!(
                "a new key for sealing of {identity} is enrolled: {key_statement}\n  {}\n  {kept}\n\
                 next: hotline pki export, and the other side's hotline pki trust\n",
                file.display()
            )
        }
    }
}

/// After `export`.
pub(super) fn exported(exported: &Exported, file: &Path) -> String {
    format!(
        "exported {} to {} (roster number {})\n  sha-256  {}\n  words    {}\n\
         next: send the file any way you like; read the words aloud over the telephone, to a voice you know\n",
        exported.domain,
        file.display(),
        exported.roster_number,
        exported.fingerprint.0,
        exported.fingerprint.words(),
    )
}

/// After `trust`.
pub(super) fn trusted(trusted: &Trusted) -> String {
    let how = match trusted.acquaintance {
        Acquaintance::New => "now trusts",
        Acquaintance::Known => "trusts the newer state of",
        Acquaintance::Replaced => "trusts the NEW anchors of",
    };
    let mut text = format!(
        "this folder {how} {} ({}), roster number {}\n  words  {}\n",
        trusted.domain,
        trusted.side,
        trusted.roster_number,
        trusted.fingerprint.words()
    );
    for order in &trusted.unproven {
        text.push_str(&format!(
            "  WARNING order {order} of its deny-list is new here, and a key of its officers is not valid now or was ended: it \
             ends nobody where it comes first by this file (DENY_UNPROVEN)\n"
        ));
    }
    for (channel, standing) in &trusted.charters {
        text.push_str(&match standing {
            CharterStanding::BothConsent => {
                format!("  channel {channel}: both sides consent to the same terms\n")
            }
            CharterStanding::Differs(difference) => {
                format!(
                    "  channel {channel}: NOT OPEN, the sides differ about {}\n",
                    difference.term
                )
            }
            CharterStanding::NotOurs => format!("  channel {channel}: we declare no such channel\n"),
            CharterStanding::NotGiven(why) => format!("  channel {channel}: NOT OPEN, {why}\n"),
        });
    }
    text
}

impl Trusted {
    /// The first charter about which both sides differ, as an error for people. The keys are trusted all the same.
    #[must_use]
    pub fn first_difference(&self) -> Option<PkiError> {
        self.charters
            .iter()
            .find_map(|(channel, standing)| match standing {
                CharterStanding::Differs(difference) => Some(PkiError::CharterDiffers {
                    channel: channel.clone(),
                    term: difference.term,
                    ours: difference.ours.clone(),
                    theirs: difference.theirs.clone(),
                }),
                CharterStanding::BothConsent | CharterStanding::NotOurs | CharterStanding::NotGiven(_) => {
                    None
                }
            })
    }
}
