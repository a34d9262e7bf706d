//! For drivers: appending to run files. One line is one write with `O_APPEND`, so several tasks and processes may write,
//! and a driver that is killed tears at most its last line.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::lines::{DELIVERED, Delivered, SENT, SHOWN, Sent, Shown};

/// The three files of a run, open for appending.
#[derive(Debug)]
pub struct RunFiles {
    folder: PathBuf,
    sent: File,
    delivered: File,
    shown: File,
}

impl RunFiles {
    /// Makes the folder and its files, or goes on behind what they hold.
    ///
    /// # Errors
    /// One cannot be made.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let open = |name| {
            OpenOptions::new()
                .create(true)
                .append(true)
                .open(folder.join(name))
        };
        Ok(Self {
            folder: folder.to_owned(),
            sent: open(SENT)?,
            delivered: open(DELIVERED)?,
            shown: open(SHOWN)?,
        })
    }

    /// Where they are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A message is about to be handed in, or was kept.
    ///
    /// # Errors
    /// The line cannot be written.
    pub fn sent(&self, line: &Sent) -> io::Result<()> {
        append(&self.sent, line)
    }

    /// The sender's desk shows a message as delivered.
    ///
    /// # Errors
    /// The line cannot be written.
    pub fn delivered(&self, line: &Delivered) -> io::Result<()> {
        append(&self.delivered, line)
    }

    /// The recipient's desk shows a message.
    ///
    /// # Errors
    /// The line cannot be written.
    pub fn shown(&self, line: &Shown) -> io::Result<()> {
        append(&self.shown, line)
    }
}

fn append(mut file: &File, line: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    file.write_all(&text)
}
