//! `hotline exercise replay`: a finished exercise as it happened, on the story's clock. It only looks: what was signed is
//! past, and to play it otherwise is another exercise.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use hotline_core::{
    story::Rate,
    text::inert_line,
    time::{StoryTime, WallTime},
};
use hotline_exercise::{
    bundle::{Evidence, MANIFEST},
    report::replay::{Line, Part, Replay},
    timeline::Timeline,
};
use serde_json::{Value, json};

use super::{
    evidence::FOLDER,
    report::{evidence_in, incomplete, unreadable},
};
use crate::{
    control::print,
    exit::{self, Failure, Outcome},
    log::say,
    out::Reader,
};

/// What `replay` takes.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The folder of an exercise, or its evidence; of a scenario with variants the folder of one.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// From this moment of the story on: 12m. How the exercise stood then is shown first.
    #[arg(long, value_name = "TIME", value_parser = crate::control::moment, default_value = "0s")]
    from: u64,
    /// Up to this moment of the story.
    #[arg(long, value_name = "TIME", value_parser = crate::control::moment)]
    until: Option<u64>,
    /// So many seconds of story in one of yours: 0.1 to 60. Without it everything is shown at once.
    #[arg(long, value_name = "RATE")]
    speed: Option<Rate>,
    /// Print one object a line.
    #[arg(long)]
    json: bool,
}

/// Plays it back.
///
/// # Errors
/// HL-EX-174 if no exercise was played there, 153 if it has not ended, 181 if its evidence is incomplete, 182 if the part
/// that is asked for is none, 180 (behind what verifies of it) if a log does not hold.
pub async fn run(args: ReplayArgs) -> Outcome {
    play(&args).await.map_err(|failure| failure.as_json(args.json))
}

async fn play(args: &ReplayArgs) -> Outcome {
    if args.until.is_some_and(|until| until < args.from) {
        return Err(Failure::new(
            "HL-EX-182",
            exit::USAGE,
            "--until lies before --from",
            "name a later moment with --until",
        ));
    }
    let folder = finished(&args.dir)?;
    let evidence = Evidence::open(&folder).map_err(|error| incomplete(&error))?;
    let timeline = Timeline::load(&evidence).map_err(|error| unreadable(&exit::chain(&error)))?;
    let part = Part {
        from_ms: args.from,
        until_ms: args.until,
    };
    let replay = Replay::of(&evidence, &timeline, part).map_err(|error| unreadable(&exit::chain(&error)))?;
    show(&replay, args).await?;
    match evidence.first_fault() {
        Some(fault) => Err(Failure::new(
            "HL-EX-180",
            exit::LOG,
            format!("the evidence does not hold, and what does not verify was not shown: {fault}"),
            "hotline log verify names the entry",
        )),
        None => Ok(exit::OK),
    }
}

/// The evidence of an exercise that has ended.
fn finished(dir: &Path) -> Result<PathBuf, Failure> {
    let folder = evidence_in(dir);
    if folder.join(MANIFEST).is_file() {
        return Ok(folder);
    }
    let shown = dir.display();
    if dir.join("stage").is_dir() {
        return Err(Failure::new(
            "HL-EX-153",
            exit::USAGE,
            format!("the exercise in {shown} has not ended"),
            format!(
                "hotline control watch --dir {shown} shows it while it runs, hotline exercise resume {shown} goes on with it"
            ),
        ));
    }
    let variants = variants_in(dir);
    let help = match variants.first() {
        Some(first) => format!(
            "it holds the variants {}: hotline exercise replay {}",
            variants.join(", "),
            dir.join(first).display()
        ),
        None => "DIR is the --out of hotline exercise run, or its folder evidence".to_owned(),
    };
    Err(Failure::new(
        "HL-EX-174",
        exit::CONFIG,
        format!("no exercise was played in {shown}"),
        help,
    ))
}

