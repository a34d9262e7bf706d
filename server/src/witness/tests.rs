//! A witness and mirror on a simulated disk: every status, what is kept, and power cuts at the commit.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use futures_util::stream;
use hotline_audit::{
    Checkpoint, CosignSigner, CosignerName, Frontier, Hash, LogSigner, LogVerifier, NodeReader, PayloadType,
    SignedStatement, SigningKey,
    mirror::{MirrorInfo, Package, UploadHead},
    note::{Note, NoteSignature},
    statement::PeerCheckpoint,
    tiles::{TILE_WIDTH, entries_path, tile_path},
    tree::{consistency_proof, leaf_hash, node_hash, subtree_proof},
    witness::{AddCheckpoint, origin_hash},
};
use hotline_core::leg::Lane;
use hotline_ledger::{
    Batch, Engine, Ledger, MemoryDisk, Mode, OpenOptions, ReadError, Record, Restored, Sync,
};
use hotline_transport::Seams;

use super::{
    book,
    office::{KnownLogs, Office, OfficeParts},
    reply::Reply,
    shelf,
};

const NORTH: &str = "avelia.example/relay/north";
const SOUTH: &str = "borenia.example/relay/south";

pub(super) fn north() -> LogSigner {
    LogSigner::new(NORTH, SigningKey::from_seed(&[1; 32])).unwrap()
}

/// A log whose entries are numbered, on one of two branches from the third on.
#[derive(Clone)]
pub(super) struct Log {
    branch: &'static str,
    size: u64,
}

impl Log {
    pub(super) fn of(branch: &'static str, size: u64) -> Self {
        Self { branch, size }
    }

    fn entry(&self, n: u64) -> Vec<u8> {
        match n {
            0..3 => format!("entry {n}").into_bytes(),
            _ => format!("{} {n} {}", self.branch, "x".repeat((n % 50) as usize)).into_bytes(),
        }
    }

    fn note(&self) -> Note {
        Note::parse(&north().checkpoint(self.size, self.root()).sign(&north())).unwrap()
    }

    fn root(&self) -> Hash {
        let mut frontier = Frontier::new();
        for n in 0..self.size {
            frontier.push(leaf_hash(&self.entry(n)));
        }
        frontier.root()
    }

    /// A request that builds on `old`.
    pub(super) fn offer(&self, old: u64) -> Vec<u8> {
        let proof = consistency_proof(self, old.min(self.size), self.size).unwrap();
        AddCheckpoint::new(old, proof, self.note()).unwrap().encode()
    }

    /// An upload of everything from `start` on.
    pub(super) fn upload(&self, start: u64, ticket: &[u8]) -> Vec<u8> {
        let head = UploadHead {
            origin: NORTH.into(),
            start,
            end: self.size,
            ticket: ticket.to_vec(),
        };
        let mut out = head.encode().unwrap();
        for span in head.spans() {
            let package = Package {
                entries: (span.start..span.end).map(|n| self.entry(n)).collect(),
                proof: subtree_proof(self, (span.base, span.end), self.size).unwrap(),
            };
            out.extend(package.encode().unwrap());
        }
        out
    }
}

impl NodeReader for Log {
    type Error = std::convert::Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        match level {
            0 => Ok(leaf_hash(&self.entry(index))),
            _ => Ok(node_hash(
                &self.node(level - 1, index * 2)?,
                &self.node(level - 1, index * 2 + 1)?,
            )),
        }
    }
}

struct OnlyNorth;

/// The same, where the witness's own key has ended.
struct Ended;

impl KnownLogs for Ended {
    fn keys(&self, origin: &str) -> Vec<LogVerifier> {
        OnlyNorth.keys(origin)
    }

    fn mirrored(&self, _: &str) -> bool {
        true
    }

    fn counts(&self, _: &hotline_audit::CosignVerifier) -> bool {
        false
    }
}

