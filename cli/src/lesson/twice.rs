//! "Why send twice?": the same messages and the same three troubles over QUIC only, over TCP only, by one relay, and by
//! all four legs; one chart.

mod chart;

use std::time::Duration;

use hotline_core::precedence::Precedence;
use tokio::time::{Instant, interval, sleep_until};

use self::chart::{Row, Wait};
use super::{
    guide::Guide,
    line::{AVELIA, LessonLine},
};
use crate::{demo::traffic::Watchers, exit::Failure};

/// How long each way is looked at.
const LASTS: Duration = Duration::from_secs(13);
/// Time between two messages. A fifth of a second: every trouble meets a dozen of them.
const EVERY: Duration = Duration::from_millis(200);
/// How long a receipt may be awaited before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(15);
/// From how long on a message counts as late. A second: what a person notices.
const LATE: Duration = Duration::from_secs(1);

/// What is cut, from when and until when, in milliseconds of a way's time. Each 2.5 s: longer than a leg takes to be DOWN.
const TROUBLES: [(&str, &str, u64, u64); 3] = [
    ("UDP is blocked", "/quic", 1_000, 3_500),
    ("TCP is blocked", "/tcp", 5_000, 7_500),
    ("relay north is cut off", " north/", 9_000, 11_500),
];

/// A way to use the line, and the links that it does without.
const WAYS: [(&str, &str); 4] = [
    ("QUIC only", "/tcp"),
    ("TCP only", "/quic"),
    ("one relay", " south/"),
    ("two relays, both doors", "no link bears this name"),
];

/// Teaches it.
pub async fn teach(line: &mut LessonLine, guide: &mut Guide) -> Result<(), Failure> {
    guide.part("Why is everything sent twice?");
    guide.say(
        "Avelia sends five messages a second. In the same thirteen seconds three things go wrong, one\n\
         after another: somebody blocks UDP, somebody blocks TCP, and relay north cannot be reached.\n\
         Each lasts two and a half seconds. This is played four times: with half of the line cut off\n\
         from the beginning, in three different ways, and with all of it.",
    );
    guide
        .ask(
            "Which of the four carries every message without anybody noticing?",
            &[
                (
                    "TCP: it repeats what was lost.",
                    "It repeats when it can. While TCP is blocked, or its relay is gone, it waits.",
                ),
                (
                    "One relay with both doors.",
                    "Two doors of one house: when the house is cut off, both are shut.",
                ),
                (
                    "Both relays and both doors.",
                    "No single trouble touches all four legs.",
                ),
            ],
            2,
        )
        .await;
    let mut rows = Vec::new();
    for (way, without) in WAYS {
        guide.say(&format!("\n{way}: thirteen seconds …"));
        rows.push(one_way(line, way, without).await?);
    }
    guide.say("");
    guide.show(&chart::draw(
        &rows,
        &TROUBLES.map(|(what, _, from, to)| (what, from, to)),
        LASTS,
    ));
    judge(guide, &rows);
    guide.say(
        "\nNothing was lost on any way: what could not go waited, and went. But a FLASH that waits for\n\
         seconds while one door is shut is what a line with one door is.",
    );
    Ok(())
}

async fn one_way(line: &LessonLine, way: &'static str, without: &str) -> Result<Row, Failure> {
    let never = line.cut("never", without, None)?;
    let watchers = Watchers::start(&line.stage).await?;
    let begun = Instant::now();
    let (sent, troubled) = tokio::join!(send(line, begun), trouble(line, begun, without));
    let sent = sent?;
    troubled?;
    let names: Vec<String> = sent.iter().map(|(message, _)| message.clone()).collect();
    watchers.all_delivered(&names, PATIENCE).await;
    let waits = sent.iter().map(|(message, at)| Wait {
        sent: *at - begun,
        took: watchers.delivered_at(message).map(|delivered| delivered - *at),
    });
    let row = Row {
        way,
        waits: waits.collect(),
    };
    watchers.stop();
    if never > 0 {
        line.mend("never")?;
    }
    line.whole().await?;
    Ok(row)
}

/// Sends at a steady pace; gives back when each was released.
async fn send(line: &LessonLine, begun: Instant) -> Result<Vec<(String, Instant)>, Failure> {
    let mut pace = interval(EVERY);
    let mut sent = Vec::new();
    while begun.elapsed() < LASTS {
        pace.tick().await;
        let text = format!("Report {} of the search.", sent.len() + 1);
        let at = Instant::now();
        sent.push((line.send(AVELIA, Precedence::Flash, &text).await?.sha256, at));
    }
    Ok(sent)
}

async fn trouble(line: &LessonLine, begun: Instant, without: &str) -> Result<(), Failure> {
    for (what, part, from, to) in TROUBLES {
        sleep_until(begun + Duration::from_millis(from)).await;
        let cut = line.cut(what, part, Some(without))?;
        sleep_until(begun + Duration::from_millis(to)).await;
        if cut > 0 {
            line.mend(what)?;
        }
    }
    Ok(())
}

fn judge(guide: &mut Guide, rows: &[Row]) {
    let lost: usize = rows.iter().map(Row::lost).sum();
    guide.saw("nothing is lost on any way", lost == 0, &format!("{lost} lost"));
    for row in rows {
        let whole = row.way == WAYS[3].0;
        let late = row.late(LATE);
        guide.saw(
            &format!(
                "{} {}",
                row.way,
                if whole { "waits for nothing" } else { "has to wait" }
            ),
            (late == 0) == whole,
            &format!(
                "{late} of {} were later than a second, the longest wait {} ms",
                row.waits.len(),
                row.longest().as_millis()
            ),
        );
    }
}
