//! Random edits of whole bundles, by seed: every one is found, under a verdict of the right class; and clean bundles, of
//! any cut and with any part left out, raise no alarm.
//!
//! `HOTLINE_MUTATIONS` and `HOTLINE_CLEAN` say how many; without them few are tried, so that `cargo test` stays quick.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod line;

use std::collections::BTreeMap;

use hotline_audit::evidence::Evidence;
use hotline_audit::policy::Policy;
use hotline_audit::tiles::{Files, entries_path, files_of};
use line::story::{Story, play};
use line::{Line, pack};

/// One edit, and the words of the verdicts that are right for it.
struct Edit {
    what: String,
    files: [Files; 2],
    right: &'static [&'static str],
}

/// Where numbers come from: splitmix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// A line with what is computed of it once.
struct Ground {
    line: Line,
    files: [Files; 2],
    policy: Policy,
}

impl Ground {
    fn new(story: Story) -> Ground {
        let line = play(story);
        Ground {
            files: [line.files(0), line.files(1)],
            policy: line.policy("quorum none"),
            line,
        }
    }

    /// The word of the verdict on both bundles together; what is refused outright is REFUSED.
    fn verdict(&self, files: &[Files; 2]) -> String {
        let names: BTreeMap<String, String> = BTreeMap::new();
        let packed = [0, 1].map(|place| {
            let domain = &self.line.sides[place].domain;
            line::read(&pack(domain, names.clone(), files[place].clone()))
        });
        let [Ok(a), Ok(b)] = packed else {
            return "REFUSED".to_owned();
        };
        match Evidence::judge(&[&a, &b], &self.policy) {
            Err(_) => "REFUSED".to_owned(),
            Ok(evidence) => evidence.compare().verdict.word().to_owned(),
        }
    }
}

fn count(name: &str, few: usize) -> usize {
    std::env::var(name).map_or(few, |text| text.parse().unwrap())
}

fn grounds() -> Vec<Ground> {
    let stories = [(5, 2), (6, 3), (8, 3), (9, 4)];
    stories
        .map(|(messages, witnessed_every)| {
            Ground::new(Story {
                messages,
                witnessed_every,
            })
        })
        .into_iter()
        .collect()
}

/// Threads that each take every so-many-th number, and what they found wrong.
fn in_threads(number: usize, each: impl Fn(usize) -> Option<String> + Sync) -> Vec<String> {
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(number.max(1));
    let each = &each;
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|first| {
                scope.spawn(move || {
                    #[cfg(feature = "remember")]
                    hotline_audit::dsse::remembered::begin();
                    (first..number)
                        .step_by(threads)
                        .filter_map(each)
                        .collect::<Vec<String>>()
                })
            })
            .collect();
        handles
            .into_iter()
            .flat_map(|handle| handle.join().unwrap())
            .collect()
    })
}

