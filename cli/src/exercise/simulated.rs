//! `hotline exercise run --simulated`: identities, a world of the seed, the evidence as every stage leaves it.

use std::{fs, path::Path, sync::Arc};

use hotline_audit::trust::TrustPolicy;
use hotline_core::time::{LineTime, WallTime};
use hotline_exercise::{
    bundle::Evidence,
    codebook::{Codebook, shipped},
    live::{
        opening::{Opening, startex},
        site::Site,
    },
    log::Keys,
    scenario::{Scenario, lists::StageKind},
    simulated::{
        nodes::BEGAN,
        play::{Ending, Piece, play},
    },
};
use hotline_faults::{Dice, chance::SeededEntropy};
use hotline_transport::{Clock, Seams};

use super::{
    evidence, failed, handed,
    making::{self, Ground},
    new_folder, report,
    run::{self, RunArgs},
};
use crate::{
    exit::{self, Failure, Outcome},
    pki::excon::{self, CONTROLLER, DOMAIN, Excon},
};

/// How long before the world begins identities were made. Two days: a clock that is wrong by as much still finds them valid.
const MADE_BEFORE_MS: u64 = 2 * 24 * 60 * 60 * 1000;

/// The clock while identities are made: it stands, as nobody's machine shall leave a mark on them.
#[derive(Debug)]
pub(super) struct Still(pub(super) WallTime);

impl Clock for Still {
    fn wall(&self) -> WallTime {
        self.0
    }

    fn line(&self) -> LineTime {
        LineTime::START
    }
}

/// Identities of both sides and of control, that follow from a seed.
pub(super) struct Cast {
    pub(super) site: Site,
    pub(super) excon: Excon,
    seams: Seams,
}

impl Cast {
    /// Makes them below `root`.
    pub(super) fn make(
        scenario: &Scenario,
        exercise: &str,
        codebook: &Codebook,
        root: &Path,
        seed: u64,
    ) -> Result<Self, Failure> {
        let made = WallTime::from_unix_ms(BEGAN.unix_ms().saturating_sub(MADE_BEFORE_MS));
        let seams = Seams {
            clock: Arc::new(Still(made)),
            entropy: Arc::new(SeededEntropy::new(Dice::new(seed).apart("identities"))),
            ..Seams::system()
        };
        let ground = (&seams, Ground::World);
        let site = making::site(scenario, exercise, codebook.sha256(), root, ground)?;
        let excon = excon::excon_with(root, exercise, &[CONTROLLER], &seams)?;
        Ok(Self { site, excon, seams })
    }

    /// What is to be played.
    pub(super) fn piece(
        &self,
        scenario: &Arc<Scenario>,
        codebook: &Codebook,
        opening: Opening<'_>,
    ) -> Result<Piece, Failure> {
        Ok(Piece {
            site: self.site.clone(),
            scenario: Arc::clone(scenario),
            codebook: codebook.clone(),
            startex: startex(&self.site, scenario, codebook, opening),
            keys: self.keys()?,
        })
    }

    /// With what control signs.
    pub(super) fn keys(&self) -> Result<Keys, Failure> {
        self.excon.keys(&self.seams)
    }

    /// Whom a verifier believes: the roots and rosters of both sides and of control.
    pub(super) fn trust(&self) -> Result<TrustPolicy, Failure> {
        let sides = self.site.sides.iter().map(|side| side.trust.join(&side.domain));
        let folders: Vec<_> = sides.chain([self.excon.trust.join(DOMAIN)]).collect();
        TrustPolicy::load(&folders.iter().collect::<Vec<_>>()).map_err(|error| failed(&error))
    }
}

/// Plays a scenario, one of its variants, or all of them.
///
/// # Errors
/// A [`Failure`] if it could not be played. That an expectation was not met is an exit code.
pub fn run(mut args: RunArgs) -> Outcome {
    let given = args.folder.take();
    let scenario = run::playable(&args)?;
    let codebook = run::codebook(&scenario)?;
    if let Some(out) = &given {
        new_folder(out)?;
    }
    args.out = given.clone().unwrap_or_default();
    let (mut code, mut trace) = (exit::OK, String::new());
    for args in run::plays(&scenario, &args) {
        let played = one(&scenario, &codebook, &args, given.is_some(), &mut trace)?;
        code = if code == exit::OK { played } else { code };
    }
    if let Some(file) = &args.trace {
        fs::write(file, trace).map_err(|error| Failure::io(&file.display().to_string(), &error))?;
    }
    Ok(code)
}

fn one(
    scenario: &Arc<Scenario>,
    codebook: &Codebook,
    args: &RunArgs,
    keeps: bool,
    trace: &mut String,
) -> Outcome {
    let aside = tempfile::Builder::new().prefix("hotline-simulated-").tempdir();
    let aside = aside.map_err(|error| Failure::io("a temporary folder", &error))?;
    let variant = args.variant.as_deref();
    let mark = variant.map_or_else(String::new, |variant| format!("-{variant}"));
    let exercise = format!("{}{mark}-{}", *scenario.id, args.seed);
    let cast = Cast::make(scenario, &exercise, codebook, aside.path(), args.seed)?;
    let opening = Opening {
        stage: StageKind::Simulated,
        variant,
        seed: args.seed,
        rate: args.rate(scenario),
        persons: &[],
    };
    let piece = cast.piece(scenario, codebook, opening)?;
    let ending = play(piece, Arc::default()).map_err(|error| {
        let what = exit::chain(&error);
        Failure::new("HL-EX-150", exit::OTHER, what, "hotline exercise check FILE").as_json(args.json)
    })?;
    trace.push_str(&ending.trace());
    let judged = match keeps {
        true => kept(&cast, scenario, &ending, args),
        false => judged(&cast, scenario, &ending, args),
    };
    match &ending.played {
        Ok(played) => {
            run::tell(scenario, played, args);
            judged
        }
        Err(error) => Err(run::broken_off(error, args)),
    }
}

/// Leaves evidence and report in the run's folder.
fn kept(cast: &Cast, scenario: &Scenario, ending: &Ending, args: &RunArgs) -> Outcome {
    let folder = args.out.join(evidence::FOLDER);
    evidence::gather_logs(&cast.site, &cast.excon, scenario, &ending.logs, &folder)?;
    report::make(&folder, &args.out, args.json)
}

/// Judges the logs as they are.
fn judged(cast: &Cast, scenario: &Scenario, ending: &Ending, args: &RunArgs) -> Outcome {
    let text = &scenario.source.text;
    let evidence = Evidence::of(text, shipped::STARTER, cast.trust()?, ending.logs.clone());
    let mut evidence = evidence.map_err(|error| failed(&error))?;
    if scenario.has_dispute() {
        evidence.copies = handed::copies(&evidence, &cast.site);
    }
    report::judge_only(&evidence, args.json)
}
