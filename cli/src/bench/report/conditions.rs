//! Under what conditions a figure was measured: whoever quotes it needs them.

use std::{path::Path, thread};

use serde_json::{Value, json};

/// Names of file systems by the numbers the kernel gives them (`statfs(2)`).
const FILE_SYSTEMS: [(i128, &str); 5] = [
    (0xEF53, "ext4"),
    (0x0102_1994, "tmpfs"),
    (0x9123_683E, "btrfs"),
    (0x5846_5342, "xfs"),
    (0x794C_7630, "overlay"),
];

/// Where and how a figure was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conditions {
    file_system: String,
    cores: usize,
    build: &'static str,
}

impl Conditions {
    /// Of this build, on this machine, with its files in that folder.
    pub fn of(folder: &Path) -> Self {
        Self {
            file_system: file_system(folder),
            cores: thread::available_parallelism().map_or(1, usize::from),
            build: if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            },
        }
    }

    /// As an object.
    pub fn json(&self) -> Value {
        json!({ "file_system": self.file_system, "cores": self.cores, "build": self.build })
    }

    /// As a sentence or two.
    pub fn words(&self) -> String {
        let Self {
            file_system,
            cores,
            build,
        } = self;
        let mut words = format!("Measured with a {build} build on {cores} cores, files on {file_system}.\n");
        if file_system == "tmpfs" {
            words.push_str("A sync costs nothing on tmpfs: name a folder on a disk with --dir.\n");
        }
        if *build == "debug" {
            words.push_str("A debug build's figures are for trying out only.\n");
        }
        words
    }
}

fn file_system(folder: &Path) -> String {
    let Ok(found) = rustix::fs::statfs(folder) else {
        return "unknown".into();
    };
    // Its type differs between machines; all of them fit.
    let number = i128::from(found.f_type);
    let known = FILE_SYSTEMS.iter().find(|(known, _)| *known == number);
    known.map_or_else(|| format!("{number:#x}"), |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_from_memory_is_marked() {
        let conditions = Conditions {
            file_system: "tmpfs".into(),
            cores: 2,
            build: "release",
        };
        assert!(conditions.words().contains("--dir"));
        assert_eq!(conditions.json()["file_system"], "tmpfs");
    }
}