impl KnownLogs for OnlyNorth {
    fn keys(&self, origin: &str) -> Vec<LogVerifier> {
        match origin {
            NORTH => vec![north().verifier()],
            _ => Vec::new(),
        }
    }

    fn mirrored(&self, _: &str) -> bool {
        true
    }
}

fn ledger(disk: &MemoryDisk) -> Ledger {
    ledger_in(Engine::Memory(disk.clone()), Mode::Inline)
}

fn ledger_in(engine: Engine, mode: Mode) -> Ledger {
    let options = OpenOptions {
        engine,
        owner: format!("spiffe://{SOUTH}"),
        origin: SOUTH.into(),
        signer: None,
        entropy: &mut |buffer: &mut [u8]| buffer.fill(7),
        mode,
        restored: Restored::ReadOnly,
    };
    Ledger::open(options).unwrap().0
}

fn cosigner(name: Result<CosignerName, hotline_audit::note::NoteError>, seed: u8) -> CosignSigner {
    CosignSigner::new(name.unwrap(), SigningKey::from_seed(&[seed; 32]))
}

pub(super) fn office_on(disk: &MemoryDisk) -> Office {
    office_of(ledger(disk))
}

fn office_of(ledger: Ledger) -> Office {
    let seams = Seams::system();
    Office::open(OfficeParts {
        ledger,
        clock: seams.clock,
        spawner: seams.spawner,
        witness: cosigner(CosignerName::witness(SOUTH), 5),
        mirror: Some(cosigner(CosignerName::mirror(SOUTH), 6)),
    })
    .unwrap()
}

struct Desk {
    disk: MemoryDisk,
    office: Arc<Office>,
    known: Arc<dyn KnownLogs>,
}

impl Desk {
    fn new() -> Self {
        let disk = MemoryDisk::new();
        Self {
            office: Arc::new(office_on(&disk)),
            known: Arc::new(OnlyNorth),
            disk,
        }
    }

    /// The process ends and starts again on what is on disk.
    async fn again(self) -> Self {
        let again = self.unchecked();
        again.office.check_mirrored().await;
        again
    }

    /// The same before it has looked at what it mirrors.
    fn unchecked(self) -> Self {
        let Self { disk, office, .. } = self;
        drop(office);
        Self {
            office: Arc::new(office_on(&disk)),
            known: Arc::new(OnlyNorth),
            disk,
        }
    }

    async fn offer(&self, body: &[u8]) -> Reply {
        self.office.add_checkpoint(body, &self.known, "somebody").await
    }

    async fn status(&self, body: &[u8]) -> u16 {
        self.offer(body).await.status
    }

    async fn bring(&self, body: &[u8]) -> Reply {
        // In pieces that fit nothing.
        let pieces: Vec<Vec<u8>> = body.chunks(1000).map(<[u8]>::to_vec).collect();
        self.office.add_entries(stream::iter(pieces), &self.known).await
    }

    fn get(&self, path: &str) -> Reply {
        self.office.mirror_file(&origin_hash(NORTH), path)
    }
}

fn line(reply: &Reply) -> NoteSignature {
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    NoteSignature::parse_lines(&reply.body).unwrap().remove(0)
}

fn said(reply: &Reply) -> String {
    String::from_utf8(reply.body.clone()).unwrap()
}