/// Folders with evidence of their own, by name.
fn variants_in(dir: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let with_evidence = entries
        .flatten()
        .filter(|entry| entry.path().join(FOLDER).join(MANIFEST).is_file());
    let mut names: Vec<String> = with_evidence
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

async fn show(replay: &Replay, args: &ReplayArgs) -> Result<(), Failure> {
    if let Some(stood) = &replay.stood {
        print::standing(stood, args.json)?;
        if !args.json {
            say::text("")?;
        }
    }
    let mut now_ms = args.from;
    for line in &replay.lines {
        if let Some(speed) = args.speed {
            tokio::time::sleep(wait(now_ms, line, speed)).await;
        }
        now_ms = now_ms.max(line.at.story_ms);
        let told = if args.json {
            say::line_of(&object(line).to_string())?
        } else {
            say::line_of(&text(line))?
        };
        if told == Reader::Gone {
            break;
        }
    }
    Ok(())
}

/// How long until a line comes, in the reader's own time. Over a leap nobody waits: the exercise did not either.
fn wait(now_ms: u64, line: &Line, speed: Rate) -> Duration {
    if line.leapt {
        return Duration::ZERO;
    }
    let story_ms = line.at.story_ms.saturating_sub(now_ms);
    let ms = u128::from(story_ms) * 1_000 / u128::from(speed.thousandths().max(1));
    Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX))
}

/// `T+00:01:00 ±0.060 s  desk A       RELEASED     A-0001 FLASH HZ-01  "first words"  (desk-A #3)`.
fn text(line: &Line) -> String {
    let at = StoryTime::from_startex(Duration::from_millis(line.at.story_ms));
    let off = match line.at.story_uncertain_ms {
        Some(ms) => format!("±{}.{:03} s", ms / 1_000, ms % 1_000),
        None => "± unknown".to_owned(),
    };
    let mut words = line.subject.clone();
    if !line.what.is_empty() {
        words = format!("{words}: {}", line.what);
    }
    format!(
        "{at} {off:<9} {:<12} {:<12} {}  ({} #{})",
        inert_line(&line.who).text,
        inert_line(&line.kind).text,
        inert_line(&words).text,
        line.log,
        line.leaf
    )
}

/// A line, as `--json` prints it. Fields are only added.
fn object(line: &Line) -> Value {
    json!({
        "story_ms": line.at.story_ms,
        "story_uncertain_ms": line.at.story_uncertain_ms,
        "line_ms": line.at.line_ms,
        "wall": WallTime::from_unix_ms(line.at.wall_ms).rfc3339(),
        "who": line.who,
        "kind": line.kind,
        "subject": line.subject,
        "what": line.what,
        "log": line.log,
        "leaf": line.leaf,
        "leapt": line.leapt,
    })
}

#[cfg(test)]
mod tests {
    use hotline_exercise::report::model::Moment;

    use super::*;

    fn line(story_ms: u64, leapt: bool) -> Line {
        Line {
            at: Moment {
                story_ms,
                line_ms: 1,
                wall_ms: 1_795_000_000_000,
                uncertain_ms: Some(1),
                story_uncertain_ms: Some(60),
            },
            who: "desk A".into(),
            kind: "RELEASED".into(),
            subject: "A-0001 FLASH".into(),
            what: "one\ntwo\u{202e}".into(),
            log: "desk-A".into(),
            leaf: 3,
            leapt,
        }
    }

    #[test]
    fn a_replay_waits_as_the_story_did_and_not_over_a_leap_nor_backwards() {
        for (rate, ms) in [(60_000, 1_000), (1_000, 60_000), (100, 600_000)] {
            let rate = Rate::from_thousandths(rate).unwrap_or(Rate::REAL);
            assert_eq!(wait(60_000, &line(120_000, false), rate).as_millis(), ms);
        }
        assert_eq!(wait(0, &line(172_800_000, true), Rate::REAL), Duration::ZERO);
        assert_eq!(wait(60_000, &line(59_000, false), Rate::REAL), Duration::ZERO);
    }

    #[test]
    fn a_line_of_a_replay_is_one_inert_line_with_its_uncertainty_and_its_entry() {
        assert_eq!(
            text(&line(62_000, false)),
            "T+00:01:02 ±0.060 s  desk A       RELEASED     A-0001 FLASH: one‹U+000A›two‹U+202E›  (desk-A #3)"
        );
    }
}
