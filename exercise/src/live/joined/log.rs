//! A joined desk's log on its way into the evidence, as the files of its export.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use data_encoding::BASE64;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use super::{
    exported::{check, is_of_a_log},
    words::{FromSeat, ToSeat},
};
use crate::{bundle::FILE_MAX, live::joined::Line};

/// Bytes of one part. 48 KiB: 64 KiB of base64.
const PART: usize = 48 * 1024;
/// Most files of a log. 4,096: a million entries.
const FILES_MAX: usize = 4_096;
/// Largest log, in bytes. 64 MiB: the entries of the longest exercise, many times over, and of ten desks less than evidence
/// may hold.
const BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long the next part may take. 20 s: the desk closes first.
const PART_WITHIN: Duration = Duration::from_secs(20);
/// How long a whole log may take. 120 s: the largest one at half a megabyte a second.
const LOG_WITHIN: Duration = Duration::from_secs(120);
/// The same where the exercise was interrupted: whoever did that does not want to wait. 20 s.
const HURRIED_WITHIN: Duration = Duration::from_secs(20);
/// How often an interruption is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Most words of before the end that are passed over.
const OLD_MAX: usize = 1_024;

/// Reads an export as words for the plane.
///
/// # Errors
/// If a file cannot be read.
pub fn parts(export: &Path) -> io::Result<Vec<FromSeat>> {
    let mut said = Vec::new();
    let mut files = 0;
    for (name, path) in files_below(export, "")? {
        let bytes = fs::read(path)?;
        files += 1;
        let mut pieces: Vec<&[u8]> = bytes.chunks(PART).collect();
        if pieces.is_empty() {
            pieces.push(&[]);
        }
        said.extend(pieces.into_iter().map(|piece| FromSeat::File {
            name: name.clone(),
            part: BASE64.encode(piece),
        }));
    }
    said.push(FromSeat::Handed { files });
    Ok(said)
}

fn files_below(folder: &Path, before: &str) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{before}{}", entry.file_name().to_string_lossy());
        match entry.file_type()?.is_dir() {
            true => found.extend(files_below(&entry.path(), &format!("{name}/"))?),
            false => found.push((name, entry.path())),
        }
    }
    found.sort();
    Ok(found)
}

/// Where a log goes, and whose it must be.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Its folder in the evidence, which is not there yet.
    pub to: &'a Path,
    /// A folder on the same disk outside of the evidence, for what has not been checked.
    pub aside: &'a Path,
    /// Under which number the seat is told of the end, at least: another one than a control that has stopped told it under.
    pub no: u64,
    /// The desk's identity as the origin of a log.
    pub origin: &'a str,
}