#[test]
fn every_random_edit_of_a_bundle_is_found_under_a_verdict_of_the_right_class() {
    let number = count("HOTLINE_MUTATIONS", 120);
    let grounds = grounds();
    let wrong = in_threads(number, |turn| {
        let mut chance = Chance(turn as u64 ^ 0x5eed);
        let ground = &grounds[chance.below(grounds.len())];
        let edit = edited(ground, &mut chance);
        let word = ground.verdict(&edit.files);
        (!edit.right.contains(&word.as_str())).then(|| format!("edit {turn}: {}: {word}", edit.what))
    });
    assert!(
        wrong.is_empty(),
        "{} of {number} edits:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    println!("{number} edits, all found under a verdict of the right class");
}

#[test]
fn clean_bundles_of_any_cut_and_with_any_part_left_out_raise_no_alarm() {
    let number = count("HOTLINE_CLEAN", 24);
    let alarms = in_threads(number, |turn| {
        let mut chance = Chance(turn as u64 ^ 0xc1ea_0000);
        let ground = Ground::new(Story {
            messages: 1 + chance.next() % 9,
            witnessed_every: 1 + chance.next() % 4,
        });
        let mut files = ground.files.clone();
        for side in &mut files {
            // Whatever lies beside the logs may be there or not, file by file.
            side.retain(|path, _| {
                let beside = ["cosigned/", "openings/", "dsse/", "proofs/"];
                !beside.iter().any(|folder| path.starts_with(folder)) || chance.below(3) > 0
            });
            if chance.below(4) == 0 {
                side.retain(|path, _| !path.starts_with("mirrors/"));
            }
        }
        let word = ground.verdict(&files);
        (word != "MATCH").then(|| format!("clean {turn}: {word}"))
    });
    assert!(
        alarms.is_empty(),
        "{} of {number} clean pairs:\n{}",
        alarms.len(),
        alarms.join("\n")
    );
    println!("{number} clean pairs, no alarm");
}

/// One random edit.
fn edited(ground: &Ground, chance: &mut Chance) -> Edit {
    let place = chance.below(2);
    match chance.below(18) {
        0..=2 => entry_edit(ground, place, chance),
        3 => tile_edit(ground, place, chance),
        4 => checkpoint_edit(ground, place, chance),
        5 => lost_file(ground, place, chance),
        6 => note_edit(ground, place, chance),
        7 => beside_edit(ground, place, chance),
        8 => key_edit(ground, place, chance),
        9 => extra_file(ground, place),
        10 | 11 => rolled_back(ground, place, chance),
        12..=14 => forked(ground, place, chance),
        15 => short_desk(ground, place, chance),
        16 => shown_two(ground, place, chance),
        _ => equivocated(ground, place, chance),
    }
}

/// A folder of a log in a side's bundle, and its entries.
fn a_log<'g>(ground: &'g Ground, place: usize, chance: &mut Chance) -> (String, &'g [Vec<u8>]) {
    let (side, held) = (&ground.line.sides[place], &ground.line.held[place]);
    let other = &ground.line.sides[1 - place];
    let mirror = format!("mirrors/{}/mirror/{}", side.relay.origin(), other.relay.origin());
    let all = [
        (format!("logs/{}", side.relay.origin()), held.relay.as_slice()),
        (format!("logs/{}", side.desk_log.origin()), held.desk.as_slice()),
        (mirror, held.mirrored.as_slice()),
    ];
    chance.one(&all).clone()
}

/// Entries edited under tiles and a checkpoint that stay as they are.
fn entry_edit(ground: &Ground, place: usize, chance: &mut Chance) -> Edit {
    let (folder, held) = a_log(ground, place, chance);
    let mut entries = held.to_vec();
    let last = entries.len() - 1;
    let at = chance.below(entries.len());
    let kind = chance.below(6);
    let right: &[&str] = match kind {
        0 => {
            let byte = chance.below(entries[at].len());
            entries[at][byte] ^= 1 << chance.below(8);
            &["ALTERED"]
        }
        1 => {
            entries.remove(at);
            if at == last { &["TRUNCATED"] } else { &["ALTERED"] }
        }
        2 => {
            let foreign = chance.one(&ground.line.held[place].relay).clone();
            entries.insert(at, foreign);
            &["ALTERED"]
        }
        3 => {
            entries.insert(at + 1, entries[at].clone());
            &["ALTERED"]
        }
        4 => {
            let other = (at + 1 + chance.below(last)) % entries.len();
            entries.swap(at, other);
            &["ALTERED"]
        }
        _ => {
            entries.truncate(at);
            &["TRUNCATED"]
        }
    };
    let framed = |entry: &Vec<u8>| [&u16::try_from(entry.len()).unwrap().to_be_bytes()[..], entry].concat();
    let mut files = ground.files.clone();
    let path = format!("{folder}/{}", entries_path(0, held.len() as u64));
    files[place].insert(path, entries.iter().flat_map(framed).collect());
    Edit {
        what: format!("entries of {folder}, kind {kind} at {at}"),
        files,
        right,
    }
}

/// A bit of a file, flipped.
fn flipped(bytes: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = chance.below(bytes.len());
    bytes[at] ^= 1 << chance.below(8);
    bytes
}

fn tile_edit(ground: &Ground, place: usize, chance: &mut Chance) -> Edit {
    let (folder, held) = a_log(ground, place, chance);
    let path = format!(
        "{folder}/{}",
        hotline_audit::tiles::tile_path(0, 0, held.len() as u64)
    );
    one_file(ground, place, &path, "a tile", &["ALTERED"], |bytes| {
        flipped(bytes, chance)
    })
}

fn checkpoint_edit(ground: &Ground, place: usize, chance: &mut Chance) -> Edit {
    let origin = ground.line.sides[place].relay.origin().to_owned();
    let path = format!("logs/{origin}/checkpoint");
    one_file(
        ground,
        place,
        &path,
        "a checkpoint",
        &["CANNOT_TELL", "FAILED"],
        |bytes| flipped(bytes, chance),
    )
}