#[tokio::test]
async fn each_call_of_a_witness_gets_the_status_that_the_specification_gives_it() {
    let south = Desk::new();
    let (five, nine) = (Log::of("a", 5), Log::of("a", 9));
    let reply = south.offer(&five.offer(0)).await;
    let key = south.office.witness_key();
    assert!(key.time_of(&five.note().text, &line(&reply)).is_some());
    let stale = south.offer(&five.offer(0)).await;
    assert_eq!(
        (stale.status, stale.media, said(&stale).as_str()),
        (409, "text/x.tlog.size", "5\n")
    );
    assert_eq!(south.status(&five.offer(5)).await, 200);
    assert_eq!(south.status(&nine.offer(5)).await, 200);
    assert_eq!(south.status(b"old x\n\nnothing").await, 400);
    assert_eq!(south.status(&Log::of("b", 9).offer(9)).await, 422);
    assert_eq!(south.status(&Log::of("b", 12).offer(9)).await, 422);
    let stranger = LogSigner::new("caldria.example/relay/west", SigningKey::from_seed(&[9; 32])).unwrap();
    let note = |signer: &LogSigner| {
        let checkpoint = Checkpoint {
            origin: signer.origin().to_owned(),
            size: 3,
            root: Hash::ZERO,
        };
        let note = Note::parse(&checkpoint.sign(signer)).unwrap();
        AddCheckpoint::new(0, Vec::new(), note).unwrap().encode()
    };
    assert_eq!(south.status(&note(&stranger)).await, 404);
    let forger = LogSigner::new(NORTH, SigningKey::from_seed(&[9; 32])).unwrap();
    assert_eq!(south.status(&note(&forger)).await, 403);
    assert_eq!(
        book::witnessed(south.office.ledger()).unwrap(),
        [NORTH],
        "only what was cosigned"
    );
}

#[tokio::test]
async fn a_relay_cosigns_no_checkpoint_with_extension_lines_and_keeps_one_that_proves_a_fork() {
    let south = Desk::new();
    let extended = |log: &Log, old: u64| {
        let text = format!("{}an extension line\n", log.note().text);
        let key = SigningKey::from_seed(&[1; 32]);
        let mut note = Note {
            text: text.clone(),
            signatures: log.note().signatures,
        };
        let line = &mut note.signatures[0];
        line.signature = key.sign(text.as_bytes()).to_vec();
        let proof = consistency_proof(log, old, log.size).unwrap();
        AddCheckpoint::new(old, proof, note).unwrap().encode()
    };
    let five = Log::of("a", 5);
    assert_eq!(south.status(&extended(&five, 0)).await, 400);
    assert_eq!(south.office.witness_checkpoint(&origin_hash(NORTH)).status, 404);
    line(&south.offer(&five.offer(0)).await);
    assert_eq!(south.status(&extended(&Log::of("b", 5), 5)).await, 422);
    assert_eq!(book::conflicts(south.office.ledger(), NORTH).unwrap().0.len(), 1);
}

#[tokio::test]
async fn a_witness_or_mirror_whose_own_key_has_ended_signs_nothing_more() {
    let mut south = Desk::new();
    let log = Log::of("a", 5);
    line(&south.offer(&log.offer(0)).await);
    south.known = Arc::new(Ended);
    assert_eq!(south.status(&Log::of("a", 9).offer(5)).await, 503);
    assert_eq!(south.bring(&log.upload(0, b"")).await.status, 503);
}

#[tokio::test]
async fn what_was_cosigned_is_handed_out_and_remembered_by_the_next_process() {
    let south = Desk::new();
    line(&south.offer(&Log::of("a", 5).offer(0)).await);
    let shown = south.office.witness_checkpoint(&origin_hash(NORTH));
    let note = Note::parse(&shown.body).unwrap();
    assert!(note.verify(north().verifier().verifier_key()).is_ok());
    assert!(south.office.witness_key().verify(&note).is_some());
    assert_eq!(south.office.witness_checkpoint(&origin_hash("x")).status, 404);
    let south = south.again().await;
    assert_eq!(said(&south.offer(&Log::of("b", 9).offer(0)).await), "5\n");
    assert_eq!(south.status(&Log::of("b", 9).offer(5)).await, 422);
    assert_eq!(south.status(&Log::of("a", 9).offer(5)).await, 200);
}

