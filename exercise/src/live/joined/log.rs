//! A joined desk's log on its way into the evidence, as the files of its export.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use data_encoding::BASE64;
use tokio::{sync::mpsc, time::timeout};

use super::{
    folder::inside,
    words::{FromSeat, ToSeat},
};
use crate::live::joined::Line;

/// Bytes of one part. 48 KiB: 64 KiB of base64.
const PART: usize = 48 * 1024;
/// Most files of a log. 4,096: a million entries.
const FILES_MAX: u64 = 4_096;
/// Largest log, in bytes. 256 MiB: the entries of the longest exercise, many times over.
const BYTES_MAX: u64 = 256 * 1024 * 1024;
/// How long the next part may take. 20 s: the desk closes first.
const PART_WITHIN: Duration = Duration::from_secs(20);

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

/// Tells a seat that the exercise has ended, and writes the log that it hands over into a new folder, whole or not at all.
///
/// # Errors
/// It is away, hands over nothing or something else, or the disk refuses.
pub async fn take(line: &Line, says: &mut mpsc::Receiver<FromSeat>, to: &Path) -> io::Result<()> {
    if line.here().is_none() {
        return Err(io::Error::new(io::ErrorKind::NotConnected, "it is away"));
    }
    line.tell(ToSeat::Ended);
    let taken = receive(says, to).await;
    line.tell(ToSeat::Bye);
    if taken.is_err() {
        // Half a log would be taken for a whole one that was cut.
        let _ = fs::remove_dir_all(to);
    }
    taken
}

async fn receive(says: &mut mpsc::Receiver<FromSeat>, to: &Path) -> io::Result<()> {
    let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let (mut seen, mut bytes) = (0u64, 0u64);
    loop {
        let said = timeout(PART_WITHIN, says.recv()).await?;
        match said.ok_or(io::ErrorKind::UnexpectedEof)? {
            FromSeat::File { name, part } => {
                let path =
                    to.join(inside(&name).ok_or_else(|| wrong(format!("{name:?} is no file of a log")))?);
                let part = BASE64
                    .decode(part.as_bytes())
                    .map_err(|error| wrong(error.to_string()))?;
                bytes = bytes.saturating_add(part.len() as u64);
                seen += u64::from(!path.exists());
                if seen > FILES_MAX || bytes > BYTES_MAX {
                    return Err(wrong("it is larger than any log of an exercise".into()));
                }
                append(&path, &part)?;
            }
            FromSeat::Handed { files } if files == seen && seen > 0 => return Ok(()),
            FromSeat::Handed { files } => return Err(wrong(format!("{seen} of {files} files came"))),
            FromSeat::Failed { what } => return Err(io::Error::other(what)),
            // Of before.
            _ => {}
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
    use super::*;

    async fn hand_over(parts: Vec<FromSeat>, to: &Path) -> io::Result<()> {
        let (say, mut says) = mpsc::channel(parts.len().max(1));
        for part in parts {
            say.send(part).await.unwrap();
        }
        drop(say);
        receive(&mut says, to).await
    }

    #[tokio::test]
    async fn a_log_comes_as_it_was_exported() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir_all(from.path().join("tile/0")).unwrap();
        fs::write(from.path().join("checkpoint"), b"note").unwrap();
        fs::write(from.path().join("tile/0/000"), vec![7; PART * 2 + 1]).unwrap();
        fs::write(from.path().join("empty"), b"").unwrap();
        hand_over(parts(from.path()).unwrap(), to.path()).await.unwrap();
        for name in ["checkpoint", "tile/0/000", "empty"] {
            assert_eq!(
                fs::read(from.path().join(name)).unwrap(),
                fs::read(to.path().join(name)).unwrap()
            );
        }
    }

    #[tokio::test]
    async fn a_log_that_is_not_whole_or_leads_elsewhere_is_refused() {
        let to = tempfile::tempdir().unwrap();
        let file = |name: &str| FromSeat::File {
            name: name.into(),
            part: String::new(),
        };
        assert!(
            hand_over(vec![file("a"), FromSeat::Handed { files: 2 }], to.path())
                .await
                .is_err()
        );
        assert!(
            hand_over(vec![FromSeat::Handed { files: 0 }], to.path())
                .await
                .is_err()
        );
        assert!(
            hand_over(vec![file("../a"), FromSeat::Handed { files: 1 }], to.path())
                .await
                .is_err()
        );
        assert!(
            hand_over(vec![file("b")], to.path()).await.is_err(),
            "it has no end"
        );
    }
}
