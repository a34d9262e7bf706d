//! `hotline desk draft` and `release`: two officers, from two seats of one desk.

use clap::Args;
use hotline_client::{
    compose::{self, Sheet},
    request::{Answer, DraftView, Request},
};
use hotline_core::{release::Capacity, text::inert_line, words::OfficerRole};

use super::{
    Common, keyring, load, print,
    seat::Seat,
    send::{self, WaitArgs, WordingArgs},
};
use crate::exit::{self, Failure, Outcome};

/// `hotline desk draft`.
#[derive(Debug, Args)]
pub struct DraftArgs {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    wording: WordingArgs,
    /// The drafting officer; without it, the first of this seat who may draft.
    #[arg(long, value_name = "NAME")]
    officer: Option<String>,
}

impl DraftArgs {
    /// The same, where standard input is the prompt itself.
    ///
    /// # Errors
    /// HL-DESK-041: its words were to come from there.
    pub fn at_a_prompt(self) -> Result<Self, Failure> {
        self.wording.at_a_prompt()?;
        Ok(self)
    }
}

/// `hotline desk release`.
#[derive(Debug, Args)]
pub struct ReleaseArgs {
    #[command(flatten)]
    common: Common,
    /// The draft's id, or its beginning; without it the drafts are listed.
    id: Option<String>,
    /// The releasing officer; without it, the first of this seat who may release and did not draft.
    #[arg(long, value_name = "NAME")]
    officer: Option<String>,
    #[command(flatten)]
    waiting: WaitArgs,
}

/// Keeps a draft.
///
/// # Errors
/// A failure.
pub async fn draft(args: DraftArgs) -> Outcome {
    let config = load(&args.common)?;
    let mut seat = Seat::open(config, args.common.json).await?;
    let done = keep(&mut seat, &args).await;
    seat.leave().await;
    done.map_err(|failure| failure.as_json(args.common.json))
}

async fn keep(seat: &mut Seat, args: &DraftArgs) -> Outcome {
    let wording = send::wording(seat, &args.wording).await?;
    let roles = [OfficerRole::Drafter, OfficerRole::Releaser];
    let by = keyring::officer(seat, &args.common, args.officer.as_deref(), &roles, None)?;
    let (clock, entropy) = (seat.seams.clock.as_ref(), seat.seams.entropy.as_ref());
    let desk = (&seat.config, &seat.sealing());
    let sheet = compose::write(desk, &wording, &by, Capacity::Drafter, clock, entropy)
        .map_err(|error| Failure::new("HL-DESK-025", exit::OTHER, error.to_string(), "shorten the text"))?;
    for draft in drafts(seat, Request::Draft { sheet }).await? {
        tell(&draft, &args.common);
    }
    Ok(exit::OK)
}

/// Releases a draft as its second officer, or lists the drafts.
///
/// # Errors
/// A failure.
pub async fn release(args: ReleaseArgs) -> Outcome {
    let config = load(&args.common)?;
    let mut seat = Seat::open(config, args.common.json).await?;
    let done = second(&mut seat, &args).await;
    seat.leave().await;
    done
}

async fn second(seat: &mut Seat, args: &ReleaseArgs) -> Outcome {
    let kept = drafts(seat, Request::Drafts).await?;
    let Some(id) = &args.id else {
        for draft in &kept {
            tell(draft, &args.common);
        }
        return Ok(exit::OK);
    };
    let mut found = kept.into_iter().filter(|draft| draft.id.starts_with(id.as_str()));
    let (Some(draft), None) = (found.next(), found.next()) else {
        let what = format!(
            "no draft, or more than one, has an id that begins with \"{}\"",
            inert_line(id).text
        );
        return Err(Failure::new(
            "HL-DESK-027",
            exit::OTHER,
            what,
            "hotline desk release lists the drafts",
        )
        .as_json(args.common.json));
    };
    let other_than = draft.signed_by.first().map(String::as_str);
    let by = keyring::officer(
        seat,
        &args.common,
        args.officer.as_deref(),
        &[OfficerRole::Releaser],
        other_than,
    )?;
    let mut sheet: Sheet = draft.sheet;
    sheet
        .approve(&by, Capacity::Releaser, seat.seams.clock.as_ref())
        .map_err(|error| {
            Failure::new(
                "HL-DESK-025",
                exit::OTHER,
                error.to_string(),
                "write the draft anew",
            )
        })?;
    let view = seat.message(Request::Release { sheet }).await?;
    send::finish(seat, &args.common, view, &args.waiting).await
}

async fn drafts(seat: &mut Seat, request: Request) -> Result<Vec<DraftView>, Failure> {
    match seat.ask(request).await? {
        Answer::Drafts { drafts } => Ok(drafts),
        _ => Ok(Vec::new()),
    }
}

fn tell(draft: &DraftView, common: &Common) {
    if common.json {
        print::object(draft);
        return;
    }
    crate::say!(
        "draft {} {} signed by {}",
        draft.id,
        draft.precedence,
        draft.signed_by.join(", ")
    );
    crate::say!("  | {}", inert_line(&draft.text).text);
}