#[tokio::test]
async fn every_conflicting_checkpoint_is_kept_once_and_beyond_the_bound_counted() {
    let south = Desk::new();
    line(&south.offer(&Log::of("a", 9).offer(0)).await);
    assert_eq!(south.status(&Log::of("b", 9).offer(9)).await, 422);
    assert_eq!(south.status(&Log::of("b", 9).offer(9)).await, 422);
    assert_eq!(
        south.status(&Log::of("b", 9).offer(4)).await,
        409,
        "kept all the same"
    );
    assert_eq!(south.status(&Log::of("b", 12).offer(9)).await, 422);
    let (kept, more) = book::conflicts(south.office.ledger(), NORTH).unwrap();
    let mut why: Vec<&str> = kept.iter().map(|conflict| conflict.why.as_str()).collect();
    why.sort_unstable();
    assert_eq!((why, more), (vec!["PROOF", "SAME_SIZE"], 0));
    let fork = kept.iter().find(|conflict| conflict.why == "SAME_SIZE").unwrap();
    assert_eq!(fork.note, Log::of("b", 9).note().encode());
    assert_eq!(fork.from, "somebody");
    for size in 10..book::MAX_UNPROVEN as u64 + 15 {
        south.status(&Log::of("b", size).offer(9)).await;
    }
    let south = south.again().await;
    let (kept, more) = book::conflicts(south.office.ledger(), NORTH).unwrap();
    assert_eq!(kept.len(), 1 + book::MAX_UNPROVEN);
    assert_eq!(more, 5);
}

#[tokio::test]
async fn a_mirror_cosigns_what_it_holds_and_hands_it_out_as_tiles() {
    let south = Desk::new();
    let log = Log::of("a", 700);
    assert_eq!(
        south.bring(&log.upload(0, b"")).await.status,
        422,
        "no checkpoint yet"
    );
    line(&south.offer(&log.offer(0)).await);
    let cosigned = line(&south.bring(&log.upload(0, b"")).await);
    let mirror = south.office.mirror_key().unwrap();
    assert!(mirror.time_of(&log.note().text, &cosigned).is_some());

    let south = south.again().await;
    let note = Note::parse(&south.get("checkpoint").body).unwrap();
    assert!(mirror.verify(&note).is_some());
    assert!(note.verify(north().verifier().verifier_key()).is_ok());
    assert_eq!(note.signatures.len(), 2, "the witness' word is not the mirror's");
    let folder = tempfile::tempdir().unwrap();
    for (index, width) in [(0, 256), (1, 256), (2, 188)] {
        for path in [tile_path(0, index, width), entries_path(index, width)] {
            write(folder.path(), &path, &south.get(&path));
        }
    }
    let top = tile_path(1, 0, 2);
    write(folder.path(), &top, &south.get(&top));
    write(folder.path(), "checkpoint", &south.get("checkpoint"));
    let tiles = hotline_audit::tiles::TileDir::new(folder.path());
    let root = hotline_audit::tree::root_at(&tiles.tree(700), 700).unwrap();
    assert_eq!(root, log.root());
    let bundle = tiles.bundle(2, 700).unwrap();
    assert_eq!(
        bundle.entries.last(),
        Some(&log.entry(699)),
        "entries come back as they were"
    );
    for missing in [
        tile_path(0, 2, TILE_WIDTH),
        tile_path(0, 3, 1),
        tile_path(2, 0, 1),
        entries_path(2, 189),
        "tile/../checkpoint".into(),
        "x".into(),
    ] {
        assert_eq!(south.get(&missing).status, 404, "{missing}");
    }
}

fn write(folder: &std::path::Path, path: &str, reply: &Reply) {
    assert_eq!(reply.status, 200, "{path}");
    let file = folder.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, &reply.body).unwrap();
}

