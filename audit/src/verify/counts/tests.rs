//! Statements before and behind the end of their key, in every order, and with sides that hide or delay.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod orders;

use super::*;
use crate::dsse::PayloadType;
use crate::statement::samples;
use crate::testing::{NOW, Signer, World, denied_desk, log_of, world};
use crate::{Frontier, RosterSet, tree, verify_log};

/// When Avelia's desk key was revoked, as the revocation claims: see [`World::with_revoked`].
const ENDED_MS: u64 = NOW;

/// Two relays' logs as they are written down: words, one after the other.
///
/// `M1` to `M9` are messages of Avelia's desk, `END` the end of its key, `SOUTH@2` a checkpoint of the other log with two
/// entries, as far as that log was written then.
struct Play {
    world: World,
    rosters: RosterSet,
    /// Avelia's messages, in order.
    messages: Vec<Vec<u8>>,
    /// What ends the key, entry by entry.
    end: Vec<Vec<u8>>,
    logs: [Log; 2],
    cosigned: [Vec<Cosigned>; 2],
}

const NAMES: [&str; 2] = ["NORTH", "SOUTH"];

impl Play {
    fn new() -> Play {
        let world = world();
        let rosters = world.with_revoked(&world.avelia.desk);
        let roster = rosters.roster(&world.avelia.domain).unwrap();
        let end = vec![roster.entries().last().unwrap().to_vec()];
        Play::of(world, rosters, end)
    }

    /// The same with an order of the deny-list, whose window of doubt begins at [`NOW`].
    fn denied() -> Play {
        let (world, policy, order) = denied_desk();
        Play::of(world, policy.rosters().clone(), order.to_vec())
    }

    fn of(world: World, rosters: RosterSet, end: Vec<Vec<u8>>) -> Play {
        Play {
            messages: world.chain(&world.avelia, 9),
            rosters,
            end,
            logs: [Log::default(), Log::default()],
            cosigned: [Vec::new(), Vec::new()],
            world,
        }
    }

    fn owner(&self, log: usize) -> &Signer {
        [&self.world.avelia.log, &self.world.borenia.log][log]
    }

    fn side(&self, log: usize) -> &str {
        [&self.world.avelia.domain, &self.world.borenia.domain][log]
    }

    /// Writes words at the end of a log.
    fn write(&mut self, log: usize, words: &str) {
        for word in words.split_whitespace() {
            let entries = match word.split_once('@') {
                Some((other, size)) => {
                    assert_eq!(other, NAMES[1 - log]);
                    vec![self.anchor(log, size.parse().unwrap())]
                }
                None if word == "END" => self.end.clone(),
                None => {
                    let number: usize = word.strip_prefix('M').unwrap().parse().unwrap();
                    vec![self.messages[number - 1].clone()]
                }
            };
            self.logs[log].entries.extend(entries);
        }
    }

    fn root(&self, log: usize, size: u64) -> Hash {
        let mut frontier = Frontier::new();
        for entry in &self.logs[log].entries[..usize::try_from(size).unwrap()] {
            frontier.push(tree::leaf_hash(entry));
        }
        frontier.root()
    }

    fn anchor(&self, log: usize, size: u64) -> Vec<u8> {
        let (by, other) = (self.owner(log), self.owner(1 - log));
        let mut said = samples::peer_checkpoint();
        said.relay = by.identity.clone();
        said.key_statement = by.key_statement;
        // Two checkpoints of one size would be one statement.
        said.claimed_time_ms += self.logs[log].entries.len() as u64;
        said.note = other.checkpoint(size, self.root(1 - log, size));
        by.sign(PayloadType::PeerCheckpoint, &said.encode())
    }

    /// The other side cosigns this log up to this size.
    fn cosign(&mut self, log: usize, size: u64, at_ms: u64) {
        let fact = Cosigned {
            size,
            root: self.root(log, size),
            by: self.side(1 - log).to_owned(),
            at_ms,
        };
        self.cosigned[log].push(fact);
    }