/// Tells a seat that the exercise has ended, and puts the log that it hands over in its place, whole or not at all.
///
/// # Errors
/// It is away, hands over nothing, too slowly, or something else than its desk's log; somebody interrupts; or the disk
/// refuses.
pub async fn take(
    line: &Line,
    says: &mut mpsc::Receiver<FromSeat>,
    place: Place<'_>,
    interrupted: &AtomicBool,
) -> io::Result<()> {
    if line.here().is_none() {
        return Err(io::Error::new(io::ErrorKind::NotConnected, "it is away"));
    }
    for _ in 0..OLD_MAX {
        if says.try_recv().is_err() {
            break;
        }
    }
    // Control may have stopped while a log came: half of that one would spoil this one.
    match fs::remove_dir_all(place.aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    line.tell_as(place.no, ToSeat::Ended);
    let taken = within(
        receive(says, place.aside),
        [LOG_WITHIN, HURRIED_WITHIN],
        interrupted,
    )
    .await;
    line.tell(ToSeat::Bye);
    let placed = taken.and_then(|()| put(place));
    if placed.is_err() {
        // Half a log would be taken for a whole one that was cut.
        let _ = fs::remove_dir_all(place.aside);
    }
    placed
}

fn put(place: Place<'_>) -> io::Result<()> {
    check(place.aside, place.origin)?;
    if let Some(folder) = place.to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::rename(place.aside, place.to)
}

/// All of it in time, and nobody has interrupted meanwhile.
async fn within(
    receiving: impl Future<Output = io::Result<()>>,
    [usual, hurried]: [Duration; 2],
    interrupted: &AtomicBool,
) -> io::Result<()> {
    let before = interrupted.load(Ordering::Relaxed);
    let pressed = async {
        while before || !interrupted.load(Ordering::Relaxed) {
            sleep(LOOK_EVERY).await;
        }
    };
    let longest = if before { hurried } else { usual };
    tokio::select! {
        taken = timeout(longest, receiving) => taken.unwrap_or_else(|_| {
            let why = format!("its log did not come within {} s", longest.as_secs());
            Err(io::Error::new(io::ErrorKind::TimedOut, why))
        }),
        () = pressed => Err(io::ErrorKind::Interrupted.into()),
    }
}

/// What has come so far.
#[derive(Default)]
struct Coming {
    /// Every file's name.
    names: BTreeSet<String>,
    /// The file whose parts come now, and how much of it has come.
    name: String,
    file: u64,
    /// Of all files together.
    bytes: u64,
}

impl Coming {
    /// The next part of a file, if it may come.
    fn part(&mut self, name: &str, part: &str) -> Result<Vec<u8>, String> {
        if !is_of_a_log(name) {
            return Err(format!("{name:?} is no file of a log"));
        }
        let part = BASE64
            .decode(part.as_bytes())
            .map_err(|error| error.to_string())?;
        if part.is_empty() {
            return Err("no file of a log is empty".into());
        }
        if self.name != name {
            if !self.names.insert(name.to_owned()) {
                return Err(format!("{name} comes twice"));
            }
            (self.name, self.file) = (name.to_owned(), 0);
        }
        let length = part.len() as u64;
        (self.file, self.bytes) = (
            self.file.saturating_add(length),
            self.bytes.saturating_add(length),
        );
        match self.names.len() > FILES_MAX || self.file > FILE_MAX || self.bytes > BYTES_MAX {
            true => Err("it is larger than any log of an exercise".into()),
            false => Ok(part),
        }
    }
}

async fn receive(says: &mut mpsc::Receiver<FromSeat>, to: &Path) -> io::Result<()> {
    let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let mut coming = Coming::default();
    loop {
        let said = timeout(PART_WITHIN, says.recv()).await?;
        match said.ok_or(io::ErrorKind::UnexpectedEof)? {
            FromSeat::File { name, part } => {
                let part = coming.part(&name, &part).map_err(wrong)?;
                append(&to.join(name), &part)?;
            }
            FromSeat::Handed { files } => {
                let seen = coming.names.len() as u64;
                return match files == seen && seen > 0 {
                    true => Ok(()),
                    false => Err(wrong(format!("{seen} of {files} files came"))),
                };
            }
            FromSeat::Failed { what } => return Err(io::Error::other(what)),
            _ => return Err(wrong("it says something else than its log".into())),
        }
    }
}

fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::File::options().create(true).append(true).open(path)?;
    io::Write::write_all(&mut file, bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::{super::words::LINE_MAX, *};
    use crate::live::plane::lines;

    async fn hand_over(parts: Vec<FromSeat>, to: &Path) -> io::Result<()> {
        let (say, mut says) = mpsc::channel(parts.len().max(1));
        for part in parts {
            say.send(part).await.unwrap();
        }
        drop(say);
        receive(&mut says, to).await
    }

    fn file(name: &str, bytes: &[u8]) -> FromSeat {
        FromSeat::File {
            name: name.into(),
            part: BASE64.encode(bytes),
        }
    }

    #[tokio::test]
    async fn a_log_comes_as_it_was_exported() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir_all(from.path().join("tile/0")).unwrap();
        fs::write(from.path().join("checkpoint"), b"note").unwrap();
        fs::write(from.path().join("tile/0/000"), vec![7; PART * 2 + 1]).unwrap();
        hand_over(parts(from.path()).unwrap(), to.path()).await.unwrap();
        for name in ["checkpoint", "tile/0/000"] {
            assert_eq!(
                fs::read(from.path().join(name)).unwrap(),
                fs::read(to.path().join(name)).unwrap()
            );
        }
    }

    #[tokio::test]
    async fn a_log_that_is_not_whole_or_leads_elsewhere_is_refused() {
        let to = tempfile::tempdir().unwrap();
        let handed = |files| FromSeat::Handed { files };
        for said in [
            vec![file("checkpoint", b"a"), handed(2)],
            vec![handed(0)],
            vec![file("../a", b"a"), handed(1)],
            vec![file("x", b"a"), handed(1)],
            vec![file("tile/0/001", b"a")],
            vec![file("tile/0/002", b""), handed(1)],
            vec![FromSeat::Open, file("tile/0/003", b"a"), handed(1)],
            vec![
                file("tile/0/004", b"a"),
                file("tile/0/005", b"a"),
                file("tile/0/004", b"a"),
                handed(2),
            ],
        ] {
            let shown = format!("{said:?}");
            assert!(hand_over(said, to.path()).await.is_err(), "{shown}");
        }
    }

    #[test]
    fn a_file_that_evidence_cannot_hold_is_refused() {
        let mut coming = Coming::default();
        let part = BASE64.encode(&vec![7; 1 << 20]);
        let all = (0..=FILE_MAX >> 20).try_for_each(|_| coming.part("tile/entries/000", &part).map(drop));
        assert!(all.is_err());
    }

    /// A seat that is there, and what it says from a folder.
    async fn taken(says: Vec<FromSeat>, origin: &str, interrupted: bool) -> (io::Result<()>, bool, bool) {
        let root = tempfile::tempdir().unwrap();
        let (to, aside) = (root.path().join("logs/desk-B"), root.path().join("aside"));
        // Control had stopped while a log came.
        fs::create_dir_all(&aside).unwrap();
        fs::write(aside.join("checkpoint"), b"half").unwrap();
        let (line, mut said) = Line::new("B", "B");
        let (ours, theirs) = tokio::io::duplex(1024 * 1024);
        let (reader, writer) = lines(Box::new(ours));
        tokio::spawn({
            let line = line.clone();
            async move {
                line.serve(reader, writer, std::net::Ipv4Addr::LOCALHOST.into())
                    .await;
            }
        });
        line.connected(PART_WITHIN).await.unwrap();
        let (mut hears, mut speaks) = lines(Box::new(theirs));
        tokio::spawn(async move {
            while !matches!(
                hears.next::<ToSeat>(LINE_MAX).await.unwrap(),
                Some(ToSeat::Owed { no: 7, words }) if *words == ToSeat::Ended
            ) {}
            for word in says {
                speaks.say(&word).await.unwrap();
            }
            // It stays, and says nothing more than that.
            while speaks.say(&FromSeat::Here).await.is_ok() {
                sleep(LOOK_EVERY).await;
            }
        });
        let place = Place {
            to: &to,
            aside: &aside,
            no: 7,
            origin,
        };
        let pressed = AtomicBool::new(false);
        let taking = take(&line, &mut said, place, &pressed);
        let press = async {
            sleep(LOOK_EVERY).await;
            pressed.store(interrupted, Ordering::Relaxed);
        };
        let (came, ()) = tokio::join!(taking, press);
        (came, to.join("checkpoint").exists(), aside.exists())
    }

    /// An empty log of B.
    fn empty_log() -> Vec<FromSeat> {
        let origin = "exercise.borenia.example/desk/b";
        let key = hotline_audit::SigningKey::from_seed(&[1; 32]);
        let signer = hotline_audit::LogSigner::new(origin, key).unwrap();
        let note = signer.checkpoint(0, hotline_audit::Hash::of(b"")).sign(&signer);
        vec![file("checkpoint", &note), FromSeat::Handed { files: 1 }]
    }

    #[tokio::test]
    async fn what_a_seat_hands_over_is_in_the_evidence_only_if_it_is_its_desks_log() {
        let theirs = "exercise.borenia.example/desk/b";
        let (came, there, aside) = taken(empty_log(), theirs, false).await;
        came.unwrap();
        assert!(there && !aside);
        let (came, there, aside) = taken(empty_log(), "exercise.avelia.example/desk/a", false).await;
        assert!(came.is_err() && !there && !aside);
        let no_log = vec![file("checkpoint", b"no note"), FromSeat::Handed { files: 1 }];
        let (came, there, aside) = taken(no_log, theirs, false).await;
        assert!(came.is_err() && !there && !aside);
    }

    #[tokio::test]
    async fn a_log_that_does_not_come_holds_nobody_up_who_interrupts() {
        let one = vec![file("checkpoint", b"note")];
        let (came, there, aside) = taken(one, "exercise.borenia.example/desk/b", true).await;
        assert_eq!(came.unwrap_err().kind(), io::ErrorKind::Interrupted);
        assert!(!there && !aside);
    }

    #[tokio::test]
    async fn a_log_that_comes_part_by_part_and_never_ends_is_given_up() {
        let (say, mut says) = mpsc::channel(1);
        tokio::spawn(async move {
            for number in 0_u16..1_000 {
                let tile = format!("tile/0/{number:03}");
                if say.send(file(&tile, b"a")).await.is_err() {
                    return;
                }
                sleep(Duration::from_millis(20)).await;
            }
        });
        let to = tempfile::tempdir().unwrap();
        let never = AtomicBool::new(false);
        let came = within(
            receive(&mut says, to.path()),
            [Duration::from_millis(200); 2],
            &never,
        )
        .await;
        assert_eq!(came.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