#[tokio::test]
async fn an_upload_goes_on_where_it_broke_off_and_what_does_not_belong_is_kept_by_nobody() {
    let south = Desk::new();
    let log = Log::of("a", 600);
    line(&south.offer(&log.offer(0)).await);
    let whole = log.upload(0, b"");
    let first_package = UploadHead::read(&whole).unwrap().unwrap().1;
    assert_eq!(south.bring(&whole[..first_package + 5]).await.status, 400);
    let part = south.bring(&whole[..whole.len() - 10]).await;
    assert_eq!((part.status, part.media), (202, "text/x.tlog.mirror-info"));
    let info = MirrorInfo::parse(&part.body).unwrap();
    assert_eq!((info.size, info.next), (600, 512));
    assert_eq!(south.get("checkpoint").status, 404, "nothing is cosigned yet");

    let gap = south.bring(&log.upload(520, b"")).await;
    assert_eq!(
        (gap.status, MirrorInfo::parse(&gap.body).unwrap().next),
        (409, 512)
    );
    let mut altered = log.upload(512, b"");
    let at = altered.len() - 300;
    altered[at] ^= 1;
    assert_eq!(south.bring(&altered).await.status, 422);
    assert_eq!(south.office.held(NORTH).next(), 512);

    // Meanwhile the log grows: the ticket still names the older checkpoint.
    line(&south.offer(&Log::of("a", 650).offer(600)).await);
    let late = south.bring(&log.upload(512, b"")).await;
    assert_eq!(
        (late.status, MirrorInfo::parse(&late.body).unwrap().size),
        (409, 650)
    );
    line(&south.bring(&log.upload(512, &info.ticket)).await);
    assert_eq!(south.office.held(NORTH).cosigned_size(), 600);
    line(&south.bring(&Log::of("a", 650).upload(590, b"")).await);
    let back = south.bring(&log.upload(600, &info.ticket)).await;
    assert_eq!(back.status, 409, "never back to a smaller checkpoint");
    line(&south.bring(&Log::of("a", 650).upload(650, b"")).await);
    assert_eq!(south.office.held(NORTH).cosigned_size(), 650);
}

#[tokio::test]
async fn a_witness_whose_ledger_was_put_back_knows_from_its_log_what_it_cosigned() {
    let south = Desk::new();
    line(&south.offer(&Log::of("a", 9).offer(0)).await);
    let mut note = south.office.seen(NORTH).unwrap().unwrap().note().clone();
    let mirror = cosigner(CosignerName::mirror(SOUTH), 6);
    let text = note.text.clone();
    note.signatures.push(mirror.cosign(&text, 7));
    let anchor = PeerCheckpoint {
        relay: format!("spiffe://{SOUTH}"),
        key_statement: Hash([1; 32]),
        note: note.encode(),
        claimed_time_ms: 1,
        mirrored: 0,
    };
    let key = SigningKey::from_seed(&[3; 32]);
    let leaf = SignedStatement::sign(PayloadType::PeerCheckpoint, &anchor.encode(), &key).unwrap();
    let leaf = leaf.into_bytes();

    let restored = Desk::new();
    let witness = restored.office.witness_key();
    let record = book::recalled(restored.office.ledger(), &leaf, &witness).unwrap();
    let mut batch = Batch::new(Lane::Control);
    batch.records.push(record);
    restored.office.ledger().commit(batch).await.unwrap();
    assert_eq!(said(&restored.offer(&Log::of("b", 9).offer(0)).await), "9\n");
    assert_eq!(
        restored.office.seen(NORTH).unwrap(),
        south.office.seen(NORTH).unwrap(),
        "to the byte"
    );
    assert!(
        book::recalled(restored.office.ledger(), &leaf, &witness).is_none(),
        "nothing newer"
    );
    let stranger = cosigner(CosignerName::witness(SOUTH), 8).verifier();
    assert!(book::recalled(Desk::new().office.ledger(), &leaf, &stranger).is_none());
}

