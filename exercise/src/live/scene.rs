//! What the conductor needs of a stage, whatever the stage is made of: processes of this machine, or nodes of a simulated
//! world. Time passes by tokio's clock on both: in a simulated world that clock is the world's.

use std::time::Duration;

use hotline_client::{request::Request, status::LineStatus, view::MessageView};
use hotline_core::time::WallTime;
use hotline_faults::rig::LinkView;
use tokio::time::Instant;

use super::{
    site::Site,
    stage::{
        Happening, Stage, StageError,
        waking::{Readied, With},
    },
    words::ToPlayer,
};
use crate::scenario::{
    lists::{ProcessDeed, Side},
    msel::{FaultDeed, Institution, Link},
};

/// A stage that is open.
pub trait Scene {
    /// Who is where on it.
    fn site(&self) -> &Site;

    /// The desks that run and do not stand still, by name.
    fn desks(&self) -> impl Iterator<Item = &str>;

    /// Whether a script plays at a seat.
    fn plays(&self, seat: &str) -> bool;

    /// Whether a process was ended or killed on purpose: `desk A`.
    fn is_down(&self, who: &str) -> bool;

    /// The next happening; none if there is none within that time.
    fn next(&mut self, until: Instant) -> impl Future<Output = Option<Happening>>;

    /// How much has happened and was not heard yet.
    fn unheard(&self) -> usize;

    /// What has happened and was not heard yet; never waits.
    fn heard_already(&mut self) -> Option<Happening>;

    /// Every message that a desk knows.
    ///
    /// # Errors
    /// If the desk does not run.
    fn list(&mut self, desk: &str) -> impl Future<Output = Result<Vec<MessageView>, StageError>>;

    /// How the line stands at a desk.
    ///
    /// # Errors
    /// If it does not run.
    fn status(&mut self, desk: &str) -> impl Future<Output = Result<LineStatus, StageError>>;

    /// A message as it stands at a desk.
    ///
    /// # Errors
    /// If the desk does not run, or does not know it.
    fn show(&mut self, desk: &str, message: &str) -> impl Future<Output = Result<MessageView, StageError>>;

    /// Asks a desk.
    ///
    /// # Errors
    /// If it does not run, or refuses.
    fn ask(&mut self, desk: &str, request: &Request) -> impl Future<Output = Result<(), StageError>>;

    /// Tells the player at a seat.
    ///
    /// # Errors
    /// If nobody plays there.
    fn tell(&mut self, seat: &str, words: &ToPlayer) -> impl Future<Output = Result<(), StageError>>;

    /// Tells every player. One that has gone hears nothing: that it has gone is told as [`Happening::Gone`].
    fn tell_all(&mut self, words: &ToPlayer) -> impl Future<Output = ()>;

    /// Puts a fault on the links that it names, under a name, and returns them.
    ///
    /// # Errors
    /// If a link is none of ours or refuses; then it is on none.
    fn fault(&self, name: &str, deed: &FaultDeed) -> Result<Vec<String>, StageError>;

    /// Takes a fault off again, and returns the links that it was on.
    ///
    /// # Errors
    /// If there is none of that name.
    fn mend(&self, name: &str) -> Result<Vec<String>, StageError>;

    /// Every link, and what is wrong with it.
    fn links(&self) -> Vec<LinkView>;

    /// The names of a link's links: one leg, or every leg of every side through the relay of a path.
    ///
    /// # Errors
    /// If there is none.
    fn links_of(&self, link: &Link) -> Result<Vec<String>, StageError>;

    /// Kills, stops, lets go on or starts a process: `relay north`, `desk A`.
    ///
    /// # Errors
    /// If there is none, or it is not in a state for that.
    fn process(&mut self, deed: ProcessDeed, who: &str) -> impl Future<Output = Result<(), StageError>>;

    /// Officers of a side end a desk's identity, and each of these sides has their order from then on.
    ///
    /// # Errors
    /// If it cannot be done, or this stage has no identities that end.
    fn deny(
        &mut self,
        _act: &Institution,
        _sides: &[Side],
        _since: Option<WallTime>,
    ) -> impl Future<Output = Result<String, StageError>> {
        async { Err(StageError::Nobody("identity that could end".into())) }
    }

