//! A dispute at the end: Borenia denies the FLASH and hands in its relay's log without it. What Avelia holds decides, by name.

use hotline_audit::{
    CompareReport, Hash, Verdict,
    compare::{Log, compare_logs},
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

/// Where the copies lie: `handed-in/avelia/desk`, `handed-in/borenia/relay`.
const FOLDER: &str = "handed-in";

const CUT: &str = "the log that ends before the FLASH is called TRUNCATED";
const DECIDED: &str = "the denied FLASH is decided by its recipient's own receipt";

/// Both sides hand in a log, and the denied message is decided.
pub(super) fn dispute(stage: &Stage, told: &mut Told, flash: &MessageView) {
    told.part(
        "A dispute: Borenia says that no FLASH ever came, and hands in its relay's log, cut before it and signed anew.",
    );
    let report = match decide(stage, flash) {
        Ok(report) => report,
        Err(failure) => {
            told.check(CUT, false, failure.what);
            return;
        }
    };
    let seen = report
        .conflicts
        .first()
        .map_or(report.conclusion.as_str(), |seen| seen.explanation.as_str());
    told.check(CUT, report.verdict == Some(Verdict::Truncated), seen);
    let missing = report
        .only_a
        .iter()
        .find(|missing| missing.sha256.to_string() == flash.sha256);
    let (passed, detail) = missing.map_or((false, "it is in both logs".to_owned()), |missing| {
        (
            missing.verdict == Verdict::ReceiptProvesDelivery,
            format!(
                "{}: {} stands at #{} of Avelia's desk, with what Borenia's desk signed for it",
                missing.verdict, flash.name, missing.index
            ),
        )
    });
    told.check(DECIDED, passed, detail);
}

/// Avelia's desk's log beside the copy that Borenia hands in of its relay's.
fn decide(stage: &Stage, flash: &MessageView) -> Result<CompareReport, Failure> {
    let failed = |what: String| Failure::new("HL-DEMO-008", exit::OTHER, what, "run the demo again");
    let policy = TrustPolicy::load_folder(&stage.trust(0)).map_err(|error| failed(error.to_string()))?;
    let ledgers = stage.ledgers();
    let [_, (_, desk), (_, relay), _] = ledgers.as_slice() else {
        return Err(failed("the stage has not two relays and two desks".to_owned()));
    };
    let (avelia, borenia) = (
        stage.dir.join(FOLDER).join("avelia"),
        stage.dir.join(FOLDER).join("borenia"),
    );
    let read = |place: &std::path::Path| Log::read(place).map_err(|error| failed(exit::chain(&error)));
    for (ledger, name) in [(desk, "desk"), (relay, "copy-of-relay")] {
        log::export::export(ledger, &avelia.join(name))?;
    }
    let message: Hash = flash
        .sha256
        .parse()
        .map_err(|_| failed("the FLASH has no hash".to_owned()))?;
    let signer = relay_signer(&stage.sides[1].relay.config).map_err(failed)?;
    let cut = truncated(&read(&avelia.join("copy-of-relay"))?, &message, &signer);
    let cut = cut.ok_or_else(|| failed("relay south does not hold the FLASH".to_owned()))?;
    write_one(&cut, &borenia.join("relay"))?;
    Ok(compare_logs(&read(&avelia.join("desk"))?, &cut, &policy))
}