#[tokio::test]
async fn nobody_who_brings_a_ticket_takes_the_logs_line_from_the_note_that_is_handed_out() {
    let south = Desk::new();
    let log = Log::of("a", 40);
    line(&south.offer(&log.offer(0)).await);
    let ticket = Note::parse(&south.office.witness_checkpoint(&origin_hash(NORTH)).body).unwrap();
    line(&south.offer(&Log::of("a", 50).offer(40)).await);
    let mut bare = ticket.clone();
    bare.signatures.retain(|line| line.name != NORTH);
    assert_eq!(south.bring(&log.upload(0, &bare.encode())).await.status, 409);
    let mut strange = ticket;
    let stranger = cosigner(CosignerName::witness("caldria.example/relay/west"), 8);
    let text = strange.text.clone();
    strange.signatures.push(stranger.cosign(&text, 7));
    line(&south.bring(&log.upload(0, &strange.encode())).await);
    let shown = Note::parse(&south.get("checkpoint").body).unwrap();
    let names: Vec<&str> = shown.signatures.iter().map(|line| line.name.as_str()).collect();
    assert_eq!(names, [NORTH, "borenia.example/relay/south/mirror"]);
}

#[tokio::test]
async fn what_is_mirrored_is_hashed_in_the_background_and_neither_handed_out_nor_added_to_before() {
    let south = Desk::new();
    let log = Log::of("a", 300);
    line(&south.offer(&log.offer(0)).await);
    line(&south.bring(&log.upload(0, b"")).await);
    let south = south.unchecked();
    assert_eq!(south.get("checkpoint").status, 503);
    assert_eq!(south.bring(&log.upload(300, b"")).await.status, 503);
    line(&south.offer(&Log::of("a", 310).offer(300)).await);
    south.office.check_mirrored().await;
    assert_eq!(south.get("checkpoint").status, 200);
    line(&south.bring(&Log::of("a", 310).upload(300, b"")).await);
    let entries: u64 = (0..310).map(|n| log.entry(n).len() as u64).sum();
    assert_eq!(south.office.held(NORTH).bytes(), entries);
}

#[tokio::test]
async fn a_fork_before_the_newest_size_is_found_by_what_is_mirrored() {
    let south = Desk::new();
    let log = Log::of("a", 20);
    line(&south.offer(&log.offer(0)).await);
    line(&south.bring(&log.upload(0, b"")).await);
    assert_eq!(south.status(&Log::of("a", 9).offer(0)).await, 409);
    assert_eq!(book::conflicts(south.office.ledger(), NORTH).unwrap().0, []);
    assert_eq!(south.status(&Log::of("b", 9).offer(0)).await, 409);
    let (kept, _) = book::conflicts(south.office.ledger(), NORTH).unwrap();
    assert_eq!(kept[0].why, "MIRRORED");
}

#[tokio::test]
async fn entries_that_were_altered_on_disk_are_not_handed_out_and_are_brought_anew() {
    let south = Desk::new();
    let log = Log::of("a", 600);
    line(&south.offer(&log.offer(0)).await);
    line(&south.bring(&log.upload(0, b"")).await);
    alter(south.office.ledger(), 300).await;
    let south = south.again().await;
    assert_eq!(south.get("checkpoint").status, 503);
    assert_eq!(south.get(&tile_path(0, 0, 256)).status, 503);
    assert_eq!(
        south.office.held(NORTH).next(),
        256,
        "the tile before the altered one is good"
    );
    let info = south.bring(&log.upload(600, b"")).await;
    assert_eq!(
        (info.status, MirrorInfo::parse(&info.body).unwrap().next),
        (409, 256)
    );
    line(&south.bring(&log.upload(256, b"")).await);
    assert_eq!(south.get("checkpoint").status, 200);
    assert!(south.again().await.office.held(NORTH).whole());
}

/// Another entry in the place of one that was kept.
async fn alter(ledger: &Ledger, index: u64) {
    let log = Hash::of(NORTH.as_bytes());
    let mut batch = Batch::new(Lane::Control);
    batch.records.push(Record::Put {
        space: shelf::ENTRY_SPACE,
        key: [log.as_bytes().as_slice(), &index.to_be_bytes()].concat(),
        value: b"another".to_vec(),
    });
    ledger.commit(batch).await.unwrap();
}

