//! A log of a test's own, and the calls that it makes.

use std::{convert::Infallible, path::Path, pin::Pin};

use hotline_audit::{
    Frontier, Hash, LogSigner, NodeReader, SigningKey,
    mirror::{Package, UploadHead},
    note::{Note, NoteSignature},
    tree::{consistency_proof, leaf_hash, node_hash, subtree_proof},
    witness::AddCheckpoint,
};
use hotline_transport::{LaneChannel, credentials};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tonic::codegen::{Body as _, Service as _, http};

/// A log whose entries are numbered, on one of two branches from the third on.
pub struct Log {
    branch: &'static str,
    size: u64,
    origin: String,
    note: Note,
}

impl Log {
    pub fn new(signer: &LogSigner, branch: &'static str, size: u64) -> Self {
        let mut frontier = Frontier::new();
        for n in 0..size {
            frontier.push(leaf_hash(&entry(branch, n)));
        }
        let note = signer.checkpoint(size, frontier.root()).sign(signer);
        Self {
            branch,
            size,
            origin: signer.origin().to_owned(),
            note: Note::parse(&note).unwrap(),
        }
    }

    pub fn note(&self) -> Note {
        self.note.clone()
    }

    /// A request that builds on `old`.
    pub fn offer(&self, old: u64) -> Vec<u8> {
        let proof = consistency_proof(self, old.min(self.size), self.size).unwrap();
        AddCheckpoint::new(old, proof, self.note()).unwrap().encode()
    }

    /// An upload of everything from `start` on.
    pub fn upload(&self, start: u64) -> Vec<u8> {
        let head = UploadHead {
            origin: self.origin.clone(),
            start,
            end: self.size,
            ticket: Vec::new(),
        };
        let mut out = head.encode().unwrap();
        for span in head.spans() {
            let package = Package {
                entries: (span.start..span.end).map(|n| entry(self.branch, n)).collect(),
                proof: subtree_proof(self, (span.base, span.end), self.size).unwrap(),
            };
            out.extend(package.encode().unwrap());
        }
        out
    }

    /// Its entries, each behind its length.
    pub fn bundle(&self) -> Vec<u8> {
        (0..self.size)
            .flat_map(|n| {
                let entry = entry(self.branch, n);
                [(entry.len() as u16).to_be_bytes().to_vec(), entry].concat()
            })
            .collect()
    }
}

fn entry(branch: &str, n: u64) -> Vec<u8> {
    match n {
        0..3 => format!("entry {n}").into_bytes(),
        _ => format!("{branch} {n}").into_bytes(),
    }
}

impl NodeReader for Log {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        match level {
            0 => Ok(leaf_hash(&entry(self.branch, index))),
            _ => Ok(node_hash(
                &self.node(level - 1, index * 2)?,
                &self.node(level - 1, index * 2 + 1)?,
            )),
        }
    }
}

/// The key in a file that `hotline pki` wrote.
pub fn key_of(file: &Path) -> SigningKey {
    SigningKey::from_pkcs8(&credentials::load_signing_key(file).unwrap()).unwrap()
}

/// The first signature line of an answer.
pub fn line_of(body: &[u8]) -> NoteSignature {
    NoteSignature::parse_lines(body).unwrap().remove(0)
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    headers: Vec<(String, String)>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

pub async fn post(to: &str, path: &str, body: &[u8]) -> Answer {
    try_post(to, path, body).await.unwrap()
}

/// The same where the one who is asked may die of it.
pub async fn try_post(to: &str, path: &str, body: &[u8]) -> Option<Answer> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    call(to, &[head.as_bytes(), body].concat()).await
}

pub async fn get(to: &str, path: &str) -> Answer {
    let head = format!("GET {path} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n\r\n");
    call(to, head.as_bytes()).await.unwrap()
}

async fn call(to: &str, request: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(to).await.ok()?;
    // Whoever refuses a body early stops reading it.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(answer[..end].to_vec()).ok()?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    Some(Answer {
        status,
        body: answer[end + 4..].to_vec(),
        headers,
    })
}

/// The same by a door, beside gRPC.
pub async fn over(lane: &LaneChannel, path: &str, body: Vec<u8>) -> Answer {
    let request = http::Request::post(format!("http://hotline.invalid{path}"))
        .body(tonic::body::Body::new(String::from_utf8(body).unwrap()))
        .unwrap();
    let mut channel = lane.channel();
    std::future::poll_fn(|context| channel.poll_ready(context))
        .await
        .unwrap();
    let answer = channel.call(request).await.unwrap();
    let status = answer.status().as_u16();
    let mut body = answer.into_body();
    let mut bytes = Vec::new();
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame.unwrap().into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    Answer {
        status,
        body: bytes,
        headers: Vec::new(),
    }
}