    /// Judges what these logs show.
    fn judged(&self, shown: &[usize]) -> Vec<Counted> {
        let trust = TrustPolicy::new(self.rosters.clone());
        let logs: Vec<Log> = shown
            .iter()
            .map(|log| log_of(self.owner(*log), self.logs[*log].entries.clone()))
            .collect();
        let reports: Vec<LogReport> = logs
            .iter()
            .map(|log| verify_log(&log.entries, &log.note, &trust))
            .collect();
        for report in &reports {
            let other = report.faults.iter().find(|fault| fault.rule != "REVOKED_KEY");
            assert!(other.is_none(), "{report}");
        }
        let evidence: Vec<Evidence<'_>> = shown
            .iter()
            .zip(logs.iter().zip(&reports))
            .map(|(shown, (log, report))| Evidence {
                log,
                report,
                cosigned: &self.cosigned[*shown],
            })
            .collect();
        counts(&evidence, &trust)
    }

    /// What message `number` is worth by these logs; none if none holds it.
    fn worth(&self, number: usize, shown: &[usize]) -> Option<Standing> {
        let hash = Hash::of(&self.messages[number - 1]);
        let judged = self.judged(shown);
        judged
            .into_iter()
            .find(|one| one.sha256 == hash)
            .map(|one| one.standing)
    }
}

const BOTH: [usize; 2] = [0, 1];

#[test]
fn the_worked_example_of_the_format_holds() {
    let format = include_str!("../../../FORMAT.md");
    let (_, rest) = format.split_once("<!-- counts example -->").unwrap();
    let (text, _) = rest.split_once("<!-- end of counts example -->").unwrap();
    let mut play = Play::new();
    let mut judged = 0;
    for line in text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with("```"))
    {
        let words: Vec<&str> = line.split_whitespace().collect();
        let log = |name: &str| NAMES.iter().position(|known| *known == name).unwrap();
        match words.as_slice() {
            [name, "appends", rest @ ..] => play.write(log(name), &rest.join(" ")),
            [name, "is", "cosigned", "to", size, "at", at] => {
                let at_ms = ENDED_MS - 60_000 + at.parse::<u64>().unwrap();
                play.cosign(log(name), size.parse().unwrap(), at_ms);
            }
            [message, word, ..] => {
                let number: usize = message.strip_prefix('M').unwrap().parse().unwrap();
                let worth = play.worth(number, &BOTH).unwrap();
                assert_eq!(worth.name(), *word, "{line}: {:#?}", play.judged(&BOTH));
                judged += 1;
            }
            _ => panic!("{line}"),
        }
    }
    assert_eq!(judged, 5);
}

#[test]
fn a_stolen_key_cannot_back_date_though_the_other_sides_relay_helps() {
    let mut play = Play::new();
    play.write(0, "M1 END");
    // Borenia's relay knows of the end, keeps it back, and takes what the thief signs.
    play.write(1, "M1 M2");
    play.cosign(1, 2, ENDED_MS + 5_000);
    play.write(0, "SOUTH@2");
    play.write(1, "END");
    play.cosign(1, 3, ENDED_MS + 9_000);
    assert_eq!(play.worth(2, &BOTH), Some(Standing::Review));
    assert_eq!(play.worth(2, &[1]), Some(Standing::Review), "nor does it alone");
}

#[test]
fn an_owner_cannot_disown_what_its_own_witness_or_log_has_signed_before() {
    let mut play = Play::new();
    play.write(0, "M1");
    play.write(1, "M1 M2");
    play.cosign(0, 1, ENDED_MS - 9_000);
    play.cosign(1, 2, ENDED_MS - 8_000);
    play.write(0, "SOUTH@2 END");
    play.write(1, "END");
    for shown in [&BOTH[..], &[1]] {
        assert_eq!(play.worth(2, shown), Some(Standing::Counts), "{shown:?}");
    }
    assert_eq!(play.worth(1, &[0]), Some(Standing::Counts));
    // Avelia writes an earlier time into its revocation than its own witness had: that is no proof either way.
    let mut earlier = Play::new();
    earlier.write(1, "M2");
    earlier.cosign(1, 1, ENDED_MS + 1);
    earlier.write(1, "END");
    assert_eq!(earlier.worth(2, &[1]), Some(Standing::Review));
}

