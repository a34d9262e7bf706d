//! The line of a lesson: the demo's stage with a link in front of every leg, and what officers do at its desks.

use std::{path::Path, time::Duration};

use hotline_client::{
    compose::{self, Wording},
    request::{Answer, Request},
    status::LineStatus,
    view::MessageView,
};
use hotline_core::{
    precedence::Precedence,
    words::{OfficerRole, Rung},
};
use hotline_exercise::live::links::{Linked, Links};
use hotline_faults::live::{Direction, Fault};
use hotline_transport::Seams;
use tokio::time::{Instant, sleep};

use crate::{
    demo::stage::Stage,
    desk::{
        Common, keyring,
        seat::{Seat, reference},
        send,
    },
    exit::{self, Failure},
};

/// Avelia's place on the stage.
pub const AVELIA: usize = 0;
/// Borenia's place on the stage.
pub const BORENIA: usize = 1;
/// The seed of the links' dice. No lesson throws any.
const SEED: u64 = 1;
/// How long a receipt may be awaited before it counts as lost.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How often a desk is asked again.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Two relays, two desks, and links between them.
pub struct LessonLine {
    /// The processes.
    pub stage: Stage,
    links: Links,
}

impl LessonLine {
    /// Makes identities and links, starts everything, and waits until all legs are up.
    ///
    /// # Errors
    /// If it does not get that far.
    pub async fn build(dir: &Path, seams: &Seams) -> Result<Self, Failure> {
        let exe = std::env::current_exe().map_err(|error| Failure::io("this program", &error))?;
        let mut stage = Stage::build(dir, exe, seams)?;
        let desks = [("A", AVELIA), ("B", BORENIA)].map(|(name, side)| Linked {
            name: name.to_owned(),
            trust: stage.trust(side),
        });
        let links = Links::start(&desks, SEED).await.map_err(|error| failed(&error))?;
        for side in [AVELIA, BORENIA] {
            let relay = stage.sides[side].relay.name.clone();
            stage.start_relay(&relay).await?;
        }
        for side in [AVELIA, BORENIA] {
            stage.start_desk(side).await?;
        }
        let line = Self { stage, links };
        line.whole().await?;
        Ok(line)
    }

    /// Waits until both desks have all four legs.
    ///
    /// # Errors
    /// If they have not within ten seconds.
    pub async fn whole(&self) -> Result<(), Failure> {
        for side in [AVELIA, BORENIA] {
            self.stage.legs_up(side, 4).await?;
        }
        Ok(())
    }

    /// The name of a side's relay: `north`.
    pub fn relay(&self, side: usize) -> String {
        self.stage.sides[side].relay.name.clone()
    }

    /// Cuts every link whose name has this in it, `/quic` or ` north/`, and, if given, has not that. Gives back how many.
    ///
    /// # Errors
    /// If a link refuses.
    pub fn cut(&self, name: &str, part: &str, but: Option<&str>) -> Result<usize, Failure> {
        let rig = self.links.rig();
        let names = rig.links().map(|(link, _)| link.to_owned());
        let meant = |link: &String| link.contains(part) && but.is_none_or(|but| !link.contains(but));
        let meant: Vec<String> = names.filter(meant).collect();
        for link in &meant {
            rig.add(name, &Fault::Partition, Direction::Both, Some(link))
                .map_err(|error| failed(&error))?;
        }
        Ok(meant.len())
    }

