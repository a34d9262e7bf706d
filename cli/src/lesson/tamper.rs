//! "Tamper with a log": three ways to change what was said, and who finds each.

use std::{
    fs,
    path::{Path, PathBuf},
};

use hotline_audit::{trust::TrustPolicy, verify::verify_directory};

use super::{
    guide::Guide,
    line::{AVELIA, BORENIA, LessonLine},
};
use crate::{
    demo::story::flip_one,
    exit::{self, Failure},
    log,
};

/// Teaches it.
pub async fn teach(line: &mut LessonLine, guide: &mut Guide) -> Result<(), Failure> {
    guide.part("What is kept");
    guide.say(
        "Both desks and both relays keep a log: every statement, in order, in a tree whose root they\n\
         sign. Avelia sends three messages, and Borenia's watch acknowledges them.",
    );
    guide.go_on().await;
    let early = line.stage.dir.join("early");
    for (place, text) in ["At 1105Z one of ours collided.", "We search.", "We found all."]
        .iter()
        .enumerate()
    {
        let sent = line.deliver(text).await?;
        line.acknowledge(&sent.sha256).await?;
        if place == 0 {
            log::export::export(&borenia(line), &early)?;
        }
    }
    line.stage.close().await;
    let policy = TrustPolicy::load_folder(&line.stage.trust(AVELIA))
        .map_err(|error| Failure::new("HL-LESSON-001", exit::OTHER, error.to_string(), ""))?;
    whole(line, guide, &policy)?;
    one_byte(line, guide, &policy).await?;
    left_out(line, guide, &policy).await?;
    put_back(line, guide, &policy, &early).await
}

fn borenia(line: &LessonLine) -> PathBuf {
    line.stage.sides[BORENIA].desk.with_file_name("desk.ledger")
}

fn whole(line: &LessonLine, guide: &mut Guide, policy: &TrustPolicy) -> Result<(), Failure> {
    for (title, ledger) in line.stage.ledgers() {
        let report = log::verify::verify_ledger(&ledger, policy)?;
        guide.saw(
            &format!("the log of {title} verifies"),
            report.passed(),
            &format!("{} statements", report.entries),
        );
    }
    Ok(())
}

/// A copy of Borenia's log in a folder of its own.
fn copy(line: &LessonLine, name: &str) -> Result<PathBuf, Failure> {
    let copy = line.stage.dir.join(name);
    log::export::export(&borenia(line), &copy)?;
    Ok(copy)
}

/// What the verifier says of a folder, in one line.
fn found(guide: &mut Guide, copy: &Path, policy: &TrustPolicy) {
    let report = verify_directory(copy, policy);
    let said = report.to_string();
    guide.show(&said);
    guide.saw("it is found", !report.passed(), "the log does not verify");
}

async fn one_byte(line: &LessonLine, guide: &mut Guide, policy: &TrustPolicy) -> Result<(), Failure> {
    guide.part("One byte");
    guide.say("Borenia would rather have been told at 1205Z. One byte of an exported log is changed.");
    guide.go_on().await;
    let copy = copy(line, "one-byte")?;
    flip_one(&copy)?;
    found(guide, &copy, policy);
    guide
        .ask(
            "Why can Borenia not simply sign again what was changed?",
            &[
                ("It has no keys.", "It has its own keys, and may sign whatever it likes with them."),
                ("The words are Avelia's, signed by Avelia's officer.", "Borenia has no key of that officer's. It could change its own words only, and Avelia has those as they were."),
                ("The relays would not let it through.", "Relays carry; they are not asked, and need not be trusted."),
            ],
            1,
        )
        .await;
    Ok(())
}

async fn left_out(line: &LessonLine, guide: &mut Guide, policy: &TrustPolicy) -> Result<(), Failure> {
    guide.part("A page is torn out");
    guide.say("Then a page of the log is cut short: the last bytes of it are left out.");
    guide.go_on().await;
    let copy = copy(line, "torn")?;
    let page = flip_one(&copy)?;
    let failed = |error: std::io::Error| Failure::io(&page.display().to_string(), &error);
    let bytes = fs::read(&page).map_err(failed)?;
    fs::write(&page, &bytes[..bytes.len() / 2]).map_err(failed)?;
    found(guide, &copy, policy);
    Ok(())
}

async fn put_back(
    line: &LessonLine,
    guide: &mut Guide,
    policy: &TrustPolicy,
    early: &Path,
) -> Result<(), Failure> {
    guide.part("An old log is put in the new one's place");
    guide.say(
        "Borenia shows its log as it was after the first message. Nothing in it is changed, and it was\n\
         signed then as it is.",
    );
    guide.go_on().await;
    let alone = verify_directory(early, policy);
    guide.saw(
        "alone it verifies",
        alone.passed(),
        &format!("{} statements", alone.entries),
    );
    guide
        .ask(
            "Who can find that something is missing?",
            &[
                (
                    "Nobody: it verifies.",
                    "Alone it does. Nobody has to look at it alone.",
                ),
                (
                    "Whoever also has Avelia's log.",
                    "Avelia's log holds Borenia's own receipts for what Borenia's log says it never got.",
                ),
                (
                    "The relays, while they run.",
                    "They know, too; but it is found without them, years later, from two folders.",
                ),
            ],
            1,
        )
        .await;
    let ours = line.stage.sides[AVELIA].desk.with_file_name("desk.ledger");
    let both = log::compare::compare(&ours, early, policy)?;
    guide.show(&both.in_words());
    let missing = both.report.only_a.len();
    guide.saw(
        "laid beside Avelia's log, what is missing is counted",
        missing > 0 || !both.honest(),
        &format!("{missing} statements are in Avelia's log only"),
    );
    Ok(())
}
