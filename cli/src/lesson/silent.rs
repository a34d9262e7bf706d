//! "Why is it silent?": four silences that look alike to whoever waits, and the facts that tell one from another.

use std::time::Duration;

use hotline_core::{
    precedence::Precedence,
    words::{OfficerRole, Rung},
};

use super::{
    guide::{Choice, Guide},
    line::{AVELIA, BORENIA, LessonLine},
};
use crate::{desk::print, exit::Failure};

/// How long a cause may take to be named. 30 s: a message that is on its way is given 5 s, a leg on profile `lan` 1.5 s.
const PATIENCE: Duration = Duration::from_secs(30);

/// What Avelia sends each time.
const TEXT: &str = "Is the radar on your frigate's bridge meant for us?";

/// The answers that there are to choose from, and what each would look like.
const CAUSES: [Choice<'static>; 5] = [
    (
        "Nobody there has looked at it.",
        "DELIVERED is there and DISPLAYED is not: the machine has it, no person does.",
    ),
    (
        "They have seen it and do not answer.",
        "DISPLAYED is there: it was on the screen. What is missing is an officer's signature.",
    ),
    (
        "They refuse.",
        "An officer signed DECLINED, with a reason. That is an answer, and no fault of the line.",
    ),
    (
        "Our own paths are cut.",
        "No leg is up and no relay has said ACCEPTED: it has not left this house.",
    ),
    (
        "Their desk is gone.",
        "Relays have ACCEPTED it and both say that the other desk is not there.",
    ),
];

/// Teaches it.
pub async fn teach(line: &mut LessonLine, guide: &mut Guide) -> Result<(), Failure> {
    guide.part("Why is it silent?");
    guide.say(
        "Four times Avelia sends the same FLASH and hears nothing. To the minister who waits it is one\n\
         silence. The desk knows four: it says what it sees, and which signature proves it. Read what\n\
         it prints, then say which silence it is.",
    );
    guide.go_on().await;
    unread(line, guide).await?;
    declined(line, guide).await?;
    gone(line, guide).await?;
    cut(line, guide).await?;
    guide.say(
        "\nNone of the four is \"the line is down\". Whoever says that of the first two sends an engineer\n\
         where a telephone call was needed.",
    );
    Ok(())
}

/// The facts once a cause is named, without the cause: that is what is asked.
async fn stands(
    line: &LessonLine,
    guide: &mut Guide,
    (message, cause): (&str, &str),
    right: usize,
) -> Result<(), Failure> {
    let status = line.until_cause(AVELIA, cause, PATIENCE).await?;
    let view = line.stage.seat(AVELIA).await?.show(message).await?;
    guide.say("What Avelia's desk has of it, signature by signature:");
    guide.show(&print::timeline(&view));
    guide.say("And of the line:");
    for fact in &status.standing.axes.carrier.facts {
        guide.show(&fact.what);
    }
    guide.ask("Which silence is it?", &CAUSES, right).await;
    let named = &status.standing.cause;
    let said = format!("{} [{}]", named.plain, named.code);
    guide.saw("the desk says so too", named.code == cause, &said);
    Ok(())
}

async fn flash(line: &LessonLine, guide: &Guide) -> Result<String, Failure> {
    let sent = line.send(AVELIA, Precedence::Flash, TEXT).await?;
    guide.say(&format!(
        "Avelia releases {}, a FLASH signed by two officers.\n",
        sent.name
    ));
    Ok(sent.sha256)
}

async fn unread(line: &LessonLine, guide: &mut Guide) -> Result<(), Failure> {
    guide.part("The first silence");
    let sent = flash(line, guide).await?;
    line.wait(AVELIA, &sent, Rung::Delivered, PATIENCE).await?;
    line.alarm(BORENIA, &sent).await?;
    line.wait(AVELIA, &sent, Rung::Alerted, PATIENCE).await?;
    stands(line, guide, (&sent, "NOT_DISPLAYED"), 0).await?;
    guide.say("\nNow somebody walks up to Borenia's screen, reads, and walks away.");
    guide.go_on().await;
    line.display(BORENIA, &sent).await?;
    line.wait(AVELIA, &sent, Rung::Displayed, PATIENCE).await?;
    stands(line, guide, (&sent, "DISPLAYED_NOT_ACKNOWLEDGED"), 1).await?;
    line.act(BORENIA, &sent, OfficerRole::WatchOfficer, Rung::Acknowledged, "")
        .await
}

async fn declined(line: &LessonLine, guide: &mut Guide) -> Result<(), Failure> {
    guide.part("The second silence");
    let sent = flash(line, guide).await?;
    line.wait(AVELIA, &sent, Rung::Delivered, PATIENCE).await?;
    line.display(BORENIA, &sent).await?;
    let reason = "conditions not appropriate";
    line.act(BORENIA, &sent, OfficerRole::DutyOfficer, Rung::Declined, reason)
        .await?;
    line.wait(AVELIA, &sent, Rung::Declined, PATIENCE).await?;
    stands(line, guide, (&sent, "DECLINED"), 2).await
}

async fn gone(line: &mut LessonLine, guide: &mut Guide) -> Result<(), Failure> {
    guide.part("The third silence");
    line.stage.kill_desk(BORENIA).await?;
    let sent = flash(line, guide).await?;
    stands(line, guide, (&sent, "REMOTE_DESK_DEAD"), 4).await?;
    line.stage.start_desk(BORENIA).await?;
    line.whole().await
}

async fn cut(line: &LessonLine, guide: &mut Guide) -> Result<(), Failure> {
    guide.part("The fourth silence");
    line.cut("all", "A ", None)?;
    let sent = flash(line, guide).await?;
    stands(line, guide, (&sent, "ALL_PATHS_CUT"), 3).await?;
    line.mend("all")?;
    guide.say("\nThe paths come back; what waited goes by itself.");
    let sent = line.wait(AVELIA, &sent, Rung::Delivered, PATIENCE).await?;
    let arrived = sent.reached(Rung::Delivered);
    guide.saw("it arrives without being sent again", arrived, &sent.name);
    Ok(())
}
