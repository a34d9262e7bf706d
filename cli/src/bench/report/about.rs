//! What a report says about itself: the machine, the versions, the seed and the command that made it.
//!
//! Read from the system at the beginning of a measurement. What cannot be read is told as `unknown`, never guessed.

use std::{env, fs, path::Path, process::Command, thread, time::UNIX_EPOCH};

use serde_json::{Value, json};

/// Everything somebody needs to make the same report again, or to doubt it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The words typed, with `hotline` for the program's file.
    pub command: String,
    /// What chance was drawn from, if anything was.
    pub seed: Option<u64>,
    /// When it began, RFC 3339.
    pub began: String,
    /// Name of the processor.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// The kernel's name and release.
    pub kernel: String,
    /// Memory of the machine, in mebibytes.
    pub memory_mib: Option<u64>,
    /// Version of this program.
    pub hotline: String,
    /// Commit of the checkout in which the program's file lies; `+` behind it if files differ from it, `?` if the program
    /// was there before it and so was built from another.
    pub commit: String,
    /// The compiler that built it.
    pub rustc: String,
}

impl About {
    /// Of this process, now.
    pub fn this(seed: Option<u64>, began: String) -> Self {
        Self {
            command: command(env::args()),
            seed,
            began,
            cpu: cpu(&read("/proc/cpuinfo")).unwrap_or_else(unknown),
            cores: thread::available_parallelism().map_or(1, usize::from),
            kernel: kernel(
                &read("/proc/sys/kernel/ostype"),
                &read("/proc/sys/kernel/osrelease"),
            ),
            memory_mib: memory(&read("/proc/meminfo")),
            hotline: env!("CARGO_PKG_VERSION").into(),
            commit: env::current_exe()
                .ok()
                .and_then(|exe| commit(&exe))
                .unwrap_or_else(unknown),
            rustc: env!("HOTLINE_RUSTC").into(),
        }
    }

    /// Its keys, beside which a report's own stand.
    pub fn json(&self) -> [(&'static str, Value); 5] {
        let machine = json!({
            "cpu": self.cpu, "cores": self.cores, "kernel": self.kernel, "memory_mib": self.memory_mib,
        });
        let versions = json!({ "hotline": self.hotline, "commit": self.commit, "rustc": self.rustc });
        [
            ("machine", machine),
            ("versions", versions),
            ("seed", json!(self.seed)),
            ("began", json!(self.began)),
            ("command", json!(self.command)),
        ]
    }

    /// Names and values, as people read them.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let memory = self
            .memory_mib
            .map_or_else(unknown, |mib| format!("{:.1} GiB", mib as f64 / 1024.0));
        let seed = self.seed.map_or_else(|| "none".into(), |seed| seed.to_string());
        vec![
            ("command", self.command.clone()),
            ("began", self.began.clone()),
            (
                "machine",
                format!(
                    "{}, {} cores, {memory} of memory, {}",
                    self.cpu, self.cores, self.kernel
                ),
            ),
            (
                "versions",
                format!(
                    "hotline {} at commit {}, {}",
                    self.hotline, self.commit, self.rustc
                ),
            ),
            ("seed", seed),
        ]
    }
}

fn unknown() -> String {
    "unknown".into()
}

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

/// The words as a shell would take them again.
fn command(words: impl Iterator<Item = String>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+".contains(c);
    let quoted = |word: String| {
        if !word.is_empty() && word.chars().all(plain) {
            word
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    let words = words.skip(1).map(quoted);
    let words: Vec<String> = std::iter::once("hotline".to_owned()).chain(words).collect();
    words.join(" ")
}

fn cpu(cpuinfo: &str) -> Option<String> {
    // x86 says "model name"; others say less, or nothing.
    let field = |name: &str| {
        let line = cpuinfo.lines().find(|line| line.starts_with(name))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    field("model name")
        .or_else(|| field("Model"))
        .or_else(|| field("CPU part"))
}

fn kernel(kind: &str, release: &str) -> String {
    match (kind.trim(), release.trim()) {
        ("", "") => unknown(),
        (kind, release) => format!("{kind} {release}"),
    }
}

fn memory(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024)
}

/// What git says of the checkout around a file; none without git or checkout.
fn commit(exe: &Path) -> Option<String> {
    let folder = exe.parent()?;
    let built = fs::metadata(exe).and_then(|file| file.modified()).ok()?;
    let built = built.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let git = |words: &[&str]| {
        let said = Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(words)
            .output()
            .ok()?;
        let text = String::from_utf8(said.stdout).ok()?;
        said.status.success().then(|| text.trim().to_owned())
    };
    let hash = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    let committed: u64 = git(&["log", "-1", "--format=%ct"])?.parse().ok()?;
    Some(marked(&hash, !changed.is_empty(), built < committed))
}

fn marked(hash: &str, changed: bool, older: bool) -> String {
    let (changed, older) = (if changed { "+" } else { "" }, if older { "?" } else { "" });
    format!("{hash}{changed}{older}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_pasted_into_a_shell() {
        let words = [
            "/some/where/hotline",
            "bench",
            "latency",
            "--slo",
            "p99_delivered<50ms",
            "it's",
        ];
        assert_eq!(
            command(words.into_iter().map(str::to_owned)),
            r"hotline bench latency --slo 'p99_delivered<50ms' 'it'\''s'"
        );
    }

    #[test]
    fn processor_and_memory_are_read_as_the_kernel_tells_them() {
        let info = "processor\t: 0\nmodel name\t: Some CPU @ 2.0GHz\n";
        assert_eq!(cpu(info).as_deref(), Some("Some CPU @ 2.0GHz"));
        assert_eq!(cpu(""), None);
        assert_eq!(memory("MemTotal:        2097152 kB\nMemFree: 1 kB\n"), Some(2048));
        assert_eq!(kernel("Linux\n", "6.1.0\n"), "Linux 6.1.0");
    }

    #[test]
    fn a_commit_from_which_the_program_was_not_built_is_marked() {
        assert_eq!(marked("0123456789ab", false, false), "0123456789ab");
        assert_eq!(marked("0123456789ab", true, false), "0123456789ab+");
        assert_eq!(marked("0123456789ab", true, true), "0123456789ab+?");
    }

    #[test]
    fn this_process_tells_its_versions() {
        let about = About::this(Some(1), "now".into());
        assert!(about.rustc.starts_with("rustc ") && about.cores > 0, "{about:?}");
        assert_eq!(about.hotline, env!("CARGO_PKG_VERSION"));
    }
}