/// Plays offers of two histories to a witness whose power is cut at chance; every cosignature that left counts.
#[tokio::test]
async fn no_power_cut_at_a_commit_lets_two_histories_be_cosigned() {
    let mut cuts = 0u32;
    let known: Arc<dyn KnownLogs> = Arc::new(OnlyNorth);
    for seed in 0..200u64 {
        let disk = MemoryDisk::new();
        let mut left: Vec<(u64, &str)> = Vec::new();
        let mut turn = seed;
        for round in 0..12u64 {
            let office = Arc::new(office_on(&disk));
            turn = turn
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let branch = if turn >> 33 & 1 == 0 { "a" } else { "b" };
            let newest = office.seen(NORTH).unwrap().map_or(0, |seen| seen.size());
            let log = Log::of(branch, newest + 4 + (turn >> 40) % 3);
            let cut = turn >> 50 & 3 == 0;
            if cut {
                cuts += 1;
                disk.set_sync(Sync::CutsPower);
            }
            let reply = office.add_checkpoint(&log.offer(newest), &known, "x").await;
            if reply.status == 200 {
                left.push((log.size, branch));
            }
            drop(office);
            if cut || round % 5 == 4 {
                // Any subset of what was not synced may have been kept.
                let kept = (turn >> 20) as usize % (disk.unsynced() + 1);
                disk.crash(&(0..kept).collect::<Vec<_>>());
            }
        }
        assert!(
            left.windows(2)
                .all(|pair| pair[0].1 == pair[1].1 && pair[0].0 <= pair[1].0),
            "seed {seed}: {left:?}"
        );
    }
    assert!(cuts > 300, "{cuts}");
}

