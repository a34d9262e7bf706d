//! The disk of a relay fills up: its ledger lies on a small file system of its own, in a mount namespace of its process, so
//! that nothing is left mounted whatever happens.
//!
//! On the reserve ROUTINE is refused and FLASH, receipts and copies of what is held pass; on a full disk everything is
//! refused, and nothing that was held is lost; with room again it goes on unaided, and gets from the desks what it had
//! refused. Mounting needs root or a user namespace; where there is neither, [`Mount::find`] says so.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use hotline_audit::TrustPolicy;
use hotline_cli::log::verify::verify_ledger;
use hotline_core::{leg::Door, precedence::Precedence, words::Rung};
use hotline_ledger::RESERVE_BYTES;
use tokio::process::Command;

use super::{
    Rack,
    ledger_sweep::files_of,
    process::{Driven, Role},
    tally::{Promise, Tally},
};
use crate::{
    AVELIA, BORENIA, Line,
    hand::{Counter, Hand, Told, dialer},
    traffic::Sender,
    wait::eventually,
};

/// Size of the small file system: the reserve and as much again as a young ledger needs.
const SIZE: u64 = RESERVE_BYTES + 32 * MIB;
/// What is left free when the disk is "on its reserve": half of it.
const ON_RESERVE: u64 = RESERVE_BYTES / 2;
const MIB: u64 = 1 << 20;
/// Text of a statement that fills the rest of a disk quickly.
const LONG: usize = 40_000;
/// Most of those: 20 MB, more than the room that is left in the write-ahead log (5 MiB, made ready at the start).
const LONG_MAX: usize = 512;
/// How long a desk may take to offer again what was refused: the outbox's longest wait, twice over.
const AGAIN_WITHIN: Duration = Duration::from_secs(120);

/// A way to mount a small file system for one process.
#[derive(Clone, Copy, Debug)]
pub struct Mount(&'static [&'static str]);

impl Mount {
    /// Finds one: as root, or in a user namespace.
    ///
    /// # Errors
    /// There is none here.
    pub fn find() -> Result<Self, String> {
        for way in [&["-m"][..], &["-r", "-m"]] {
            let tried = std::process::Command::new("unshare")
                .args(way)
                .args(["sh", "-c", "mount -t tmpfs -o size=1m none /mnt"])
                .output();
            if tried.is_ok_and(|tried| tried.status.success()) {
                return Ok(Self(way));
            }
        }
        Err("a small file system cannot be mounted here (neither root nor user namespaces)".into())
    }

    /// `program` with a file system of `bytes` at `place`.
    fn under(self, place: &Path, bytes: u64, program: &Path) -> Command {
        let mut command = Command::new("unshare");
        let mount = format!("mount -t tmpfs -o size={bytes} none \"$0\" && exec \"$@\"");
        command.args(self.0).args(["sh", "-c", &mount]);
        command.arg(place).arg(program);
        command
    }
}

/// Fills the disk of a relay step by step, and watches what it takes.
pub async fn fill(rack: &Rack, mount: Mount) -> Tally {
    let mut tally = Tally::default();
    if !rack.wants("disk") {
        return tally;
    }
    let mut line = Line::with_relays(rack.program.to_str().unwrap()).await;
    let role = Role::Relay(AVELIA);
    role.kill(&mut line).await;
    let place = line.folder().join("small");
    fs::create_dir(&place).unwrap();
    move_ledger(&line, &place);
    let log = line.folder().join("small.log");
    let command = mount.under(&place, SIZE, &rack.program);
    let relay = Driven::start(rack, &line, role, Some(command), &log).await;
    let disk = Disk::of(&relay, &place);
    for side in [AVELIA, BORENIA] {
        line.stage.start_desk(side).await.unwrap();
    }
    line.whole().await;
    rationed(&mut line, &disk, &mut tally).await;
    crammed(&line, &disk, &mut tally).await;
    relay.stopped(|| disk.verify(&line, &mut tally));
    relay.kill().await;
    line.close().await;
    tally
}

/// The relay's settings name a ledger on the small disk.
fn move_ledger(line: &Line, place: &Path) {
    let config = &line.stage.sides[AVELIA].relay.config;
    let text = fs::read_to_string(config).unwrap();
    let small = place.join("relay.ledger");
    let moved = text.replace("\"relay.ledger\"", &format!("\"{}\"", small.display()));
    assert_ne!(moved, text, "the settings name no ledger");
    fs::write(config, moved).unwrap();
}

