//! The verbs on evidence bundles, under the auditor's own policy.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use hotline_audit::bundle::{Bundle, BundleError, Place};
use hotline_audit::compare::Log;
use hotline_audit::evidence::{DisputeReport, Evidence, NotFound, Refused};
use hotline_audit::policy::{MAX_POLICY_BYTES, Policy};
use hotline_audit::tiles::TileDir;

use crate::words::{Form, Gaps, Words};
use crate::{BAD, CANNOT_TELL, DIFFERS, Failure, GOOD, folders, print, say, unreadable, usage};

/// Judges one bundle.
pub(crate) fn verify(file: &Path, words: &Words) -> Result<u8, Failure> {
    let (policy, bundle) = (policy(words)?, open(file, words)?);
    let Some(bundle) = bundle else { return Ok(BAD) };
    let evidence = match Evidence::judge(&[&bundle], &policy) {
        Ok(evidence) => evidence,
        Err(refused) => return refuse(&refused, words),
    };
    let report = evidence.verify();
    print(&report, &words.form)?;
    let gaps = report.logs.iter().any(|log| !log.gaps.is_empty());
    Ok(match (report.exit_code, &words.gaps) {
        (0, Gaps::Refused) if gaps => DIFFERS,
        (code, _) => code,
    })
}

/// Judges two bundles together.
pub(crate) fn compare(a: &Path, b: &Path, words: &Words) -> Result<u8, Failure> {
    both(a, b, words, |evidence| {
        let report = evidence.compare();
        print(&report, &words.form)?;
        Ok(report.exit_code)
    })
}

/// Decides one message of two bundles.
pub(crate) fn dispute(a: &Path, b: &Path, words: &Words) -> Result<u8, Failure> {
    let asked = words.message.as_deref().ok_or_else(|| {
        usage("--message is missing: a name like A-0017, or 8 hex digits of its hash or id")
    })?;
    both(a, b, words, |evidence| match evidence.dispute(asked) {
        Ok(report) => {
            print::<DisputeReport>(&report, &words.form)?;
            Ok(report.exit_code)
        }
        Err(error @ NotFound::Several { .. }) => {
            tell("CANNOT_TELL", "SEVERAL", &error.to_string(), CANNOT_TELL, words)?;
            Ok(CANNOT_TELL)
        }
        Err(error @ NotFound::Nobody(_)) => {
            tell("CANNOT_TELL", "NOT_FOUND", &error.to_string(), CANNOT_TELL, words)?;
            Ok(CANNOT_TELL)
        }
    })
}

fn both(
    a: &Path,
    b: &Path,
    words: &Words,
    judged: impl FnOnce(&Evidence<'_>) -> Result<u8, Failure>,
) -> Result<u8, Failure> {
    let policy = policy(words)?;
    let (Some(first), Some(second)) = (open(a, words)?, open(b, words)?) else {
        return Ok(BAD);
    };
    if first.manifest.side == second.manifest.side {
        return Err(usage(&format!(
            "both bundles are of {}: name one of each side",
            first.manifest.side
        )));
    }
    match Evidence::judge(&[&first, &second], &policy) {
        Ok(evidence) => judged(&evidence),
        Err(refused) => refuse(&refused, words),
    }
}

/// Lists what a bundle holds; verifies nothing.
pub(crate) fn show(file: &Path, words: &Words) -> Result<u8, Failure> {
    let Some(bundle) = open(file, words)? else {
        return Ok(BAD);
    };
    say(&format!(
        "bundle of {} ({} files); nothing is verified",
        bundle.manifest.side.escape_debug(),
        bundle.files().len()
    ))?;
    let mut many: BTreeMap<String, usize> = BTreeMap::new();
    for (place, _, _) in bundle.places() {
        match place {
            Place::Note { origin, .. } => *many.entry(format!("checkpoints of {origin}")).or_default() += 1,
            Place::Proof { .. } => *many.entry("acceptances by relays".to_owned()).or_default() += 1,
            _ => {}
        }
    }
    for (what, count) in many {
        say(&format!("{count} {what}"))?;
    }
    for (place, path, bytes) in bundle.places() {
        let log = match place {
            Place::Note { .. } | Place::Proof { .. } => continue,
            Place::Log {
                origin,
                file: "checkpoint",
            } => format!("logs/{origin}"),
            Place::Mirror {
                mirror,
                origin,
                file: "checkpoint",
            } => format!("mirrors/{mirror}/{origin}"),
            Place::Log { .. } | Place::Mirror { .. } => continue,
            _ => {
                say(&format!("{path} ({} bytes)", bytes.len()))?;
                continue;
            }
        };
        say(&format!("\n{log}"))?;
        let folder = TileDir::in_memory(bundle.files().clone(), &log);
        folders::show(&Log::read_tiles(&folder).map_err(|error| unreadable(&error))?)?;
    }
    Ok(GOOD)
}

/// The bundle, or none when it was refused by name and that was told.
fn open(file: &Path, words: &Words) -> Result<Option<Bundle>, Failure> {
    let at = |error: BundleError| {
        let unreadable = error.is_unreadable();
        let refused = Refused::from(error);
        (
            unreadable,
            format!("{}: {}", file.display(), refused.what),
            refused.rule,
        )
    };
    match Bundle::open(file).map_err(at) {
        Ok(bundle) => Ok(Some(bundle)),
        Err((true, what, _)) => Err(Failure::Unreadable(what)),
        Err((false, what, rule)) => {
            tell("FAILED", rule, &what, BAD, words)?;
            Ok(None)
        }
    }
}

fn refuse(refused: &Refused, words: &Words) -> Result<u8, Failure> {
    tell("FAILED", refused.rule, &refused.what, BAD, words)?;
    Ok(BAD)
}

/// A refusal, as the reports are told: the verdict first.
fn tell(word: &str, rule: &str, what: &str, code: u8, words: &Words) -> Result<(), Failure> {
    let verdict = format!("{word}({rule})");
    match words.form {
        Form::Text => {
            let told = what.escape_debug().to_string();
            say(&format!(
                "{verdict}: {}",
                told.replace("\\\"", "\"").replace("\\'", "'")
            ))
        }
        Form::Json => say(&serde_json::json!({
            "verdict": verdict, "exit_code": code, "rule": rule, "sentence": what
        })),
    }
}

/// The auditor's own policy; a file beside the bundle is as good as any, for nothing in the bundle names it.
fn policy(words: &Words) -> Result<Policy, Failure> {
    if !words.trust.is_empty() {
        return Err(usage("--trust is for folders; a bundle is judged with --policy"));
    }
    let file = words.policy.as_deref().ok_or_else(|| {
        usage("--policy is missing: what is believed is your own file, never anything in a bundle")
    })?;
    let mut bytes = Vec::new();
    let most = MAX_POLICY_BYTES as u64 + 1;
    let opened = File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes));
    opened.map_err(|error| Failure::Unreadable(format!("{}: {error}", file.display())))?;
    Policy::parse(&bytes).map_err(|error| Failure::Unreadable(format!("{}: {error}", file.display())))
}