    /// Takes a cut off again.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn mend(&self, name: &str) -> Result<(), Failure> {
        self.links.rig().remove(name).map_err(|error| failed(&error))?;
        Ok(())
    }

    fn common(&self, side: usize) -> Common {
        Common {
            config: Some(self.stage.sides[side].desk.clone()),
            json: false,
            passphrase_file: None,
        }
    }

    /// Officers of a side sign and release a message.
    ///
    /// # Errors
    /// If the desk refuses it.
    pub async fn send(
        &self,
        side: usize,
        precedence: Precedence,
        text: &str,
    ) -> Result<MessageView, Failure> {
        let mut seat = self.stage.seat(side).await?;
        let wording = Wording::notice(precedence, seat.config.channel.clone(), text);
        let sheet = send::sign(&seat, &self.common(side), &wording, None, None)?;
        seat.message(Request::Release { sheet }).await
    }

    /// Avelia sends a message, and it comes to Borenia's desk, or ten seconds pass.
    ///
    /// # Errors
    /// If a desk refuses.
    pub async fn deliver(&self, text: &str) -> Result<MessageView, Failure> {
        let sent = self.send(AVELIA, Precedence::Priority, text).await?;
        self.wait(AVELIA, &sent.sha256, Rung::Delivered, PATIENCE).await
    }

    /// Borenia's watch looks at a message of Avelia's and acknowledges it: as Avelia sees it then, or after ten seconds.
    ///
    /// # Errors
    /// If a desk refuses.
    pub async fn acknowledge(&self, message: &str) -> Result<MessageView, Failure> {
        self.display(BORENIA, message).await?;
        let watch = OfficerRole::WatchOfficer;
        self.act(BORENIA, message, watch, Rung::Acknowledged, "").await?;
        self.wait(AVELIA, message, Rung::Acknowledged, PATIENCE).await
    }

    /// The message once it has got this far, or as it is when the time is over.
    ///
    /// # Errors
    /// If the desk went away.
    pub async fn wait(
        &self,
        side: usize,
        message: &str,
        rung: Rung,
        within: Duration,
    ) -> Result<MessageView, Failure> {
        let mut seat = self.stage.seat(side).await?;
        let request = Request::Wait {
            message: message.to_owned(),
            rung: rung.name().into(),
            within_ms: u64::try_from(within.as_millis()).unwrap_or(u64::MAX),
        };
        match seat.ask(request).await? {
            Answer::Message(view) => Ok(*view),
            _ => seat.show(message).await,
        }
    }

    /// The alarm sounds at a desk, and the message is on its screen.
    ///
    /// # Errors
    /// If the desk refuses.
    pub async fn display(&self, side: usize, message: &str) -> Result<(), Failure> {
        let mut seat = self.alarm(side, message).await?;
        let view = seat.show(message).await?;
        seat.display(&[view], || {}).await
    }

    /// The alarm sounds at a desk.
    ///
    /// # Errors
    /// If the desk refuses.
    pub async fn alarm(&self, side: usize, message: &str) -> Result<Seat, Failure> {
        let mut seat = self.stage.seat(side).await?;
        let messages = vec![message.to_owned()];
        seat.ask(Request::Alerted { messages }).await?;
        Ok(seat)
    }

    /// An officer who may signs a rung of a message that came in.
    ///
    /// # Errors
    /// If the key cannot be read, or the desk refuses.
    pub async fn act(
        &self,
        side: usize,
        message: &str,
        role: OfficerRole,
        rung: Rung,
        words: &str,
    ) -> Result<(), Failure> {
        let mut seat = self.stage.seat(side).await?;
        let officer = keyring::officer(&seat, &self.common(side), None, &[role], None)?;
        let (subject, _) = reference(&seat.show(message).await?)?;
        let clock = seat.seams.clock.as_ref();
        let act = compose::act(&seat.config, &officer, rung, subject, words, clock);
        let act = act.map_err(|error| failed(&error))?;
        seat.message(Request::Act { act }).await.map(drop)
    }

    /// How a desk says that the line stands, once it names this cause among others, or when the time is over.
    ///
    /// # Errors
    /// If the desk went away.
    pub async fn until_cause(
        &self,
        side: usize,
        cause: &str,
        within: Duration,
    ) -> Result<LineStatus, Failure> {
        let until = Instant::now() + within;
        loop {
            let status = self.stage.seat(side).await?.status().await?;
            let named = status.standing.causes.iter().any(|known| known.code == cause);
            if named || Instant::now() > until {
                return Ok(status);
            }
            sleep(ASK_EVERY).await;
        }
    }
}

/// Something of the lesson's own that did not work.
pub fn failed(error: &dyn std::error::Error) -> Failure {
    Failure::new(
        "HL-LESSON-001",
        exit::OTHER,
        exit::chain(error),
        "hotline demo starts the same processes and says more",
    )
}
