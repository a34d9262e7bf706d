//! A controller that a seed plays: it pauses, turns, fires and leaves out by signed orders, as people do, tries what must be
//! refused, sees to it that everything drawn has come, and ends the exercise.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hotline_audit::{Hash, PayloadType, SignedStatement, SigningKey};
use hotline_faults::Dice;
use hotline_transport::Seams;
use tokio::{
    sync::{mpsc, oneshot},
    time::sleep,
};

use crate::{
    live::door::{Answer, Asked},
    order::{Authority, By, Command, FaultWord, InjectStands, Standing},
};

/// The fastest rate, in thousandths: what is left at the end is played at it.
const FAST: u32 = 60_000;
/// How often a controller that waits for the end looks.
const LOOKS_EVERY: Duration = Duration::from_millis(500);
/// How often it looks at most. Sixty seconds: the longest story drawn takes seven, and what dies four more.
const LOOKS_MAX: u32 = 120;

/// Who orders, and with which key.
#[derive(Clone)]
pub struct Controller {
    /// Whom the conductor believes.
    pub authority: Authority,
    /// The controller's identity.
    pub identity: String,
    /// Hash of its key statement.
    pub key_statement: Hash,
    /// Its key.
    pub key: Arc<SigningKey>,
}

/// An order that was handed in, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// As it is typed.
    pub what: String,
    /// It was signed by nobody known: it must be refused.
    pub must_fail: bool,
    /// It was carried out.
    pub done: bool,
}

/// What was ordered, told while it is played. Clones are the same list.
pub type Orders = Arc<Mutex<Vec<Ordered>>>;

/// A controller at work.
pub(super) struct Hand {
    pub(super) controller: Controller,
    pub(super) ask: mpsc::Sender<Asked>,
    pub(super) seams: Seams,
    pub(super) dice: Dice,
    pub(super) orders: Orders,
}

impl Hand {
    /// Until ENDEX.
    pub(super) async fn run(mut self) {
        for _ in 0..2 + self.dice.below(8) {
            let pause = Duration::from_millis(150 + self.dice.below(1_400));
            sleep(pause).await;
            let Some(standing) = self.standing().await else {
                return;
            };
            if let Some(command) = self.draw(&standing) {
                self.order(&command, &standing).await;
            }
        }
        self.finish().await;
    }

    async fn standing(&self) -> Option<Standing> {
        let (reply, answer) = oneshot::channel();
        self.ask.send(Asked::Status(reply)).await.ok()?;
        match answer.await.ok()? {
            Answer::Standing(standing) => Some(*standing),
            _ => None,
        }
    }

    fn draw(&mut self, standing: &Standing) -> Option<Command> {
        let paused = standing.state == "PAUSED";
        Some(match self.dice.below(10) {
            0..=2 if paused => Command::Resume,
            0..=2 => Command::Pause,
            3 => {
                let rates = [10_000, 20_000, 30_000, 60_000];
                let rate = self.dice.one_of(&rates).copied()?;
                Command::Speed { rate }
            }
            4 => Command::Shift { by_ms: self.by(15) },
            5 | 6 => Command::Fire {
                serial: self.one(standing)?,
            },
            7 => Command::Skip {
                serial: self.one(standing)?,
                why: "drawn".into(),
            },
            8 => Command::Move {
                serial: self.one(standing)?,
                by_ms: self.by(40),
            },
            _ => Command::Fault(FaultWord {
                name: format!("hand {}", standing.records),
                kind: "cut".into(),
                values: Default::default(),
                link: self
                    .dice
                    .one_of(&["path 1", "path 2", "A north/tcp"])?
                    .to_string(),
                direction: "both".into(),
                lasts: Some(format!("{}ms line", 300 + self.dice.below(3_000))),
            }),
        })
    }

    /// So many milliseconds of story, later or earlier, but not nothing.
    fn by(&mut self, most_s: i64) -> i64 {
        let most_ms = most_s.saturating_mul(1_000);
        let by = i64::try_from(self.dice.below(2 * most_s.unsigned_abs() * 1_000)).unwrap_or(0) - most_ms;
        if by == 0 { 1 } else { by }
    }