#[test]
fn what_stands_behind_the_end_wherever_it_stands_is_revoked() {
    let mut play = Play::new();
    play.write(0, "END M1");
    play.cosign(0, 2, ENDED_MS + 1_000);
    play.write(1, "NORTH@2 M2 M1");
    let judged = play.judged(&BOTH);
    let of = |number: usize| {
        let hash = Hash::of(&play.messages[number - 1]);
        judged.iter().find(|one| one.sha256 == hash).unwrap()
    };
    assert_eq!(of(1).standing, Standing::RevokedKey);
    assert_eq!(
        of(1).why,
        "#1 of exercise.avelia.example/relay/north stands behind #0, its key's end"
    );
    assert_eq!(
        of(2).standing,
        Standing::RevokedKey,
        "a log that has seen the end knows of it"
    );
    assert_eq!(
        of(1).to_string(),
        "REVOKED_KEY: message #1 of exercise.avelia.example/relay/north, signed by \
         spiffe://exercise.avelia.example/desk/ops, whose key roster entry 5 ended: \
         #1 of exercise.avelia.example/relay/north stands behind #0, its key's end"
    );
}

#[test]
fn an_order_that_nobody_else_has_signed_proves_nothing() {
    let mut play = Play::new();
    play.write(0, "M1 END");
    assert_eq!(
        play.worth(1, &[0]),
        Some(Standing::Review),
        "a log alone can be written anew"
    );
    play.cosign(0, 1, ENDED_MS + 70_000);
    assert_eq!(play.worth(1, &[0]), Some(Standing::Counts));
    let mut other = Play::new();
    other.write(0, "M1 END");
    other.cosign(0, 1, ENDED_MS - 1_000);
    other.cosigned[0][0].root = Hash::ZERO;
    assert_eq!(other.worth(1, &[0]), Some(Standing::Review), "another tree");
    other.cosign(0, 1, ENDED_MS - 1_000);
    other.cosigned[0][1].by = other.side(0).to_owned();
    assert_eq!(
        other.worth(1, &[0]),
        Some(Standing::Review),
        "one's own cosignature"
    );
    let mut open = Play::new();
    open.write(0, "M1");
    open.cosign(0, 1, ENDED_MS - 1_000);
    let judged = open.judged(&[0]).remove(0);
    assert_eq!(judged.standing, Standing::Review);
    assert_eq!(judged.why, "the end of its key stands in none of these logs");
}

#[test]
fn a_signature_in_the_window_of_doubt_is_for_people_unless_its_own_side_witnessed_it_before() {
    let mut play = Play::denied();
    play.write(0, "M1 M2");
    play.write(1, "M1 M2");
    play.cosign(1, 1, NOW - 1_000);
    play.cosign(1, 2, NOW - 999);
    play.write(0, "END M3");
    play.cosign(0, 5, NOW + 1_000);
    assert_eq!(play.worth(1, &BOTH), Some(Standing::Counts));
    let judged = play.judged(&BOTH).remove(1);
    assert_eq!(judged.standing, Standing::Review, "{judged}");
    assert!(judged.why.contains("in other hands"), "{judged}");
    assert_eq!(play.worth(3, &BOTH), Some(Standing::RevokedKey));
    assert_eq!(judged.ended_by, "deny-list order");
}

#[test]
fn the_other_side_lifts_nothing_out_of_the_window_of_doubt_with_its_own_clock() {
    let mut play = Play::denied();
    play.write(0, "M1");
    play.cosign(0, 1, NOW + 500);
    // Later it makes a second line over the same tree, with a time that suits it.
    play.cosign(0, 1, NOW - 90_000);
    play.write(0, "END");
    play.cosign(0, 3, NOW + 1_000);
    assert_eq!(play.worth(1, &[0]), Some(Standing::Review));
}