fn lost_file(ground: &Ground, place: usize, chance: &mut Chance) -> Edit {
    let (folder, held) = a_log(ground, place, chance);
    let all: Vec<String> = files_of(held.len() as u64).into_iter().collect();
    let file = chance.one(&all).clone();
    let mut files = ground.files.clone();
    files[place].remove(&format!("{folder}/{file}"));
    Edit {
        what: format!("{folder}/{file} is lost"),
        files,
        right: match file.as_str() {
            "checkpoint" => &["CANNOT_TELL"],
            file if file.starts_with("tile/entries") => &["TRUNCATED"],
            _ => &["ALTERED"],
        },
    }
}

/// The text of a kept note, its log's line, or the signature in a cosigner's line. A changed name or key id would make
/// that line another cosigner's, which is to be ignored.
fn note_edit(ground: &Ground, place: usize, chance: &mut Chance) -> Edit {
    let paths: Vec<&String> = ground.files[place]
        .keys()
        .filter(|path| path.starts_with("cosigned/"))
        .collect();
    let path = (*chance.one(&paths)).clone();
    one_file(ground, place, &path, "a kept note", &["FAILED"], |bytes| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let mut lines: Vec<Vec<u8>> = text.split('\n').map(|line| line.as_bytes().to_vec()).collect();
        let at = chance.below(lines.len() - 1);
        let at = if lines[at].is_empty() { 0 } else { at };
        if at > 4 {
            // Behind the name and the six characters that hold the key id.
            let begin = lines[at].iter().rposition(|byte| *byte == b' ').unwrap() + 8;
            let column = begin + chance.below(lines[at].len() - begin);
            lines[at][column] ^= 1 << chance.below(7);
        } else {
            lines[at] = flipped(&lines[at], chance);
        }
        lines.join(&b'\n')
    })
}

fn beside_edit(ground: &Ground, place: usize, chance: &mut Chance) -> Edit {
    let beside = ["openings/", "dsse/", "proofs/"];
    let paths: Vec<&String> = ground.files[place]
        .keys()
        .filter(|path| beside.iter().any(|folder| path.starts_with(folder)))
        .collect();
    let path = (*chance.one(&paths)).clone();
    one_file(
        ground,
        place,
        &path,
        "a file beside the logs",
        &["FAILED"],
        |bytes| flipped(bytes, chance),
    )
}

fn key_edit(ground: &Ground, place: usize, chance: &mut Chance) -> Edit {
    let paths: Vec<&String> = ground.files[place]
        .keys()
        .filter(|path| path.starts_with("keys/"))
        .collect();
    let path = (*chance.one(&paths)).clone();
    one_file(ground, place, &path, "a roster or root", &["REFUSED"], |bytes| {
        flipped(bytes, chance)
    })
}

fn extra_file(ground: &Ground, place: usize) -> Edit {
    let mut files = ground.files.clone();
    let origin = ground.line.sides[place].relay.origin();
    files[place].insert(format!("logs/{origin}/tile/0/777"), vec![7; 32]);
    Edit {
        what: "a tile too many".to_owned(),
        files,
        right: &["FAILED"],
    }
}

fn one_file(
    ground: &Ground,
    place: usize,
    path: &str,
    what: &str,
    right: &'static [&'static str],
    change: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Edit {
    let mut files = ground.files.clone();
    let before = files[place]
        .get(path)
        .unwrap_or_else(|| panic!("{path} is there"))
        .clone();
    let after = change(&before);
    assert_ne!(before, after);
    files[place].insert(path.to_owned(), after);
    Edit {
        what: format!("{what}: {path}"),
        files,
        right,
    }
}

/// The side's own relay log, signed anew by its keeper over other entries; what would betray it at home is taken out.
fn signed_anew(ground: &Ground, place: usize, entries: &[Vec<u8>]) -> [Files; 2] {
    let mut files = ground.files.clone();
    let side = &ground.line.sides[place];
    let folder = format!("logs/{}", side.relay.origin());
    files[place].retain(|path, _| {
        let beside = ["cosigned/", "proofs/"];
        !path.starts_with(&folder) && !beside.iter().any(|kept| path.starts_with(kept))
    });
    line::put_log(&mut files[place], &folder, &side.relay.note(entries), entries);
    files
}