/// What is queued in a ledger is written although nobody waits for it any more: the lock must outlive the caller.
#[tokio::test]
async fn whoever_hangs_up_while_a_checkpoint_is_written_gets_no_second_history_cosigned() {
    let known: Arc<dyn KnownLogs> = Arc::new(OnlyNorth);
    let (ours, other) = (Log::of("a", 9).offer(0), Log::of("b", 9).offer(0));
    for pauses in 0..6u32 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let office = Arc::new(office_of(ledger_in(Engine::Sqlite { path }, Mode::Thread)));
        {
            let mut call = std::pin::pin!(office.add_checkpoint(&ours, &known, "x"));
            for _ in 0..=pauses {
                // It has run as far as it can without waiting, and then its caller is gone.
                if futures_util::poll!(call.as_mut()).is_ready() {
                    // The disk was faster than that.
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        let second = office.add_checkpoint(&other, &known, "y").await;
        let kept = office.seen(NORTH).unwrap().unwrap();
        assert_eq!(second.status, 409, "{pauses}: {}", said(&second));
        assert_eq!(kept.root(), Log::of("a", 9).root());
    }
}

/// Every relay of every side, but for one whose key has ended.
struct Everybody {
    ended: &'static str,
}

impl KnownLogs for Everybody {
    fn keys(&self, origin: &str) -> Vec<LogVerifier> {
        let key = SigningKey::from_seed(&[1; 32]).public();
        if origin == self.ended {
            return Vec::new();
        }
        vec![LogVerifier::new(origin, key).unwrap()]
    }

    fn mirrored(&self, _: &str) -> bool {
        true
    }

    fn sides_are_bounded(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_side_that_enrols_many_relays_takes_no_place_from_others_and_an_ended_one_gives_its_own_back() {
    let mut south = Desk::new();
    south.known = Arc::new(Everybody { ended: "" });
    let first = async |south: &Desk, origin: &str| {
        let signer = LogSigner::new(origin, SigningKey::from_seed(&[1; 32])).unwrap();
        let note = Note::parse(&signer.checkpoint(3, Hash([3; 32])).sign(&signer)).unwrap();
        let offer = AddCheckpoint::new(0, Vec::new(), note).unwrap().encode();
        south.status(&offer).await
    };
    for n in 0..300 {
        let status = first(&south, &format!("caldria.example/relay/r{n}")).await;
        assert_eq!(status, if n < book::LOGS_OF_A_SIDE { 200 } else { 503 }, "{n}");
    }
    assert_eq!(
        south.status(&Log::of("a", 5).offer(0)).await,
        200,
        "another side's"
    );
    south.known = Arc::new(Everybody {
        ended: "caldria.example/relay/r3",
    });
    assert_eq!(first(&south, "caldria.example/relay/r9").await, 200);
    assert_eq!(first(&south, "caldria.example/relay/r10").await, 503);
    assert!(
        south.office.seen("caldria.example/relay/r3").unwrap().is_some(),
        "evidence stays"
    );
}

/// A ledger whose mirrored entries of one log cannot be read.
struct Torn<'a>(&'a Ledger);

impl book::Facts for Torn<'_> {
    fn fact(&self, space: &str, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        self.0.fact(space, key)
    }

    fn facts(
        &self,
        space: &str,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<book::Rows, ReadError> {
        if prefix == Hash::of(b"avelia.example/relay/a").as_bytes() {
            return Err(ReadError::Outside { asked: 1, size: 0 });
        }
        self.0.facts(space, prefix, after, limit)
    }
}

#[tokio::test]
async fn a_mirrored_log_that_cannot_be_read_keeps_no_other_one_waiting_and_is_looked_at_again() {
    let mut south = Desk::new();
    south.known = Arc::new(Everybody { ended: "" });
    let log = Log::of("a", 300);
    line(&south.offer(&log.offer(0)).await);
    line(&south.bring(&log.upload(0, b"")).await);
    // Another log of which the same is said to be held, and that stands before it.
    let held = south.office.held(NORTH);
    let mut batch = Batch::new(Lane::Control);
    batch
        .records
        .push(shelf::held_record("avelia.example/relay/a", &held));
    south.office.ledger().commit(batch).await.unwrap();
    let south = south.unchecked();
    let office = &south.office;
    assert_eq!(office.check_each_mirrored(&Torn(office.ledger())).await, 1);
    assert_eq!(south.get("checkpoint").status, 200);
    assert!(!office.shelf().is_checked("avelia.example/relay/a"));
    assert_eq!(office.check_each_mirrored(office.ledger()).await, 0);
    assert!(office.shelf().is_checked("avelia.example/relay/a"));
}

#[tokio::test]
async fn honest_checkpoints_with_wrong_proofs_make_room_for_a_fork_that_comes_behind_them() {
    let south = Desk::new();
    line(&south.offer(&Log::of("a", 9).offer(0)).await);
    let wrong = |log: Log, old: u64| {
        let proof = vec![Hash([7; 32])];
        AddCheckpoint::new(old, proof, log.note()).unwrap().encode()
    };
    for size in 10..10 + book::MAX_UNPROVEN as u64 {
        assert_eq!(south.status(&wrong(Log::of("a", size), 9)).await, 422);
    }
    let why = |south: &Desk| {
        let (kept, more) = book::conflicts(south.office.ledger(), NORTH).unwrap();
        let why: Vec<String> = kept.into_iter().map(|conflict| conflict.why).collect();
        (why, more)
    };
    assert_eq!(why(&south).0.len(), book::MAX_UNPROVEN);
    let log = Log::of("a", 100);
    line(&south.offer(&log.offer(9)).await);
    line(&south.bring(&log.upload(0, b"")).await);
    assert_eq!(why(&south), (Vec::new(), 0), "they are beginnings of the log");
    assert_eq!(south.status(&wrong(Log::of("b", 120), 100)).await, 422);
    assert_eq!(why(&south), (vec!["PROOF".to_owned()], 0));
    let log = Log::of("a", 130);
    line(&south.offer(&log.offer(100)).await);
    line(&south.bring(&log.upload(100, b"")).await);
    assert_eq!(
        why(&south),
        (vec!["MIRRORED".to_owned()], 0),
        "its entries prove it"
    );
}
