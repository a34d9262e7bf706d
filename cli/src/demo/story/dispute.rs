//! A dispute at the end: Borenia denies the FLASH and hands in its relay's log without it, and nothing of its desk. Both
//! sides' bundles decide, by the library behind `hotline-audit dispute` and under a policy of the auditor's own.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use hotline_audit::{
    Hash, Policy,
    bundle::Bundle,
    compare::Log,
    evidence::{DisputeReport, Evidence, Ruling},
    trust::TrustPolicy,
};
use hotline_client::view::MessageView;
use hotline_exercise::dispute::truncated;

use super::super::{check::Told, stage::Stage};
use crate::{
    exercise::handed::{relay_signer, write_one},
    exit::{self, Failure},
    log,
};

/// Where what is handed in lies: `avelia.bundle`, `borenia.bundle`, the auditor's `policy`, and the log that was cut.
const FOLDER: &str = "handed-in";

const CUT: &str = "the log that ends before the FLASH is called TRUNCATED, against Borenia";
const DECIDED: &str = "the denied FLASH is decided by its recipient's own receipt";

/// Both sides hand in a bundle, and the denied message is decided.
pub(super) fn dispute(stage: &Stage, told: &mut Told, flash: &MessageView) {
    told.part(
        "A dispute: Borenia says that no FLASH ever came, and hands in its relay's log, cut before it and signed anew.",
    );
    let handed = match HandedIn::make(stage, flash) {
        Ok(handed) => handed,
        Err(failure) => {
            told.check(CUT, false, failure.what);
            return;
        }
    };
    told.step(&format!(
        "an auditor types: hotline-audit dispute avelia.bundle borenia.bundle --policy policy --message {}",
        flash.name
    ));
    let report = match handed.decide(flash) {
        Ok(report) => report,
        Err(failure) => {
            told.check(CUT, false, failure.what);
            return;
        }
    };
    let borenias = report
        .findings
        .first()
        .is_some_and(|found| Some(&found.evidence_of) == report.sides.get(1));
    told.check(
        CUT,
        report.verdict == Ruling::Truncated && borenias,
        format!(
            "{} (exit code {}): {}",
            report.verdict, report.exit_code, report.sentence
        ),
    );
    let delivered = report.life.facts.iter().find(|fact| fact.rung == "DELIVERED");
    let detail = delivered.map_or_else(
        || format!("{}: nobody signed for it", report.of_message),
        |fact| {
            format!(
                "{}: {} signed DELIVERED of {}",
                report.of_message, fact.who, flash.name
            )
        },
    );
    told.check(
        DECIDED,
        report.of_message == Ruling::ReceiptProvesDelivery,
        detail,
    );
}

/// The files on which an auditor decides.
struct HandedIn {
    avelia: PathBuf,
    borenia: PathBuf,
    policy: PathBuf,
}

impl HandedIn {
    /// Avelia hands in what it has, Borenia a log that ends before the FLASH; the auditor writes a policy.
    fn make(stage: &Stage, flash: &MessageView) -> Result<Self, Failure> {
        let folder = stage.dir.join(FOLDER);
        let ours = |error: io::Error| Failure::io(&folder.display().to_string(), &error);
        let (cut, whole) = (folder.join("borenia"), folder.join("whole"));
        let ledger = stage.sides[1].relay.config.with_file_name("relay.ledger");
        log::export::export(&ledger, &whole)?;
        write_one(&without(stage, &whole, flash)?, &cut.join("relay"))?;
        fs::remove_dir_all(&whole).map_err(ours)?;
        let made = Self {
            avelia: folder.join("avelia.bundle"),
            borenia: folder.join("borenia.bundle"),
            policy: folder.join("policy"),
        };
        let opened = [flash.name.clone()];
        log::bundle::bundle(&stage.sides[0].folder, &made.avelia, &[], &opened)?;
        log::bundle::bundle(&cut, &made.borenia, &[stage.trust(1)], &[])?;
        let trust = TrustPolicy::load_folder(&stage.trust(0)).map_err(|error| failed(exit::chain(&error)))?;
        fs::write(&made.policy, log::policy::policy(&trust)?).map_err(ours)?;
        Ok(made)
    }

    /// Decides as that command does.
    fn decide(&self, flash: &MessageView) -> Result<DisputeReport, Failure> {
        let open = |file: &Path| Bundle::open(file).map_err(|error| failed(exit::chain(&error)));
        let policy = fs::read(&self.policy).map_err(|error| failed(error.to_string()))?;
        let policy = Policy::parse(&policy).map_err(|error| failed(error.to_string()))?;
        let (a, b) = (open(&self.avelia)?, open(&self.borenia)?);
        let evidence = Evidence::judge(&[&a, &b], &policy).map_err(|refused| failed(refused.to_string()))?;
        evidence
            .dispute(&flash.name)
            .map_err(|error| failed(error.to_string()))
    }
}

/// The log up to the FLASH, as its relay's key can sign it.
fn without(stage: &Stage, whole: &Path, flash: &MessageView) -> Result<Log, Failure> {
    let message: Hash = flash
        .sha256
        .parse()
        .map_err(|_| failed("the FLASH has no hash".to_owned()))?;
    let signer = relay_signer(&stage.sides[1].relay.config).map_err(failed)?;
    let log = Log::read(whole).map_err(|error| failed(exit::chain(&error)))?;
    truncated(&log, &message, &signer).ok_or_else(|| failed("relay south does not hold the FLASH".to_owned()))
}

fn failed(what: String) -> Failure {
    Failure::new("HL-DEMO-008", exit::OTHER, what, "run the demo again")
}
