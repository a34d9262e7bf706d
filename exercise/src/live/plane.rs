//! The control plane's listener: bounded connections, and JSON lines over them.

mod places;

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use hotline_core::identity::Identity;
use hotline_transport::{
    BoxedStream, ServerTls,
    plane::{self, PlaneStream},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, ReadHalf, WriteHalf},
    net::TcpListener,
    task::JoinHandle,
    time::timeout,
};

pub use places::Place;
use places::{Places, holder};

/// Connections at once of people who have joined. 64: seats, controllers with a few windows each, observers.
const KNOWN_MAX: usize = 64;
/// Of those, of one identity. 8: a controller's windows; of a seat one counts.
const KNOWN_EACH: usize = 8;
/// Connections at once that have not finished their handshake. 32: everybody whose network came back at this moment.
const HANDSHAKES_MAX: usize = 32;
/// Of those, from one address. 8: all terminals of one laptop.
const HANDSHAKES_EACH: usize = 8;
/// Connections at once of people who have not proven to know a code. 16: that takes a second, no person has to do anything.
const STRANGERS_MAX: usize = 16;
/// Of those, from one address.
const STRANGERS_EACH: usize = 4;
/// How long a line may take to be written. 10 s: whoever takes in nothing for longer has gone.
const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// Somebody who came in.
pub struct Guest {
    /// Who, by control's CA; none if they have not joined yet.
    pub peer: Option<Identity>,
    /// The certificate that shows it, DER.
    pub certificate: Option<Vec<u8>>,
    /// What the two ends of this connection know.
    pub binding: [u8; 32],
    /// From where.
    pub from: SocketAddr,
    /// What it holds of the plane; none if this identity has as many connections as it may: it is to be told that.
    pub place: Option<Place>,
    /// The address of ours that they called.
    pub at: IpAddr,
    /// What they say.
    pub reader: LineReader,
    /// What they are told.
    pub writer: LineWriter,
}

/// The listener; dropped, it listens no more.
#[derive(Debug)]
pub struct Plane {
    at: SocketAddr,
    serving: JoinHandle<()>,
}

impl Drop for Plane {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Plane {
    /// Listens, and serves each guest on a task of its own.
    ///
    /// # Errors
    /// If the address cannot be had.
    pub async fn open<F, S>(listen: SocketAddr, tls: ServerTls, serve: F) -> io::Result<Self>
    where
        F: Fn(Guest) -> S + Send + Sync + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(listen).await?;
        let at = listener.local_addr()?;
        let serving = tokio::spawn(accept(listener, tls, Arc::new(serve)));
        Ok(Self { at, serving })
    }

    /// Where it listens.
    #[must_use]
    pub const fn at(&self) -> SocketAddr {
        self.at
    }
}

async fn accept<F, S>(listener: TcpListener, tls: ServerTls, serve: Arc<F>)
where
    F: Fn(Guest) -> S + Send + Sync + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    let handshakes = Places::new(HANDSHAKES_MAX, HANDSHAKES_EACH);
    let strangers = Places::new(STRANGERS_MAX, STRANGERS_EACH);
    let known = Places::new(KNOWN_MAX, KNOWN_EACH);
    loop {
        let Ok((stream, from)) = listener.accept().await else {
            // No descriptors left, say: the next one has to wait.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let holder = holder(from.ip());
        let shaking = handshakes.take(&holder);
        let (tls, serve) = (tls.clone(), Arc::clone(&serve));
        let (strangers, known) = (strangers.clone(), known.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let Ok(at) = stream.local_addr() else { return };
            let accepted = tokio::select! {
                accepted = plane::accept(&tls, Box::new(stream)) => accepted,
                // Others wait, and whoever is there says nothing or too much.
                () = shaking.over() => return,
            };
            let Ok(stream) = accepted else { return };
            drop(shaking);
            let place = match &stream.peer {
                Some(peer) => known.ask(&peer.to_string()),
                None => Some(strangers.take(&holder)),
            };
            serve(Guest::of(stream, (from, at.ip()), place)).await;
        });
    }
}

impl Guest {
    fn of(stream: PlaneStream, (from, at): (SocketAddr, IpAddr), place: Option<Place>) -> Self {
        let (reader, writer) = lines(stream.stream);
        Self {
            peer: stream.peer,
            certificate: stream.certificate.map(|shown| shown.to_vec()),
            binding: stream.binding,
            from,
            place,
            at,
            reader,
            writer,
        }
    }
}

/// JSON lines over a connection.
#[must_use]
pub fn lines(stream: BoxedStream) -> (LineReader, LineWriter) {
    let (read, write) = tokio::io::split(stream);
    (LineReader(BufReader::new(read)), LineWriter(write))
}

/// What the other end says.
pub struct LineReader(BufReader<ReadHalf<BoxedStream>>);

/// What the other end is told.
pub struct LineWriter(WriteHalf<BoxedStream>);

impl LineReader {
    /// The next line; none at the end.
    ///
    /// # Errors
    /// If it is longer than `max` bytes, or not what is expected here.
    pub async fn next<T: DeserializeOwned>(&mut self, max: u64) -> io::Result<Option<T>> {
        let mut line = Vec::new();
        let read = (&mut self.0).take(max).read_until(b'\n', &mut line).await?;
        match line.ends_with(b"\n") {
            true => Ok(Some(serde_json::from_slice(&line).map_err(io::Error::from)?)),
            false if read as u64 >= max => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("a line of over {max} bytes"),
            )),
            // What has no end was not said.
            false => Ok(None),
        }
    }

    /// The same, where the other end has to say something, and soon.
    ///
    /// # Errors
    /// As [`next`](Self::next); or it says nothing within that time, or has gone.
    pub async fn must<T: DeserializeOwned>(&mut self, max: u64, within: Duration) -> io::Result<T> {
        let said = timeout(within, self.next(max)).await??;
        said.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// The bytes, for who reads them as lines of another kind.
    #[must_use]
    pub fn into_inner(self) -> BufReader<ReadHalf<BoxedStream>> {
        self.0
    }
}

impl LineWriter {
    /// Says something.
    ///
    /// # Errors
    /// If the other end takes in nothing more.
    pub async fn say(&mut self, words: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(words)?;
        line.push(b'\n');
        let written = async {
            self.0.write_all(&line).await?;
            self.0.flush().await
        };
        timeout(WRITE_WITHIN, written).await?
    }

    /// The bytes.
    #[must_use]
    pub fn into_inner(self) -> WriteHalf<BoxedStream> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[tokio::test]
    async fn a_line_that_is_too_long_or_no_json_is_an_error_and_one_without_end_is_not_said() {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let (mut reader, _writer) = lines(Box::new(ours));
        theirs.write_all(b"7\n").await.unwrap();
        assert_eq!(reader.next::<u8>(64).await.unwrap(), Some(7));
        theirs.write_all(b"seven\n").await.unwrap();
        assert!(reader.next::<u8>(64).await.is_err());
        theirs.write_all(&[b'1'; 70]).await.unwrap();
        assert!(reader.next::<u8>(64).await.is_err());
        theirs.write_all(b"7").await.unwrap();
        drop(theirs);
        assert_eq!(reader.next::<u64>(64).await.unwrap(), None);
    }
}