    /// Both sides go over to a desk's backup identity; the words that were compared.
    ///
    /// # Errors
    /// If it cannot be done, or this stage has none.
    fn take_backup(&mut self, _act: &Institution) -> impl Future<Output = Result<String, StageError>> {
        async { Err(StageError::Nobody("backup identity".into())) }
    }

    /// Scripted people sit down anew at desks that have changed; their seats.
    ///
    /// # Errors
    /// If one does not.
    fn reseat(&mut self) -> impl Future<Output = Result<Vec<String>, StageError>> {
        async { Ok(Vec::new()) }
    }

    /// Whether the line sleeps: nothing of it runs until people wake it.
    fn is_asleep(&self) -> bool {
        false
    }

    /// People of a side put something of a line in order, or look at it.
    ///
    /// # Errors
    /// If it cannot be done, or this stage has no such line.
    fn put_in_order(
        &mut self,
        _act: &Institution,
        _with: &With,
    ) -> impl Future<Output = Result<Readied, StageError>> {
        async { Err(StageError::Nobody("line that slept".into())) }
    }

    /// Links stand before every leg of a line that slept; its desks may be started from now on.
    ///
    /// # Errors
    /// If they do not start, or the line is awake.
    fn link(&mut self) -> impl Future<Output = Result<(), StageError>> {
        async { Err(StageError::Nobody("line that sleeps".into())) }
    }

    /// People sit down at desks that were just opened; their seats.
    ///
    /// # Errors
    /// If one does not.
    fn seat_all(&mut self) -> impl Future<Output = Result<Vec<String>, StageError>> {
        async { Ok(Vec::new()) }
    }

    /// What relays wrote down of handshakes that were refused since they were asked last: `relay north`, and kind and
    /// sentence.
    fn refusals(&mut self) -> Vec<(String, String)> {
        Vec::new()
    }
}

impl Scene for Stage {
    fn site(&self) -> &Site {
        self.site()
    }

    fn desks(&self) -> impl Iterator<Item = &str> {
        self.desks()
    }

    fn plays(&self, seat: &str) -> bool {
        self.plays(seat)
    }

    fn is_down(&self, who: &str) -> bool {
        self.is_down(who)
    }

    async fn next(&mut self, until: Instant) -> Option<Happening> {
        self.next(until).await
    }

    fn unheard(&self) -> usize {
        self.unheard()
    }

    fn heard_already(&mut self) -> Option<Happening> {
        self.heard_already()
    }

    async fn list(&mut self, desk: &str) -> Result<Vec<MessageView>, StageError> {
        self.list(desk).await
    }

    async fn status(&mut self, desk: &str) -> Result<LineStatus, StageError> {
        self.status(desk).await
    }

    async fn show(&mut self, desk: &str, message: &str) -> Result<MessageView, StageError> {
        self.show(desk, message).await
    }

    async fn ask(&mut self, desk: &str, request: &Request) -> Result<(), StageError> {
        self.ask(desk, request).await
    }

    async fn tell(&mut self, seat: &str, words: &ToPlayer) -> Result<(), StageError> {
        self.tell(seat, words).await
    }

    async fn tell_all(&mut self, words: &ToPlayer) {
        self.tell_all(words).await;
    }

    fn fault(&self, name: &str, deed: &FaultDeed) -> Result<Vec<String>, StageError> {
        self.fault(name, deed)
    }

    fn mend(&self, name: &str) -> Result<Vec<String>, StageError> {
        self.mend(name)
    }

    fn links(&self) -> Vec<LinkView> {
        self.links()
    }

    fn links_of(&self, link: &Link) -> Result<Vec<String>, StageError> {
        self.links_of(link)
    }

    async fn process(&mut self, deed: ProcessDeed, who: &str) -> Result<(), StageError> {
        self.process(deed, who).await
    }

