//! Reading a folder of run files. A driver may have died in the middle of a line: a torn *last* line is left out and
//! named; anything else that is no line makes the folder unreadable, since a judge who skips lines judges nothing.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;

use super::lines::{DELIVERED, Run, SENT, SHOWN};

/// Largest run file, in bytes. 256 MiB: a million messages.
const FILE_MAX: u64 = 256 << 20;

/// Why a folder cannot be judged.
#[derive(Debug)]
pub enum ReadError {
    /// A file cannot be read.
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is larger than a run can be.
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        bytes: u64,
    },
    /// A whole line is no line of that file.
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        number: usize,
        /// What is wrong with it.
        what: String,
    },
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { path, source } => {
                write!(f, "{} cannot be read: {source}", path.display())
            }
            Self::TooLarge { path, bytes } => {
                write!(
                    f,
                    "{} has {bytes} bytes; a run file has at most {FILE_MAX}",
                    path.display()
                )
            }
            Self::Line { path, number, what } => write!(f, "{} line {number}: {what}", path.display()),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            Self::TooLarge { .. } | Self::Line { .. } => None,
        }
    }
}

/// Reads the three files of a run. All three must be there: a driver makes them before it begins.
///
/// # Errors
/// One is missing, cannot be read, or holds a whole line that is none.
pub fn read(folder: &Path) -> Result<Run, ReadError> {
    let mut torn = Vec::new();
    let run = Run {
        sent: file(folder, SENT, &mut torn)?,
        delivered: file(folder, DELIVERED, &mut torn)?,
        shown: file(folder, SHOWN, &mut torn)?,
        torn,
    };
    one_content_an_id(folder, &run)?;
    Ok(run)
}

fn file<T: DeserializeOwned>(
    folder: &Path,
    name: &str,
    torn: &mut Vec<(String, usize)>,
) -> Result<Vec<T>, ReadError> {
    let path = folder.join(name);
    let failed = |source| ReadError::File {
        path: path.clone(),
        source,
    };
    let bytes = fs::metadata(&path).map_err(failed)?.len();
    if bytes > FILE_MAX {
        return Err(ReadError::TooLarge { path, bytes });
    }
    let text = fs::read(&path).map_err(failed)?;
    let (whole, rest) = match text.iter().rposition(|byte| *byte == b'\n') {
        Some(end) => text.split_at(end + 1),
        None => (&[][..], &text[..]),
    };
    if !rest.is_empty() {
        torn.push((name.to_owned(), rest.len()));
    }
    let lines = whole.split(|byte| *byte == b'\n').enumerate();
    let filled = lines.filter(|(_, line)| !line.is_empty());
    filled
        .map(|(place, line)| {
            serde_json::from_slice(line).map_err(|error| ReadError::Line {
                path: path.clone(),
                number: place + 1,
                what: error.to_string(),
            })
        })
        .collect()
}

/// A driver that gives two contents one id has made a run that cannot be judged.
fn one_content_an_id(folder: &Path, run: &Run) -> Result<(), ReadError> {
    let mut known = std::collections::BTreeMap::new();
    for (place, sent) in run.sent.iter().enumerate() {
        let first = known.entry(&sent.id).or_insert((&sent.sha256, &sent.class));
        if *first != (&sent.sha256, &sent.class) {
            return Err(ReadError::Line {
                path: folder.join(SENT),
                number: place + 1,
                what: format!("{} was sent before with another content or class", sent.id),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn folder(sent: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(SENT), sent).unwrap();
        for name in [DELIVERED, SHOWN] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        folder
    }

    const LINE: &str = r#"{"id":"1","class":"ROUTINE","sha256":"aa","kept":true,"t_ms":1}"#;

    #[test]
    fn a_torn_last_line_is_left_out_and_named() {
        let torn = folder(&format!("{LINE}\n{}", &LINE[..20]));
        let run = read(torn.path()).unwrap();
        assert_eq!(run.sent.len(), 1);
        assert_eq!(run.torn, [(SENT.to_owned(), 20)]);
    }

    #[test]
    fn a_whole_line_that_is_none_makes_the_run_unreadable_and_is_named() {
        let broken = folder(&format!("{LINE}\n{}\n{LINE}\n", &LINE[..20]));
        let error = read(broken.path()).unwrap_err().to_string();
        assert!(error.contains("sent.jsonl line 2"), "{error}");
    }

    #[test]
    fn a_missing_file_is_an_error_and_not_an_empty_run() {
        let missing = folder(LINE);
        fs::remove_file(missing.path().join(SHOWN)).unwrap();
        let error = read(missing.path()).unwrap_err().to_string();
        assert!(error.contains(SHOWN), "{error}");
    }

    #[test]
    fn two_contents_under_one_id_cannot_be_judged() {
        let other = LINE.replace("\"aa\"", "\"bb\"");
        let error = read(folder(&format!("{LINE}\n{other}\n")).path()).unwrap_err();
        assert!(error.to_string().contains("another content"), "{error}");
    }

    #[test]
    fn a_field_that_a_later_driver_adds_is_no_hindrance() {
        let more = LINE.replace("{", r#"{"desk":"ops","#);
        assert_eq!(read(folder(&format!("{more}\n")).path()).unwrap().sent.len(), 1);
    }
}
