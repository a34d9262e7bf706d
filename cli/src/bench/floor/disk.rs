//! The floor's file: messages are written one behind the other, and synced before they are handed on.
//!
//! Whatever waits when a sync has returned goes into the next one. The file is filled with zeros first, so that a sync
//! writes data and no metadata, and it is begun anew when it is full: nobody reads it, only the sync is measured.

use std::{
    fs::File,
    io::{self, Seek as _, Write as _},
    path::Path,
};

use tokio::sync::mpsc;

/// Bytes of the file. 16 MiB: a second at the highest rate seen, and quickly filled with zeros.
const FILE_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of one write. 1 MiB: two thousand messages.
const WRITE_MAX: usize = 1024 * 1024;

/// Makes the file.
///
/// # Errors
/// If the disk refuses.
pub fn make(path: &Path) -> io::Result<File> {
    let mut file = File::options()
        .create(true)
        .truncate(true)
        .write(true)
        .open(path)?;
    let zeros = vec![0; WRITE_MAX];
    for _ in 0..FILE_BYTES / WRITE_MAX {
        file.write_all(&zeros)?;
    }
    file.sync_all()?;
    file.rewind()?;
    Ok(file)
}

/// Keeps what comes until nobody sends any more, and hands it on once it is on disk.
///
/// # Errors
/// If the disk refuses: then nothing more is handed on.
pub fn keep(
    mut file: File,
    mut queue: mpsc::Receiver<Vec<u8>>,
    kept: &mpsc::Sender<Vec<u8>>,
) -> io::Result<()> {
    let mut at = 0;
    while let Some(mut batch) = queue.blocking_recv() {
        while batch.len() < WRITE_MAX
            && let Ok(more) = queue.try_recv()
        {
            batch.extend(more);
        }
        if at + batch.len() > FILE_BYTES {
            file.rewind()?;
            at = 0;
        }
        file.write_all(&batch)?;
        file.sync_data()?;
        at += batch.len();
        if kept.blocking_send(batch).is_err() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn what_waits_is_kept_with_one_write_and_a_full_file_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("floor");
        let file = make(&path).unwrap();
        let (to_disk, queue) = mpsc::channel(64);
        let (kept, mut handed_on) = mpsc::channel(64);
        for _ in 0..17 {
            to_disk.try_send(vec![b'm'; WRITE_MAX]).unwrap();
        }
        to_disk.try_send(b"together ".to_vec()).unwrap();
        to_disk.try_send(b"at last".to_vec()).unwrap();
        drop(to_disk);
        keep(file, queue, &kept).unwrap();
        for _ in 0..17 {
            assert_eq!(handed_on.try_recv().unwrap().len(), WRITE_MAX);
        }
        assert_eq!(handed_on.try_recv().unwrap(), b"together at last");
        let bytes = std::fs::read(path).unwrap();
        assert_eq!(bytes.len(), FILE_BYTES);
        assert!(bytes[WRITE_MAX..].starts_with(b"together at lastm"));
    }
}