    async fn deny(
        &mut self,
        act: &Institution,
        sides: &[Side],
        since: Option<WallTime>,
    ) -> Result<String, StageError> {
        self.deny(act, sides, since).await
    }

    async fn take_backup(&mut self, act: &Institution) -> Result<String, StageError> {
        self.take_backup(act).await
    }

    async fn reseat(&mut self) -> Result<Vec<String>, StageError> {
        self.reseat().await
    }

    fn is_asleep(&self) -> bool {
        self.is_asleep()
    }

    async fn put_in_order(&mut self, act: &Institution, with: &With) -> Result<Readied, StageError> {
        self.put_in_order(act, with).await
    }

    async fn link(&mut self) -> Result<(), StageError> {
        self.link().await
    }

    async fn seat_all(&mut self) -> Result<Vec<String>, StageError> {
        self.seat_all().await
    }

    fn refusals(&mut self) -> Vec<(String, String)> {
        self.refusals()
    }
}

/// How long all legs may take to come up. 30 s: ten times what it takes.
pub(super) const WHOLE_WITHIN: Duration = Duration::from_secs(30);
/// How often desks are asked while somebody waits for them.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// For how long relays and desks may hand over what is still on its way after ENDEX. 10 s: a hundred times what it takes.
const QUIET_WITHIN: Duration = Duration::from_secs(10);

/// Waits until every leg of every desk is up.
///
/// # Errors
/// [`StageError::NotWhole`] after half a minute, with what lacks.
pub async fn wait_until_whole<S: Scene>(stage: &mut S) -> Result<(), StageError> {
    let desks: Vec<String> = stage.desks().map(str::to_owned).collect();
    wait_until_whole_at(stage, &desks).await
}

/// The same of these desks.
///
/// # Errors
/// As [`wait_until_whole`].
pub(super) async fn wait_until_whole_at<S: Scene>(stage: &mut S, desks: &[String]) -> Result<(), StageError> {
    let until = Instant::now() + WHOLE_WITHIN;
    loop {
        let mut lacking = Vec::new();
        for desk in desks {
            let status = match stage.status(desk).await {
                Ok(status) => status,
                // Under way to another machine words may be late.
                Err(error) => {
                    lacking.push(error.to_string());
                    continue;
                }
            };
            let down = status.legs.iter().filter(|(_, leg)| leg.state != "UP");
            lacking.extend(down.map(|(name, leg)| format!("{desk} {name}: {} {}", leg.state, leg.why)));
        }
        if lacking.is_empty() {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(StageError::NotWhole {
                within: WHOLE_WITHIN,
                state: lacking.join("; "),
            });
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// Waits until no desk that answers owes a relay anything, for ten seconds at most.
pub async fn wait_until_quiet<S: Scene>(stage: &mut S) {
    let until = Instant::now() + QUIET_WITHIN;
    let desks: Vec<String> = stage.desks().map(str::to_owned).collect();
    loop {
        let mut owed = 0;
        for desk in &desks {
            if let Ok(status) = stage.status(desk).await {
                owed += status.relays.values().map(|relay| relay.pending).sum::<u64>();
            }
        }
        if owed == 0 || Instant::now() > until {
            return;
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// Of the links with these names those that a link of the scenario is: one leg, or every leg of every side through the relay
/// of a path.
///
/// # Errors
/// If there is none.
pub fn links_of(
    site: &Site,
    names: impl IntoIterator<Item = String>,
    link: &Link,
) -> Result<Vec<String>, StageError> {
    let found = match link {
        Link::Leg { desk, relay, door } => {
            let side = site.desks().find(|(_, place)| place.name == *desk);
            side.map(|(side, _)| vec![format!("{} {relay}/{door}", side.side)])
        }
        Link::Path(path) => site.relays().find(|relay| relay.path == *path).map(|relay| {
            let marked = format!(" {}/", relay.name);
            let names = names.into_iter().filter(|name| name.contains(&marked));
            names.collect()
        }),
    };
    match found {
        Some(links) if !links.is_empty() => Ok(links),
        _ => Err(StageError::Nobody(format!("link {link}"))),
    }
}