    /// An inject that is still to come. What kills and starts processes is left to the plan, so that nobody stays dead.
    fn one(&mut self, standing: &Standing) -> Option<String> {
        let open = |inject: &&InjectStands| open(inject) && inject.title != "process";
        let open: Vec<&InjectStands> = standing.injects.iter().filter(open).collect();
        self.dice.one_of(&open).map(|inject| inject.serial.clone())
    }

    /// Signs an order and hands it in. Now and then a stranger signs it.
    async fn order(&mut self, command: &Command, standing: &Standing) {
        let stranger = self.dice.chance(0.05);
        self.order_as(command, standing, stranger).await;
    }

    /// A stranger's order is signed with a key that nobody knows.
    async fn order_as(&mut self, command: &Command, standing: &Standing, stranger: bool) {
        let newest = command
            .class()
            .and_then(|class| standing.heads.get(&class.to_string()));
        let newest = newest.and_then(|hash| hash.parse::<Hash>().ok());
        let expects = newest.unwrap_or(Hash::ZERO);
        let key = match stranger {
            true => Arc::new(SigningKey::from_seed(&[0x5a; 32])),
            false => Arc::clone(&self.controller.key),
        };
        let Some(bytes) = self.signed(command, expects, &key) else {
            return;
        };
        let (reply, answer) = oneshot::channel();
        if self.ask.send(Asked::Order(bytes, reply)).await.is_err() {
            return;
        }
        let done = matches!(answer.await, Ok(Answer::Done { .. }));
        self.orders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Ordered {
                what: command.typed(),
                must_fail: stranger,
                done,
            });
    }

    fn signed(&self, command: &Command, expects: Hash, key: &SigningKey) -> Option<Vec<u8>> {
        let mut id = [0; 16];
        self.seams.entropy.fill(&mut id);
        let by = By {
            id,
            exercise: self.controller.authority.exercise.clone(),
            controller: self.controller.identity.clone(),
            key_statement: self.controller.key_statement,
            claimed_ms: self.seams.clock.wall().unix_ms(),
        };
        let order = command.unsigned(by, expects).ok()?;
        let signed = SignedStatement::sign(PayloadType::ControlOrder, &order.encode(), key).ok()?;
        Some(signed.into_bytes())
    }

    /// Lets everything come that is still to come, mends what is broken, and ends.
    async fn finish(&mut self) {
        for _ in 0..LOOKS_MAX {
            let Some(standing) = self.standing().await else {
                return;
            };
            let mut left: Vec<Command> = Vec::new();
            if standing.state == "PAUSED" {
                left.push(Command::Resume);
            }
            if standing.rate != FAST {
                left.push(Command::Speed { rate: FAST });
            }
            let names = standing.faults.iter().map(|fault| fault.name.clone());
            left.extend(names.map(|name| Command::Mend { name }));
            let offered = standing.injects.iter().filter(|inject| inject.offered);
            left.extend(offered.map(|inject| Command::Publish {
                serial: inject.serial.clone(),
            }));
            let comes = |inject: &InjectStands| open(inject) && inject.story_ms.is_some();
            if left.is_empty() && !standing.injects.iter().any(comes) {
                break;
            }
            for command in left {
                let Some(standing) = self.standing().await else {
                    return;
                };
                self.order(&command, &standing).await;
            }
            sleep(LOOKS_EVERY).await;
        }
        sleep(LOOKS_EVERY).await;
        // A stranger's end is refused; the last one is the controller's.
        for tries_left in (0..4).rev() {
            let Some(standing) = self.standing().await else {
                return;
            };
            let stranger = self.dice.chance(0.05) && tries_left > 0;
            self.order_as(&Command::End, &standing, stranger).await;
        }
    }
}

fn open(inject: &InjectStands) -> bool {
    ["PENDING", "ENTERED", "APPROVED", "CALLED", "FIRING"].contains(&inject.status.as_str())
}
