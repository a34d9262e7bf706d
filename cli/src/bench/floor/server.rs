//! The floor's server: from A to the disk, from the disk to B, and B's answer back to A.

use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr},
};

use quinn::{Endpoint, SendStream, ServerConfig};
use tokio::sync::mpsc;

use super::{
    FloorError, disk,
    frame::{Frames, HELLO_A, HELLO_B, frame},
};

/// Batches between two parts of the server. 1,024: as many as may be in flight.
const QUEUE: usize = 1024;

/// An end that has said who it is. Its connection is held: dropping it would close it.
struct Served {
    _connection: quinn::Connection,
    send: SendStream,
    frames: Frames,
}

/// Listens on a port of loopback.
///
/// # Errors
/// If there is none.
pub fn listen(config: ServerConfig) -> Result<Endpoint, FloorError> {
    Endpoint::server(config, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .map_err(FloorError::place("the floor's port"))
}

/// Serves one A and one B until either is gone.
///
/// # Errors
/// If they do not both come, or the disk refuses.
pub async fn run(endpoint: &Endpoint, file: File) -> Result<(), FloorError> {
    let (a, b) = both(endpoint).await?;
    let (to_disk, queue) = mpsc::channel(QUEUE);
    let (kept_in, kept) = mpsc::channel(QUEUE);
    // A thread of its own: it waits for the disk.
    let disk = tokio::task::spawn_blocking(move || disk::keep(file, queue, &kept_in));
    // Whichever of these ends first, an end is gone or the disk refused.
    tokio::select! {
        _ = receive(a.frames, to_disk) => {}
        _ = hand_on(kept, b.send) => {}
        _ = hand_back(b.frames, a.send) => {}
    }
    match disk.await {
        Ok(kept) => kept.map_err(FloorError::place("the floor's file")),
        Err(error) => Err(FloorError::ended(error)),
    }
}

async fn both(endpoint: &Endpoint) -> Result<(Served, Served), FloorError> {
    let (mut a, mut b) = (None, None);
    loop {
        let incoming = endpoint
            .accept()
            .await
            .ok_or_else(|| FloorError::Ended("the port was closed".into()))?;
        let connection = incoming.await.map_err(FloorError::ended)?;
        let (mut send, receive) = connection.accept_bi().await.map_err(FloorError::ended)?;
        let mut frames = Frames::new(receive);
        let hello = frames.next(1).await?;
        let place = match hello.bodies().next() {
            Some(HELLO_A) => &mut a,
            Some(HELLO_B) => &mut b,
            Some(_) | None => return Err(FloorError::Ended("an end does not say who it is".into())),
        };
        send.write_all(&frame(b"hello"))
            .await
            .map_err(FloorError::ended)?;
        *place = Some(Served {
            _connection: connection,
            send,
            frames,
        });
        match (a, b) {
            (Some(a), Some(b)) => return Ok((a, b)),
            waiting => (a, b) = waiting,
        }
    }
}

async fn receive(mut from_a: Frames, to_disk: mpsc::Sender<Vec<u8>>) -> Result<(), FloorError> {
    loop {
        let batch = from_a.next(usize::MAX).await?;
        to_disk.send(batch.bytes).await.map_err(FloorError::ended)?;
    }
}

async fn hand_on(mut kept: mpsc::Receiver<Vec<u8>>, mut to_b: SendStream) -> Result<(), FloorError> {
    while let Some(batch) = kept.recv().await {
        to_b.write_all(&batch).await.map_err(FloorError::ended)?;
    }
    Ok(())
}

async fn hand_back(mut from_b: Frames, mut to_a: SendStream) -> Result<(), FloorError> {
    loop {
        let answers = from_b.next(usize::MAX).await?;
        to_a.write_all(&answers.bytes).await.map_err(FloorError::ended)?;
    }
}
