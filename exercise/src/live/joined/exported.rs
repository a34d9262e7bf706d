//! What a joined desk handed over as its log: whether it is one. What evidence cannot hold would lose the evidence of
//! everybody else.

use std::{io, path::Path};

use hotline_audit::{Checkpoint, compare::Log};

/// Most folders of numbers above a tile. 2: a thousand million tiles.
const NUMBERED_MAX: usize = 2;

/// Whether a file of that name is one of an exported log: its checkpoint, a tile or a bundle of entries.
pub(super) fn is_of_a_log(name: &str) -> bool {
    if name == "checkpoint" {
        return true;
    }
    let Some((level, rest)) = name.strip_prefix("tile/").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('/').collect();
    let width = parts.pop().unwrap_or_default();
    // `067`, or `067.p/3` where a tile is not full.
    let number = match parts.last().and_then(|part| part.strip_suffix(".p")) {
        Some(number) => {
            parts.pop();
            if !width
                .parse::<u8>()
                .is_ok_and(|wide| wide > 0 && wide.to_string() == width)
            {
                return false;
            }
            number
        }
        None => width,
    };
    let above = parts
        .iter()
        .all(|part| part.strip_prefix('x').is_some_and(is_number));
    is_level(level) && is_number(number) && parts.len() <= NUMBERED_MAX && above
}

fn is_level(level: &str) -> bool {
    level == "entries" || matches!(level.as_bytes(), [b'0'..=b'7'])
}

fn is_number(part: &str) -> bool {
    part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a folder holds the log of `origin`, as far as the evidence has to read it. Whether the log is honest is for the
/// report to say.
///
/// # Errors
/// There is no checkpoint that can be read, or it is of another log.
pub(super) fn check(folder: &Path, origin: &str) -> io::Result<()> {
    let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let log = Log::read(folder).map_err(|error| wrong(format!("it is no exported log: {error}")))?;
    let checkpoint =
        Checkpoint::danger_parse_unverified(&log.note).map_err(|error| wrong(error.to_string()))?;
    match checkpoint.origin == origin {
        true => Ok(()),
        false => Err(wrong(format!("it is the log of another than {origin}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_a_checkpoint_tiles_and_bundles_and_no_other_file() {
        for name in [
            "checkpoint",
            "tile/0/000",
            "tile/entries/000.p/7",
            "tile/1/x001/x234/067.p/255",
            "tile/entries/x004/095",
        ] {
            assert!(is_of_a_log(name), "{name}");
        }
        for name in [
            "x",
            "tile",
            "tile/0",
            "tile/8/000",
            "tile/00/000",
            "tile/0/0",
            "tile/0/000.p",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/+7",
            "tile/0/000.p/07",
            "tile/0/000/000",
            "tile/0/x001/x001/x001/000",
            "tile/0/x001.p/x001/000",
            "manifest.json",
            "a/b/c/d/e/f/g/h/i/j/k/l/m",
        ] {
            assert!(!is_of_a_log(name), "{name}");
        }
    }
}
