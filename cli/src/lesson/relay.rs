//! "Kill a relay": what a message's ladder says, and what the death of a relay does to traffic.

use std::time::Duration;

use hotline_core::words::Rung;
use tokio::time::Instant;

use super::{
    guide::Guide,
    line::{AVELIA, LessonLine, PATIENCE},
};
use crate::{
    demo::traffic::{self, Watchers},
    desk::print,
    exit::Failure,
};

/// Time of traffic before and after the kill.
const TRAFFIC: Duration = Duration::from_secs(2);

/// Teaches it.
pub async fn teach(line: &mut LessonLine, guide: &mut Guide) -> Result<(), Failure> {
    ladder(line, guide).await?;
    kill(line, guide).await
}

async fn ladder(line: &LessonLine, guide: &mut Guide) -> Result<(), Failure> {
    guide.part("A message, and what is signed about it");
    guide.say(
        "Two ministries, Avelia and Borenia. Each has one desk and one relay: north is Avelia's, south\n\
         is Borenia's. All four run now, as processes of this machine. Every desk reaches every relay\n\
         in two ways, QUIC and TCP: four legs. Avelia sends one message.",
    );
    guide.go_on().await;
    let sent = line.deliver("Our survey vessel will be late.").await?;
    let so_far = line.wait(AVELIA, &sent.sha256, Rung::Accepted, PATIENCE).await?;
    guide.show(&print::timeline(&so_far));
    guide.saw(
        "both machines have it, and no person has seen it",
        so_far.reached(Rung::Delivered) && !so_far.reached(Rung::Displayed),
        "ACCEPTED and DELIVERED, and nothing behind them",
    );
    guide
        .ask(
            "A relay has signed ACCEPTED. What does that prove?",
            &[
                ("Borenia knows it.", "Borenia's desk has not said a word by that."),
                (
                    "The relay has it on disk and will hand it on.",
                    "It proves nothing of the other side. DELIVERED is Borenia's desk, and still no person.",
                ),
                (
                    "An officer of Borenia has read it.",
                    "Only ACKNOWLEDGED is signed by an officer, with that officer's own key.",
                ),
            ],
            1,
        )
        .await;
    guide.say("\nNow Borenia's watch looks at the screen, and acknowledges.");
    guide.go_on().await;
    let climbed = line.acknowledge(&sent.sha256).await?;
    guide.show(&print::timeline(&climbed));
    guide.saw(
        "an officer has signed for it",
        climbed.reached(Rung::Acknowledged),
        climbed
            .first(Rung::Acknowledged)
            .map_or("nobody", |rung| &rung.by),
    );
    Ok(())
}

async fn kill(line: &mut LessonLine, guide: &mut Guide) -> Result<(), Failure> {
    let north = line.relay(AVELIA);
    guide.part("A relay dies");
    guide.say(&format!(
        "Up to a hundred messages a second go to Borenia now. After two seconds relay {north} is ended with\n\
         SIGKILL: no goodbye, nothing is put away. For two more seconds messages go on.",
    ));
    guide
        .ask(
            "How many of them are lost?",
            &[
                (
                    "About half of them.",
                    "They would be, if each went by one relay only.",
                ),
                (
                    "Those that were on their way.",
                    "Each of them was on its way by the other relay, too.",
                ),
                (
                    "None.",
                    "Every message had left on both paths before anybody knew that one is dead.",
                ),
            ],
            2,
        )
        .await;
    let watchers = Watchers::start(&line.stage).await?;
    let began = Instant::now();
    let mut sent = traffic::send(&line.stage, TRAFFIC, 0).await?;
    let killed = Instant::now();
    line.stage.kill_relay(&north).await?;
    sent.extend(traffic::send(&line.stage, TRAFFIC, sent.len()).await?);
    let ended = Instant::now();
    watchers.all_delivered(&sent, PATIENCE).await;
    let (lost, twice) = watchers.losses(&sent);
    let (before, behind) = (
        watchers.longest_gap(began, killed),
        watchers.longest_gap(killed, ended),
    );
    watchers.stop();
    guide.saw(
        "nothing is lost and nothing is shown twice",
        lost == 0 && twice == 0,
        &format!("{} sent, {lost} lost, {twice} shown twice", sent.len()),
    );
    guide.say(&format!(
        "       the longest time without a receipt was {} ms before the kill and {} ms after it",
        before.as_millis(),
        behind.as_millis()
    ));
    guide.say("\nHow Avelia's desk sees its four legs:");
    let status = line.until_cause(AVELIA, "ONE_PATH_CUT", PATIENCE).await?;
    for (leg, view) in &status.legs {
        guide.show(&format!("{leg:<12} {}", view.state));
    }
    let named = status
        .standing
        .causes
        .iter()
        .find(|cause| cause.code == "ONE_PATH_CUT");
    let said = named.map_or("it does not say so", |cause| &cause.plain);
    guide.saw("the desk names what is broken", named.is_some(), said);
    guide.say(&format!(
        "\nRelay {north} is started again. It gets what it missed."
    ));
    guide.go_on().await;
    line.stage.start_relay(&north).await?;
    line.whole().await?;
    let up = line.stage.seat(AVELIA).await?.status().await?.legs_up();
    guide.saw("all legs are back", up == 4, &format!("{up} of 4 are up"));
    guide.say(
        "\nThere is no failover here: nothing had to notice, decide or switch. Both ways are used all the\n\
         time; the first copy wins, the second is compared and dropped.",
    );
    Ok(())
}
