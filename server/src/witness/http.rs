//! The paths of a witness and a mirror, on the status listener and on both doors.
//!
//! On the doors the connection says who asks: a relay or a desk. On the status listener, which is on loopback, and with a
//! neutral witness nobody is asked: a request proves itself, because its log signed it.

use std::{
    collections::BTreeSet,
    io::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Path, Request, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use flate2::write::GzDecoder;
use futures_util::StreamExt as _;
use hotline_audit::witness::MAX_ADD_CHECKPOINT_BYTES;
use hotline_core::identity::Role;
use hotline_transport::PeerInfo;
use http::{HeaderValue, StatusCode, header};

use super::{
    book,
    bounded::CallsFrom,
    office::{KnownLogs, Office},
    pace::Pace,
    reply::Reply,
};

/// Uploads that are read at once, of each caller one; each may hold one package of at most 16 MiB in memory. 8: four sides
/// with two relays each.
const UPLOADS_MAX: usize = 8;

/// Of them of one side. 2: as many relays as it has; one that enrols more keeps no other side's waiting.
const UPLOADS_OF_A_SIDE: usize = 2;

/// How long the body of a small call may take.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// Who may ask by this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// Whoever reaches it: the request proves itself.
    Anybody,
    /// Relays and desks that the door has let in.
    ByDoor,
}

/// What the paths need.
struct Window {
    office: Arc<Office>,
    known: Arc<dyn KnownLogs>,
    asking: Asking,
    pace: Pace,
    uploads: Mutex<BTreeSet<String>>,
}

/// One upload's place; free again when it is dropped.
struct Place<'a> {
    window: &'a Window,
    caller: String,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.window.uploads().remove(&self.caller);
    }
}

/// The paths of this witness, and of its mirror if it is one.
pub fn routes(office: &Arc<Office>, known: &Arc<dyn KnownLogs>, asking: Asking) -> Router {
    let window = Window {
        office: Arc::clone(office),
        known: Arc::clone(known),
        asking,
        pace: Pace::default(),
        uploads: Mutex::default(),
    };
    let mut router = Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/witness/{log}/checkpoint", get(witness_checkpoint));
    if office.mirror_key().is_some() {
        router = router
            .route("/add-entries", post(add_entries))
            .route("/mirror/{log}/{*file}", get(mirror_file));
    }
    router.with_state(Arc::new(window))
}

impl Window {
    /// Who asks, if it may and not too often.
    fn caller(&self, request: &Request) -> Result<String, Reply> {
        let caller = match self.asking {
            // Whoever asks too often keeps nobody else waiting.
            Asking::Anybody => request
                .extensions()
                .get::<ConnectInfo<CallsFrom>>()
                .map_or_else(|| "loopback".to_owned(), |from| from.0.0.ip().to_string()),
            Asking::ByDoor => {
                let peer = request
                    .extensions()
                    .get::<PeerInfo>()
                    .ok_or_else(|| Reply::refused(401, "this connection proved no identity"))?;
                match peer.identity.role() {
                    Role::Relay | Role::Desk => peer.identity.to_string(),
                    role => {
                        return Err(Reply::refused(403, format!("a {role} is no client of a witness")));
                    }
                }
            }
        };
        if self.pace.may(&caller, self.office.clock.line()) {
            Ok(caller)
        } else {
            Err(Reply::refused(429, "too many calls; ask again in a second"))
        }
    }
}

impl Window {
    /// A place for one upload of `caller`, if there is one.
    fn place(&self, caller: String) -> Option<Place<'_>> {
        let mut uploads = self.uploads();
        let side = side_of(&caller);
        let of_side = uploads.iter().filter(|other| side_of(other) == side).count();
        let room = uploads.len() < UPLOADS_MAX && of_side < UPLOADS_OF_A_SIDE;
        let free = room && uploads.insert(caller.clone());
        drop(uploads);
        free.then(|| Place { window: self, caller })
    }

    fn uploads(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The trust domain of a caller that has proved its identity; else the caller itself.
fn side_of(caller: &str) -> &str {
    caller.strip_prefix("spiffe://").map_or(caller, book::side_of)
}

type Shared = State<Arc<Window>>;

async fn add_checkpoint(State(window): Shared, request: Request) -> Response {
    let caller = match window.caller(&request) {
        Ok(caller) => caller,
        Err(reply) => return reply.into_response(),
    };
    let body = to_bytes(request.into_body(), MAX_ADD_CHECKPOINT_BYTES);
    let Ok(Ok(body)) = tokio::time::timeout(BODY_WITHIN, body).await else {
        return Reply::refused(
            413,
            format!("a body of more than {MAX_ADD_CHECKPOINT_BYTES} bytes, or one that broke off"),
        )
        .into_response();
    };
    window
        .office
        .add_checkpoint(&body, &window.known, &caller)
        .await
        .into_response()
}

async fn add_entries(State(window): Shared, request: Request) -> Response {
    let caller = match window.caller(&request) {
        Ok(caller) => caller,
        Err(reply) => return reply.into_response(),
    };
    let Some(coding) = Coding::of(&request) else {
        return Reply::refused(415, "entries come as they are, or with Content-Encoding: gzip")
            .into_response();
    };
    let Some(_place) = window.place(caller) else {
        return Reply::refused(
            503,
            "as many uploads as there may be are under way; ask again in a second",
        )
        .into_response();
    };
    let body = pieces(request.into_body(), coding);
    let reply = window.office.add_entries(Box::pin(body), &window.known).await;
    let mut response = reply.into_response();
    response
        .headers_mut()
        .insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    response
}

async fn witness_checkpoint(State(window): Shared, Path(log): Path<String>, request: Request) -> Response {
    match window.caller(&request) {
        Ok(_) => window.office.witness_checkpoint(&log).into_response(),
        Err(reply) => reply.into_response(),
    }
}

async fn mirror_file(
    State(window): Shared,
    Path((log, file)): Path<(String, String)>,
    request: Request,
) -> Response {
    match window.caller(&request) {
        Ok(_) => window.office.mirror_file(&log, &file).into_response(),
        Err(reply) => reply.into_response(),
    }
}

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Plain,
    Gzip,
}

