//! A recording of what a process did to the files of one folder, in order, from strace's notes.
//!
//! Writes and truncations carry their bytes; a sync covers what was written to its file before; names that were made,
//! replaced or removed are durable once their folder was synced. What the process said to standard output stands between
//! them, so that it is known what had been acknowledged at any point. A call counts where it has returned.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// What strace is asked to write down.
pub const CALLS: &str = "trace=openat,close,lseek,write,pwrite64,ftruncate,fdatasync,fsync,rename,unlink";

/// A file of the recording, whatever its name is at a moment.
pub type FileId = usize;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A new file came under this name.
    Made {
        /// The name.
        name: String,
        /// The file.
        file: FileId,
    },
    /// Bytes went into a file.
    Wrote {
        /// The file.
        file: FileId,
        /// Where.
        at: usize,
        /// What.
        bytes: Vec<u8>,
    },
    /// A file was cut or lengthened.
    Resized {
        /// The file.
        file: FileId,
        /// To so many bytes.
        length: usize,
    },
    /// A sync of a file returned.
    Synced {
        /// The file.
        file: FileId,
    },
    /// A sync of the folder returned: names are as durable as they are.
    NamesSynced,
    /// A file got another name.
    Renamed {
        /// Old name.
        from: String,
        /// New name.
        to: String,
    },
    /// A name was removed.
    Removed {
        /// The name.
        name: String,
    },
    /// A line on standard output.
    Said(String),
}

/// Reads strace's notes of one or more processes that ran one after the other.
#[derive(Debug)]
pub struct Recorder {
    folder: PathBuf,
    names: BTreeMap<String, FileId>,
    files: FileId,
    events: Vec<Event>,
}

/// What a descriptor of a process is.
#[derive(Clone, Copy)]
enum Open {
    File { file: FileId, at: usize },
    Folder,
}

impl Recorder {
    /// Of an empty folder.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            names: BTreeMap::new(),
            files: 0,
            events: Vec::new(),
        }
    }

    /// Reads the notes of one process.
    pub fn read(&mut self, notes: &str) {
        let mut open: BTreeMap<u64, Open> = BTreeMap::new();
        let mut unfinished: BTreeMap<&str, String> = BTreeMap::new();
        for line in notes.lines() {
            let Some((thread, call)) = line.split_once(' ') else {
                continue;
            };
            let call = call.trim_start();
            if let Some(begun) = call.strip_suffix(" <unfinished ...>") {
                unfinished.insert(thread, begun.to_owned());
            } else if let Some((_, end)) = call
                .strip_prefix("<... ")
                .and_then(|rest| rest.split_once(" resumed>"))
            {
                let begun = unfinished.remove(thread).unwrap_or_default();
                self.call(&format!("{begun}{end}"), &mut open);
            } else {
                self.call(call, &mut open);
            }
        }
    }

    /// The events, in order.
    #[must_use]
    pub fn events(self) -> Vec<Event> {
        self.events
    }

    fn call(&mut self, text: &str, open: &mut BTreeMap<u64, Open>) {
        let Some(call) = Call::parse(text) else { return };
        let descriptor = call.number(0).unwrap_or(u64::MAX);
        match (call.name, open.get_mut(&descriptor)) {
            ("openat", _) => self.opened(&call, open),
            ("close", _) => {
                open.remove(&descriptor);
            }
            ("rename", _) => self.renamed(&call),
            ("unlink", _) => self.removed(&call),
            ("write", None) if descriptor == 1 => {
                let text = String::from_utf8_lossy(&call.string(0)).trim_end().to_owned();
                self.events.push(Event::Said(text));
            }
            ("lseek", Some(Open::File { at, .. })) => *at = call.returned,
            ("write", Some(Open::File { file, at })) => {
                let (file, place) = (*file, *at);
                *at += call.returned;
                self.wrote(file, place, &call);
            }
            ("pwrite64", Some(Open::File { file, .. })) => {
                let place = call.number(call.words.len().saturating_sub(1)).unwrap_or(0);
                let file = *file;
                self.wrote(file, usize::try_from(place).unwrap_or(0), &call);
            }
            ("ftruncate", Some(Open::File { file, .. })) => {
                let length = usize::try_from(call.number(1).unwrap_or(0)).unwrap_or(0);
                self.events.push(Event::Resized { file: *file, length });
            }
            ("fdatasync" | "fsync", Some(Open::File { file, .. })) => {
                self.events.push(Event::Synced { file: *file });
            }
            ("fdatasync" | "fsync", Some(Open::Folder)) => self.events.push(Event::NamesSynced),
            _ => {}
        }
    }

    fn opened(&mut self, call: &Call<'_>, open: &mut BTreeMap<u64, Open>) {
        let path = PathBuf::from(String::from_utf8_lossy(&call.string(0)).into_owned());
        let descriptor = call.returned as u64;
        if path == self.folder {
            open.insert(descriptor, Open::Folder);
            return;
        }
        let Some(name) = self.name_of(&path) else {
            open.remove(&descriptor);
            return;
        };
        let file = match self.names.get(&name) {
            Some(file) => *file,
            None => {
                let file = self.files;
                self.files += 1;
                self.names.insert(name.clone(), file);
                self.events.push(Event::Made { name, file });
                file
            }
        };
        open.insert(descriptor, Open::File { file, at: 0 });
    }

    /// Names of the folder; without what lives in shared memory only, which no power cut leaves.
    fn name_of(&self, path: &Path) -> Option<String> {
        let name = path.strip_prefix(&self.folder).ok()?.to_str()?;
        (!name.is_empty() && !name.ends_with("-shm")).then(|| name.to_owned())
    }

    fn wrote(&mut self, file: FileId, at: usize, call: &Call<'_>) {
        let mut bytes = call.string(0);
        bytes.truncate(call.returned);
        self.events.push(Event::Wrote { file, at, bytes });
    }

    fn renamed(&mut self, call: &Call<'_>) {
        let [from, to] =
            [0, 1].map(|place| PathBuf::from(String::from_utf8_lossy(&call.string(place)).into_owned()));
        if let (Some(from), Some(to)) = (self.name_of(&from), self.name_of(&to))
            && let Some(file) = self.names.remove(&from)
        {
            self.names.insert(to.clone(), file);
            self.events.push(Event::Renamed { from, to });
        }
    }

    fn removed(&mut self, call: &Call<'_>) {
        let path = PathBuf::from(String::from_utf8_lossy(&call.string(0)).into_owned());
        if let Some(name) = self.name_of(&path)
            && self.names.remove(&name).is_some()
        {
            self.events.push(Event::Removed { name });
        }
    }
}

/// A call that succeeded, as strace wrote it: `name(word, "string", word) = returned`.
struct Call<'a> {
    name: &'a str,
    words: Vec<&'a str>,
    returned: usize,
}

impl<'a> Call<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (call, returned) = text.rsplit_once(" = ")?;
        let returned = returned.split(' ').next()?.parse().ok()?;
        let (name, words) = call.trim_end().strip_suffix(')')?.split_once('(')?;
        // Strings are hex, so that no comma stands in one.
        let words = words.split(", ").collect();
        Some(Self {
            name,
            words,
            returned,
        })
    }

    fn number(&self, place: usize) -> Option<u64> {
        self.words.get(place)?.parse().ok()
    }

    /// The bytes of the call's string number `place`.
    fn string(&self, place: usize) -> Vec<u8> {
        let mut strings = self
            .words
            .iter()
            .filter_map(|word| word.strip_prefix('"')?.strip_suffix('"'));
        let hex: String = strings.nth(place).unwrap_or_default().split("\\x").collect();
        data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
