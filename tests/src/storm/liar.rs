//! A relay that lies: the real relay, with a man in the middle of its own mouth.
//!
//! Between the relay's sessions and the wire sits [`Liar`]. It keeps deliveries to itself, delays and repeats frames,
//! changes bytes of statements, claims acceptances without a proof that holds, names another statement than it holds as
//! a desk's newest, and answers refetches with nothing. It has the relay's log key (forks are made by starting the relay
//! from an old disk) and nobody else's keys. An honest relay has one too, without a tongue, so that both take the same
//! way.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hotline_audit::Hash;
use hotline_exercise::simulated::dated::dated;
use hotline_faults::Dice;
use hotline_proto::v1::{
    self, log_service_server::LogService, relay_service_server::RelayService, session_response::Frame,
};
use hotline_server::{relay::Relay, service::Service};
use tokio::sync::mpsc;
use tokio_stream::{Stream, StreamExt, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming};

use super::mix::Lies;

/// Longest delay of a frame.
const DELAY_MAX: Duration = Duration::from_millis(1_200);

/// What a relay says instead of the truth, for as long as it lies.
pub struct Tongue {
    lies: Lies,
    lying: AtomicBool,
    dice: Mutex<Dice>,
}

impl Tongue {
    /// A tongue that lies until it is told to stop.
    #[must_use]
    pub fn new(lies: Lies, dice: Dice) -> Arc<Self> {
        Arc::new(Self {
            lies,
            lying: AtomicBool::new(true),
            dice: Mutex::new(dice),
        })
    }

    /// Tells the truth from now on.
    pub fn stop(&self) {
        self.lying.store(false, Ordering::Relaxed);
    }

    fn lies(&self, p: impl Fn(&Lies) -> f64) -> bool {
        self.lying.load(Ordering::Relaxed) && self.dice().chance(p(&self.lies))
    }

    fn dice(&self) -> std::sync::MutexGuard<'_, Dice> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says of a desk that it signed another statement than it did.
    fn slander(&self, hello: &mut v1::ServerHello) {
        // A relay that does not tell this lie throws no dice for it.
        if self.lies.slander > 0.0
            && let Some(newest) = &mut hello.newest
            && self.lies(|lies| lies.slander)
        {
            newest.sha256 = Hash::of(&newest.sha256).as_bytes().to_vec().into();
        }
    }

    /// What becomes of a frame: what is sent, and after what time.
    fn twist(&self, mut frame: v1::SessionResponse) -> Vec<(Duration, v1::SessionResponse)> {
        match &mut frame.frame {
            Some(Frame::Delivery(delivery)) => {
                if self.lies(|lies| lies.withhold) {
                    return Vec::new();
                }
                if self.lying.load(Ordering::Relaxed) {
                    let kept_back = |item: &v1::DeliveryItem| chosen(&item.statement, self.lies.keep_back);
                    let before = delivery.items.len();
                    delivery.items.retain(|item| !kept_back(item));
                    if before > 0 && delivery.items.is_empty() {
                        return Vec::new();
                    }
                }
                for item in &mut delivery.items {
                    if self.lies(|lies| lies.forge) {
                        let mut bytes = item.statement.to_vec();
                        let at = self.dice().below(bytes.len() as u64);
                        if let Some(byte) = bytes.get_mut(usize::try_from(at).unwrap_or(0)) {
                            *byte ^= 1;
                        }
                        // Handed on "early", so that no proof has to hold.
                        item.inclusion.clear();
                        item.statement = bytes.into();
                    }
                }
                if delivery.items.iter().any(|item| item.inclusion.is_empty()) {
                    delivery.checkpoint = None;
                }
            }
            Some(Frame::Accepted(accepted)) => {
                for item in &mut accepted.items {
                    if self.lies(|lies| lies.false_accept) {
                        item.leaf_index += 1;
                    }
                }
            }
            Some(Frame::Hello(hello)) => {
                self.slander(hello);
                return vec![(Duration::ZERO, frame)];
            }
            Some(Frame::Refused(_) | Frame::Heartbeat(_) | Frame::Notice(_)) | None => {
                return vec![(Duration::ZERO, frame)];
            }
        }
        let mut out = vec![(Duration::ZERO, frame.clone())];
        if self.lies(|lies| lies.delay) {
            out[0].0 = self.dice().between(Duration::ZERO, DELAY_MAX);
        }
        if self.lies(|lies| lies.replay) {
            out.push((self.dice().between(Duration::ZERO, DELAY_MAX), frame));
        }
        out
    }
}