/// On its reserve the relay refuses ROUTINE and takes what is urgent and what is evidence.
async fn rationed(line: &mut Line, disk: &Disk, tally: &mut Tally) {
    let case = "disk/reserve";
    let mut expect = |held: bool, what: &str| {
        if !held {
            tally.blame(case, Promise::Honest, what);
        }
    };
    let north = line.relay_name(AVELIA);
    let counter = counter(line).await;
    let mut hand = Hand::of(line, BORENIA, "novak");
    // Far behind the desk's own chain: a relay takes any order, and refuses only a fork.
    hand.tip.epoch = 2_000_000_000;
    let before = hand.message("While there is room.");
    let first = counter.hand_in(&before.bytes).await;
    expect(
        matches!(first, Told::Held(_)),
        "ROUTINE was refused while there was room",
    );
    disk.leave(ON_RESERVE);
    let routine = hand.message("On the reserve.");
    let told = counter.hand_in(&routine.bytes).await;
    expect(
        told.rule() == "DISK_FULL",
        &format!("ROUTINE was taken on the reserve: {told:?}"),
    );
    let again = counter.hand_in(&before.bytes).await;
    expect(
        again == first,
        &format!("a copy of what is held was answered {again:?}"),
    );
    let draft = hand.draft_as(Precedence::Flash, "On the reserve, and urgent.");
    let told = counter.hand_in(&hand.sign(draft).bytes).await;
    expect(
        matches!(told, Told::Held(_)),
        &format!("FLASH was refused on the reserve: {told:?}"),
    );

    // From desk to desk: ROUTINE goes by the other relay, its receipt by both; FLASH by both.
    let mut sender = Sender::at(line, AVELIA).await;
    let routine = sender.send("By the other relay.").await;
    line.until(AVELIA, &routine.sha256, Rung::Delivered).await;
    let words = ["-p", "FLASH", "--wait", "delivered", "By both."];
    let _ = line.desk(AVELIA, "send", &words).await.ended(0);
    let pending = line.status(AVELIA).await.relays[&north].pending;
    expect(
        pending == 1,
        &format!("{pending} statements are owed to the relay, not the one ROUTINE"),
    );
    disk.leave(SIZE);
    eventually("the relay gets what it had refused", AGAIN_WITHIN, async || {
        (line.status(AVELIA).await.relays[&north].pending == 0).then_some(())
    })
    .await;
}

/// On a full disk even FLASH is refused, and what was held before stays; with room again it is taken.
async fn crammed(line: &Line, disk: &Disk, tally: &mut Tally) {
    let case = "disk/full";
    let counter = counter(line).await;
    let mut hand = Hand::of(line, BORENIA, "novak");
    hand.tip.epoch = 2_000_000_001;
    disk.leave(0);
    let mut held = Vec::new();
    let mut refused = None;
    for _ in 0..LONG_MAX {
        let signed = hand.sign(hand.draft_as(Precedence::Flash, &"x".repeat(LONG)));
        match counter.hand_in(&signed.bytes).await {
            told @ Told::Held(_) => held.push((signed.bytes, told)),
            told @ Told::Refused { .. } => {
                refused = Some((signed.bytes, told));
                break;
            }
        }
        hand.tip = hand.tip.after(signed.hash, &signed.payload);
    }
    let Some((bytes, told)) = refused else {
        tally.blame(case, Promise::Honest, "a full disk never refused anything");
        return;
    };
    if told.rule() != "DISK_FULL" {
        tally.blame(
            case,
            Promise::Honest,
            format!("a full disk refuses with {told:?}"),
        );
    }
    tally.faults += 1;
    disk.leave(SIZE);
    for (bytes, told) in held {
        if counter.hand_in(&bytes).await != told {
            tally.blame(
                case,
                Promise::Lost,
                "what was held on a nearly full disk has another leaf",
            );
        }
    }
    let again = counter.hand_in(&bytes).await;
    if !matches!(again, Told::Held(_)) {
        tally.blame(case, Promise::Recovers, format!("with room again: {again:?}"));
    }
}

async fn counter(line: &Line) -> Counter {
    Counter::open(line, &dialer(line, BORENIA), AVELIA, Door::Tcp)
        .await
        .unwrap()
}

/// The small disk, seen from outside through the relay's process.
struct Disk {
    place: PathBuf,
}

impl Disk {
    fn of(relay: &Driven, place: &Path) -> Self {
        let root = format!("/proc/{}/root", relay.pid().expect("the relay runs"));
        let inside = place.strip_prefix("/").unwrap();
        Self {
            place: Path::new(&root).join(inside),
        }
    }

    /// Fills it up, or makes room, until about so many bytes are free.
    fn leave(&self, bytes: u64) {
        let ballast = self.place.join("ballast");
        let _ = fs::remove_file(&ballast);
        let mut file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .open(&ballast)
            .unwrap();
        let block = vec![0; usize::try_from(MIB / 16).unwrap()];
        // The disk says when it is full; then the last block is not whole.
        while self.free() > bytes && file.write_all(&block).is_ok() {}
    }

    fn free(&self) -> u64 {
        let found = rustix::fs::statvfs(&self.place).unwrap();
        found.f_bavail * found.f_frsize
    }

    /// A copy of the ledger verifies. Nobody may write meanwhile: of a ledger that moves, file by file copied, the fence
    /// would be younger than the log.
    fn verify(&self, line: &Line, tally: &mut Tally) {
        let copy = line.folder().join("copy");
        fs::create_dir(&copy).unwrap();
        for file in files_of(&self.place.join("relay.ledger")) {
            fs::copy(&file, copy.join(file.file_name().unwrap())).unwrap();
        }
        let policy = TrustPolicy::load_folder(&line.stage.trust(AVELIA)).unwrap();
        match verify_ledger(&copy.join("relay.ledger"), &policy) {
            Ok(report) if report.passed() => {}
            Ok(report) => tally.blame("disk", Promise::Recovers, report.to_string()),
            Err(failure) => tally.blame("disk", Promise::Recovers, failure.what),
        }
    }
}
