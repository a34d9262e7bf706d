//! The floor's two ends: A sends, B answers.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use tokio::time::timeout;

use super::{
    FloorError,
    frame::{self, Frames},
    tls,
};
use crate::bench::line::sides::Side;

/// How long an end may take to connect.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long telling the server of the end may take. 1 s: it is on this machine.
const TOLD_WITHIN: Duration = Duration::from_secs(1);

/// One end's connection.
pub struct End {
    endpoint: quinn::Endpoint,
    // Held: dropping it closes the connection.
    connection: quinn::Connection,
}

/// An end's stream to the server.
pub struct Stream {
    /// Towards the server.
    pub send: quinn::SendStream,
    /// From the server.
    pub frames: Frames,
}

impl End {
    /// Connects, and says which end it is.
    ///
    /// # Errors
    /// If either end refuses the other, or nothing is heard within 10 s.
    pub async fn connect(
        server: SocketAddr,
        side: &Side,
        authority: &Path,
        hello: &[u8],
    ) -> Result<(Self, Stream), FloorError> {
        let config = tls::client(&tls::Pair::of(&side.desk_folder()), authority)?;
        let endpoint = quinn::Endpoint::client(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .map_err(FloorError::place("a port for an end"))?;
        let connected = async {
            let dialled = endpoint
                .connect_with(config, server, tls::SERVER_NAME)
                .map_err(FloorError::ended)?;
            let connection = dialled.await.map_err(FloorError::ended)?;
            let (mut send, receive) = connection.open_bi().await.map_err(FloorError::ended)?;
            send.write_all(&frame::frame(hello))
                .await
                .map_err(FloorError::ended)?;
            // The server greets back, so that nothing of this is measured.
            let mut frames = Frames::new(receive);
            frames.next(1).await?;
            Ok((connection, Stream { send, frames }))
        };
        let connected = timeout(CONNECT_WITHIN, connected)
            .await
            .map_err(|_| FloorError::Silent(CONNECT_WITHIN))?;
        let (connection, stream) = connected?;
        Ok((Self { endpoint, connection }, stream))
    }

    /// Ends the connection, and waits until the server has been told: the threads that tell it may end right afterwards.
    pub async fn close(&self) {
        self.connection.close(0_u32.into(), b"measured");
        self.endpoint.close(0_u32.into(), b"measured");
        // A server that is gone already hears nothing, and need not.
        let _ = timeout(TOLD_WITHIN, self.endpoint.wait_idle()).await;
    }
}

/// B: answers every message at once, those that came together with one write.
///
/// # Errors
/// Always in the end: when its connection is gone.
pub async fn answer(mut stream: Stream) -> Result<(), FloorError> {
    loop {
        let batch = stream.frames.next(usize::MAX).await?;
        let answers: Vec<u8> = batch
            .bodies()
            .filter_map(frame::number_of)
            .flat_map(frame::answer)
            .collect();
        stream.send.write_all(&answers).await.map_err(FloorError::ended)?;
    }
}