impl Coding {
    fn of(request: &Request) -> Option<Self> {
        match request.headers().get(header::CONTENT_ENCODING) {
            None => Some(Self::Plain),
            Some(coding) if coding == "identity" => Some(Self::Plain),
            Some(coding) if coding == "gzip" => Some(Self::Gzip),
            Some(_) => None,
        }
    }
}

/// The bytes of a body as they come; it ends where it breaks off or is not what it says.
fn pieces(body: Body, coding: Coding) -> impl futures_util::Stream<Item = Vec<u8>> {
    let mut inflater = match coding {
        Coding::Plain => None,
        Coding::Gzip => Some(GzDecoder::new(Vec::new())),
    };
    body.into_data_stream()
        .map(move |piece| {
            let piece = piece.ok()?;
            let Some(inflater) = &mut inflater else {
                return Some(piece.to_vec());
            };
            // What it holds back would be missing at the end, and in between nobody would see that it waits.
            inflater.write_all(&piece).and_then(|()| inflater.flush()).ok()?;
            Some(std::mem::take(inflater.get_mut()))
        })
        .take_while(|piece| std::future::ready(piece.is_some()))
        .filter_map(std::future::ready)
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, self.body).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media));
        if matches!(self.status, 429 | 503) {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use flate2::{Compression, write::GzEncoder};

    use super::*;

    async fn read(body: Vec<u8>, coding: Coding) -> Vec<u8> {
        let parts = body
            .chunks(100)
            .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()));
        let body = Body::from_stream(futures_util::stream::iter(parts.collect::<Vec<_>>()));
        pieces(body, coding).concat().await
    }

    #[tokio::test]
    async fn an_upload_is_read_as_it_is_and_from_gzip_and_what_is_neither_ends_it() {
        let plain: Vec<u8> = (0..5000u32).flat_map(|n| (n % 97).to_be_bytes()).collect();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&plain).unwrap();
        let packed = encoder.finish().unwrap();
        assert!(read(plain.clone(), Coding::Plain).await == plain);
        assert!(read(packed.clone(), Coding::Gzip).await == plain);
        assert!(read(plain.clone(), Coding::Gzip).await.is_empty(), "no gzip");
        let half = read(packed[..packed.len() / 2].to_vec(), Coding::Gzip).await;
        assert!(half.len() < plain.len() && plain.starts_with(&half));
    }

    #[test]
    fn a_stranger_who_asks_all_the_time_leaves_the_witness_to_others() {
        let window = window();
        let from = |address: &str| {
            let mut request = Request::new(Body::empty());
            let address = CallsFrom(address.parse().unwrap());
            request.extensions_mut().insert(ConnectInfo(address));
            request
        };
        let asked = (0..200).filter(|_| window.caller(&from("192.0.2.1:9")).is_ok());
        assert!(asked.count() < 150);
        assert_eq!(window.caller(&from("192.0.2.2:9")).unwrap(), "192.0.2.2");
    }

    fn window() -> Window {
        struct Nothing;
        impl KnownLogs for Nothing {
            fn keys(&self, _: &str) -> Vec<hotline_audit::LogVerifier> {
                Vec::new()
            }
            fn mirrored(&self, _: &str) -> bool {
                false
            }
        }
        Window {
            office: Arc::new(super::super::tests::office_on(&hotline_ledger::MemoryDisk::new())),
            known: Arc::new(Nothing),
            asking: Asking::Anybody,
            pace: Pace::default(),
            uploads: Mutex::default(),
        }
    }

    #[test]
    fn of_each_caller_one_upload_is_read_and_a_place_is_given_back() {
        let window = window();
        let first = window.place("north".into()).unwrap();
        assert!(window.place("north".into()).is_none());
        assert!(
            window.place("north".into()).is_none(),
            "asking again frees nothing"
        );
        let others: Vec<_> = (0..=UPLOADS_MAX)
            .filter_map(|n| window.place(n.to_string()))
            .collect();
        assert_eq!(others.len(), UPLOADS_MAX - 1);
        drop(first);
        assert!(window.place("north".into()).is_some());
    }
    #[test]
    fn a_side_with_many_relays_that_upload_slowly_keeps_no_other_side_waiting() {
        let window = window();
        let of = |side: &str, n: usize| window.place(format!("spiffe://exercise.{side}.example/relay/r{n}"));
        let held: Vec<_> = (0..20).filter_map(|n| of("borenia", n)).collect();
        assert_eq!(held.len(), UPLOADS_OF_A_SIDE);
        assert!(of("caldria", 1).is_some() && of("borenia", 21).is_none());
    }
}