/// Whether a statement is of this share of all. No dice: each copy of it finds the same.
fn chosen(statement: &[u8], share: f64) -> bool {
    f64::from(Hash::of(statement).as_bytes()[0]) < share * 256.0
}

/// A relay's services, with a tongue that may lie.
#[derive(Clone)]
pub struct Liar {
    relay: Arc<Relay>,
    honest: Service,
    tongue: Option<Arc<Tongue>>,
}

impl Liar {
    /// Speaks for this relay.
    #[must_use]
    pub fn new(relay: Arc<Relay>, tongue: Option<Arc<Tongue>>) -> Self {
        Self {
            honest: Service(Arc::clone(&relay)),
            relay,
            tongue,
        }
    }

    fn twisted(&self, tongue: &Arc<Tongue>, mut honest: Frames) -> Frames {
        let (out, twisted) = mpsc::channel(64);
        let (tongue, spawner) = (Arc::clone(tongue), self.relay.seams.spawner.clone());
        self.relay.seams.spawner.spawn("liar", async move {
            while let Some(frame) = honest.next().await {
                let Ok(frame) = frame else {
                    let _ = out.send(frame).await;
                    return;
                };
                for (delay, frame) in tongue.twist(frame) {
                    if delay.is_zero() {
                        let _ = out.send(Ok(frame)).await;
                        continue;
                    }
                    let out = out.clone();
                    spawner.spawn("late lie", async move {
                        tokio::time::sleep(delay).await;
                        let _ = out.send(Ok(frame)).await;
                    });
                }
            }
        });
        Box::pin(ReceiverStream::new(twisted))
    }
}

type Frames = Pin<Box<dyn Stream<Item = Result<v1::SessionResponse, Status>> + Send>>;

#[tonic::async_trait]
impl RelayService for Liar {
    async fn submit(
        &self,
        request: Request<v1::SubmitRequest>,
    ) -> Result<Response<v1::SubmitResponse>, Status> {
        dated(self.honest.submit(request).await)
    }

    type SessionStream = Frames;

    async fn session(
        &self,
        request: Request<Streaming<v1::SessionRequest>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let answer = self.honest.session(request).await.map(|answer| {
            let honest: Frames = Box::pin(answer.into_inner());
            Response::new(match &self.tongue {
                Some(tongue) => self.twisted(tongue, honest),
                None => honest,
            })
        });
        dated(answer)
    }
}

#[tonic::async_trait]
impl LogService for Liar {
    async fn checkpoint(
        &self,
        request: Request<v1::CheckpointRequest>,
    ) -> Result<Response<v1::CheckpointResponse>, Status> {
        dated(self.honest.checkpoint(request).await)
    }

    async fn entries(
        &self,
        request: Request<v1::EntriesRequest>,
    ) -> Result<Response<v1::EntriesResponse>, Status> {
        dated(self.honest.entries(request).await)
    }

    async fn proof(&self, request: Request<v1::ProofRequest>) -> Result<Response<v1::ProofResponse>, Status> {
        dated(self.honest.proof(request).await)
    }

    async fn chain(&self, request: Request<v1::ChainRequest>) -> Result<Response<v1::ChainResponse>, Status> {
        if let Some(tongue) = &self.tongue
            && tongue.lies(|lies| lies.forgetful)
        {
            return dated(Ok(Response::new(v1::ChainResponse::default())));
        }
        dated(self.honest.chain(request).await)
    }
}
