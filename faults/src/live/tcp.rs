//! Connections through a proxy: accepted, dialled on, and pumped segment by segment in each direction.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::Interest,
    net::{TcpSocket, TcpStream},
    sync::{Semaphore, mpsc},
};

use super::{
    Task, Ways,
    combine::{Ending, ending},
    courier::Courier,
    lane::{Lane, Room},
};

/// Most bytes of one segment: what fits an Ethernet frame with room for options, as in the simulated world.
pub const SEGMENT_BYTES: usize = 1_400;
/// Connections of one proxy at a time; more wait to be accepted. 256: a line has a handful.
pub const CONNECTIONS_MAX: usize = 256;
/// Segments on their way in one direction of one connection: 5.7 MB, more than any queue or hold. At the bound the proxy
/// stops reading.
pub const SEGMENTS_MAX: usize = 4_096;
/// Connections that may wait in the kernel.
const BACKLOG: u32 = 128;
/// How long dialling on may take. 10 s: beyond it a real handshake would have failed as well.
const DIAL_WITHIN: Duration = Duration::from_secs(10);
/// A client that closes its end while its handshake takes longer than this has given up; over a real link its handshake
/// would never have been. 1 s: nobody ends his half of a conversation as fast as that on purpose.
const GIVES_UP: Duration = Duration::from_secs(1);
/// How often a handshake that waits looks whether its client is still there. 100 ms: a tenth of [`GIVES_UP`].
const GIVEN_UP_LOOKS: Duration = Duration::from_millis(100);
/// Pause after an error of accept, which is mostly a lack of file handles.
const AFTER_ERROR: Duration = Duration::from_millis(50);

pub(super) async fn open(ways: Arc<Ways>, at: SocketAddr, to: SocketAddr) -> io::Result<(SocketAddr, Task)> {
    let socket = match at {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(at)?;
    let listener = socket.listen(BACKLOG)?;
    let local = listener.local_addr()?;
    let door = async move {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        // Dropped with this task, and every connection with it.
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            let Ok((client, _)) = listener.accept().await else {
                tokio::time::sleep(AFTER_ERROR).await;
                continue;
            };
            while connections.try_join_next().is_some() {}
            let ways = Arc::clone(&ways);
            connections.spawn(async move {
                ways.clients.fetch_add(1, Ordering::Relaxed);
                let counted = Counted(Arc::clone(&ways));
                connection(&ways, client, to).await;
                drop((counted, place));
            });
        }
    };
    Ok((local, Task::spawn(door)))
}

struct Counted(Arc<Ways>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.clients.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn connection(ways: &Ways, client: TcpStream, to: SocketAddr) {
    let opened = ways.courier.now();
    let _ = client.set_nodelay(true);
    let client = Arc::new(client);
    let forced = tokio::select! {
        biased;
        how = ended_by_fault(ways, opened) => Some((how, None)),
        server = dial(ways, &client, to) => match server {
            None => None,
            Some(server) => {
                let server = Arc::new(server);
                tokio::select! {
                    biased;
                    how = ended_by_fault(ways, opened) => Some((how, Some(server))),
                    () = pumps(ways, &client, &server) => None,
                }
            }
        },
    };
    if let Some((Ending::Reset, server)) = forced {
        let _ = client.set_zero_linger();
        if let Some(server) = server {
            let _ = server.set_zero_linger();
        }
    }
}

/// Resolves when a fault ends a connection that was made at `opened`.
async fn ended_by_fault(ways: &Ways, opened: Duration) -> Ending {
    loop {
        let changed = ways.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let ends = ending(&ways.faults(), opened);
        let Some((at, how)) = ends else {
            changed.await;
            continue;
        };
        tokio::select! {
            biased;
            () = changed => {}
            () = ways.courier.until(at) => return how,
        }
    }
}

/// Dials on when a handshake would have passed both ways: it takes a round trip, and a cut keeps it. None if the client
/// gave up by then, or nobody listens, which the client is told with a reset.
async fn dial(ways: &Ways, client: &TcpStream, to: SocketAddr) -> Option<TcpStream> {
    let begun = ways.courier.now();
    let passed = async {
        for lane in [&ways.up, &ways.down] {
            let at = lane.segment(0).await;
            ways.courier.until(at).await;
        }
    };
    tokio::select! {
        biased;
        () = passed => {}
        () = given_up(&ways.courier, client, begun) => return None,
    }
    if has_given_up(&ways.courier, client, begun).await {
        return None;
    }
    match tokio::time::timeout(DIAL_WITHIN, TcpStream::connect(to)).await {
        Ok(Ok(server)) => {
            let _ = server.set_nodelay(true);
            Some(server)
        }
        Ok(Err(_)) | Err(_) => {
            let _ = client.set_zero_linger();
            None
        }
    }
}

/// Resolves once a client whose handshake is under way has given up. What it wrote lies there unread, so the system says
/// nothing of its own of what comes behind that: it is asked from time to time.
async fn given_up(courier: &Courier, client: &TcpStream, begun: Duration) {
    while !has_given_up(courier, client, begun).await {
        tokio::time::sleep(GIVEN_UP_LOOKS).await;
    }
}

async fn has_given_up(courier: &Courier, client: &TcpStream, begun: Duration) -> bool {
    let waited = courier.now().saturating_sub(begun) > GIVES_UP;
    let ready = client.ready(Interest::READABLE | Interest::WRITABLE).await;
    ready.is_ok_and(|ready| ready.is_write_closed() || (waited && ready.is_read_closed()))
}

/// How a side of a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It has no more to say.
    Finished,
    /// It is gone.
    Reset,
}