#[test]
fn an_officers_key_inside_a_message_is_judged_like_the_desks() {
    let world = world();
    let rosters = world.with_revoked(&world.avelia.officer);
    let roster = rosters.roster(&world.avelia.domain).unwrap();
    let end = vec![roster.entries().last().unwrap().to_vec()];
    let mut play = Play::of(world, rosters, end);
    play.write(0, "M1 END M2");
    play.cosign(0, 3, ENDED_MS + 1_000);
    let judged = play.judged(&[0]);
    let said: Vec<(&str, Standing)> = judged
        .iter()
        .map(|one| (one.signer.rsplit('/').next().unwrap(), one.standing))
        .collect();
    assert_eq!(
        said,
        [("okoye", Standing::Counts), ("okoye", Standing::RevokedKey)]
    );
}

#[test]
fn nothing_is_judged_while_no_key_has_ended_and_by_logs_that_were_altered() {
    let mut play = Play::new();
    play.rosters = play.world.rosters.clone();
    play.write(0, "M1 M2");
    assert!(play.judged(&[0]).is_empty());
    let mut play = Play::new();
    play.write(0, "M1 END");
    let trust = TrustPolicy::new(play.rosters.clone());
    let mut log = log_of(play.owner(0), play.logs[0].entries.clone());
    log.entries.swap(0, 1);
    let report = verify_log(&log.entries, &log.note, &trust);
    let evidence = Evidence {
        log: &log,
        report: &report,
        cosigned: &[],
    };
    assert!(counts(&[evidence], &trust).is_empty());
}

#[test]
fn cosignatures_are_read_out_of_notes_by_the_keys_that_rosters_enrol_for_them() {
    use crate::cosign::{CosignSigner, CosignerName};
    use crate::key::{Enrolment, Purpose, RosterBuilder, origin_of};
    use crate::{SigningKey, note::Note};
    let world = world();
    let roster = world.rosters.roster(&world.borenia.domain).unwrap().clone();
    let mut builder = RosterBuilder::resume(roster, SigningKey::from_seed(&[20; 32]));
    let relay = world.borenia.log.identity.clone();
    let mut enrol = |purpose, seed: u8| {
        let enrolment = Enrolment {
            purpose,
            subject: relay.clone(),
            roles: Vec::new(),
            public_key: SigningKey::from_seed(&[seed; 32]).public(),
            not_before_ms: 1,
            not_after_ms: NOW * 2,
        };
        builder.enrol(enrolment).unwrap()
    };
    let witness = enrol(Purpose::Witness, 41);
    enrol(Purpose::Mirror, 42);
    let mut rosters = world.rosters.clone();
    rosters.update(builder.roster().clone()).unwrap();
    let note = world.avelia.log.checkpoint(3, Hash([5; 32]));
    let mut note = Note::parse(&note).unwrap();
    let origin = origin_of(&relay).unwrap();
    let witnesses = CosignSigner::new(
        CosignerName::witness(origin).unwrap(),
        SigningKey::from_seed(&[41; 32]),
    );
    let mirrors = CosignSigner::new(
        CosignerName::mirror(origin).unwrap(),
        SigningKey::from_seed(&[42; 32]),
    );
    let wrong = CosignSigner::new(
        CosignerName::mirror(origin).unwrap(),
        SigningKey::from_seed(&[41; 32]),
    );
    let lines = [
        witnesses.cosign(&note.text, 7),
        wrong.cosign(&note.text, 8),
        mirrors.cosign(&note.text, 9),
    ];
    note.signatures.extend(lines);
    let found = |rosters: &RosterSet| {
        let mut found: Vec<u64> = cosigned(&note.encode(), rosters)
            .iter()
            .map(|one| one.at_ms)
            .collect();
        found.sort_unstable();
        found
    };
    assert_eq!(found(&rosters), [7_000, 9_000]);
    assert!(found(&world.rosters).is_empty());
    assert_eq!(cosigned(&note.encode(), &rosters)[0].by, world.borenia.domain);
    builder.revoke(witness, "lost", NOW).unwrap();
    rosters.update(builder.finish()).unwrap();
    assert_eq!(found(&rosters), [9_000]);
}