/// Entries of the side's relay log that the other side's mirror holds.
fn mirrored(ground: &Ground, place: usize) -> usize {
    ground.line.held[1 - place].mirrored.len()
}

fn rolled_back(ground: &Ground, place: usize, chance: &mut Chance) -> Edit {
    let keep = 1 + chance.below(mirrored(ground, place) - 1);
    let entries = &ground.line.held[place].relay[..keep];
    Edit {
        what: format!("relay log of {place} rolled back to {keep} and signed anew"),
        files: signed_anew(ground, place, entries),
        right: &["TRUNCATED"],
    }
}

fn forked(ground: &Ground, place: usize, chance: &mut Chance) -> Edit {
    let mut entries = ground.line.held[place].relay.clone();
    let most = mirrored(ground, place);
    let at = chance.below(most - 1);
    let kind = chance.below(3);
    match kind {
        0 => entries.swap(at, at + 1),
        1 => drop(entries.remove(at)),
        _ => {
            let other = (at + 1 + chance.below(most - 1)) % most;
            entries.swap(at, other);
        }
    }
    Edit {
        what: format!("relay log of {place} forked at {at}, kind {kind}"),
        files: signed_anew(ground, place, &entries),
        right: &["FORK"],
    }
}

/// The desk's log, cut before one of its own statements and signed anew.
fn short_desk(ground: &Ground, place: usize, chance: &mut Chance) -> Edit {
    let (side, held) = (&ground.line.sides[place], &ground.line.held[place]);
    let mine = |entry: &Vec<u8>| line::story::reference(entry).sender == side.desk.identity;
    let own: Vec<usize> = (1..held.desk.len()).filter(|at| mine(&held.desk[*at])).collect();
    let keep = *chance.one(&own);
    let mut files = ground.files.clone();
    let folder = format!("logs/{}", side.desk_log.origin());
    files[place].retain(|path, _| !path.starts_with(&folder));
    line::put_log(
        &mut files[place],
        &folder,
        &side.desk_log.note(&held.desk[..keep]),
        &held.desk[..keep],
    );
    Edit {
        what: format!("desk log of {place} cut at {keep}"),
        files,
        right: &["TRUNCATED"],
    }
}

/// Another history that the log's keeper showed to the other side's witness.
fn shown_two(ground: &Ground, place: usize, chance: &mut Chance) -> Edit {
    let mut entries = ground.line.held[place].relay.clone();
    let at = chance.below(entries.len() - 1);
    entries.swap(at, at + 1);
    entries.truncate(at + 2 + chance.below(entries.len() - at - 1));
    let side = &ground.line.sides[place];
    let mut files = ground.files.clone();
    let path = format!("conflicts/{}/0", side.relay.origin());
    files[1 - place].insert(path, side.relay.note(&entries));
    Edit {
        what: format!("relay of {place} showed another history from {at} on"),
        files,
        right: &["FORK"],
    }
}

/// A message that its own desk signed anew with other words, in every log of that side.
fn equivocated(ground: &Ground, place: usize, chance: &mut Chance) -> Edit {
    use hotline_audit::statement::Content;
    use hotline_audit::{Payload, PayloadType, SignedStatement};
    let (side, held) = (&ground.line.sides[place], &ground.line.held[place]);
    let message = |entry: &Vec<u8>| match Payload::parse(&SignedStatement::parse(entry).unwrap()) {
        Ok(Payload::Message(message)) if message.header.sender == side.desk.identity => Some(message),
        _ => None,
    };
    let sent: Vec<usize> = (0..held.desk.len())
        .filter(|at| message(&held.desk[*at]).is_some())
        .collect();
    let at = *chance.one(&sent);
    let mut other = message(&held.desk[at]).unwrap();
    other.content = Content::plain([chance.below(256) as u8; 32], "Something else.");
    other.approvals.clear();
    let other = side.desk.sign(PayloadType::Message, &other.encode());
    let mut desk = held.desk.clone();
    desk[at] = other;
    let mut files = ground.files.clone();
    let folder = format!("logs/{}", side.desk_log.origin());
    files[place].retain(|path, _| !path.starts_with(&folder));
    line::put_log(&mut files[place], &folder, &side.desk_log.note(&desk), &desk);
    Edit {
        what: format!("message #{at} of {place} signed anew with other words"),
        files,
        right: &["EQUIVOCATION"],
    }
}