enum Piece {
    /// With the room that they take until they are written.
    Bytes(Bytes, Room),
    End(End),
}

struct Segment {
    due: Duration,
    piece: Piece,
}

/// Both directions until both have ended, or one side is gone and the other has been told.
async fn pumps(ways: &Ways, client: &Arc<TcpStream>, server: &Arc<TcpStream>) {
    let up = pump(&ways.courier, &ways.up, client, server);
    let down = pump(&ways.courier, &ways.down, server, client);
    tokio::pin!(up, down);
    let (mut up_ends, mut down_ends) = (false, false);
    while !(up_ends && down_ends) {
        let told = tokio::select! {
            biased;
            told = &mut up, if !up_ends => { up_ends = true; told }
            told = &mut down, if !down_ends => { down_ends = true; told }
        };
        if told == Some(End::Reset) {
            return;
        }
    }
}

/// One direction until it ends; what the far side was told, or none if it went away by itself.
async fn pump(courier: &Courier, lane: &Arc<Lane>, from: &TcpStream, to: &TcpStream) -> Option<End> {
    let (sender, segments) = mpsc::channel(SEGMENTS_MAX);
    let (_, told) = tokio::join!(read(lane, from, sender), write(courier, lane, to, segments));
    told
}

async fn read(lane: &Arc<Lane>, from: &TcpStream, segments: mpsc::Sender<Segment>) {
    let mut buffer = [0_u8; SEGMENT_BYTES];
    let mut due = Duration::ZERO;
    // Nothing is read without room for it: at the bound the sender's kernel holds what it has.
    while let Ok(place) = segments.reserve().await {
        let (piece, size) = match next(lane, from, &mut buffer).await {
            Ok((0, _)) => (Piece::End(End::Finished), 0),
            Ok((size, room)) => (Piece::Bytes(Bytes::copy_from_slice(&buffer[..size]), room), size),
            Err(_) => (Piece::End(End::Reset), 0),
        };
        if size > 0 {
            lane.came(size);
        }
        due = due.max(lane.segment(size).await);
        let last = matches!(piece, Piece::End(_));
        place.send(Segment { due, piece });
        if last {
            return;
        }
    }
}

async fn next(lane: &Arc<Lane>, from: &TcpStream, buffer: &mut [u8]) -> io::Result<(usize, Room)> {
    loop {
        from.readable().await?;
        let mut room = lane.room(buffer.len());
        if room.bytes() == 0 {
            lane.room_again().await;
            continue;
        }
        match from.try_read(&mut buffer[..room.bytes()]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
            Ok(size) => {
                room.shrink(size);
                return Ok((size, room));
            }
        }
    }
}

async fn write(
    courier: &Courier,
    lane: &Lane,
    to: &TcpStream,
    mut segments: mpsc::Receiver<Segment>,
) -> Option<End> {
    while let Some(Segment { due, piece }) = segments.recv().await {
        courier.until(due).await;
        lane.not_held().await;
        match piece {
            Piece::Bytes(bytes, room) => {
                all(to, &bytes).await.ok()?;
                drop(room);
                lane.went(bytes.len(), due);
            }
            Piece::End(End::Finished) => {
                let _ = rustix::net::shutdown(to, rustix::net::Shutdown::Write);
                return Some(End::Finished);
            }
            Piece::End(End::Reset) => {
                let _ = to.set_zero_linger();
                return Some(End::Reset);
            }
        }
    }
    None
}

async fn all(to: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        to.writable().await?;
        match to.try_write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
