//! The wire of a mirror (C2SP tlog-mirror): how entries are brought, piece by piece, each piece proved by itself.
//!
//! Nothing here stores or answers. A *package* is at most 256 entries that end at a multiple of 256 or at the end of what
//! is brought, with the proof that they are part of the tree of a checkpoint; a mirror keeps no entry before that holds.

use data_encoding::BASE64;

use crate::checkpoint::decimal;
use crate::hash::Hash;
use crate::tiles::TILE_WIDTH;
use crate::tree::{Frontier, leaf_hash, verify_subtree};

/// Media type of the answers 202 and 409.
pub const MIRROR_INFO_TYPE: &str = "text/x.tlog.mirror-info";

/// Media type of an upload.
pub const UPLOAD_TYPE: &str = "application/octet-stream";

/// Most packages of one upload that a client should send: 8,192 entries.
pub const MAX_UPLOAD_PACKAGES: usize = 32;

/// Largest package, in bytes: 256 entries of 65,535 bytes behind their lengths, 63 hashes and their number.
pub const MAX_PACKAGE_BYTES: usize = 256 * (2 + 65_535) + 1 + MAX_PACKAGE_HASHES * 32;

/// Most hashes of one package's proof.
const MAX_PACKAGE_HASHES: usize = 63;

/// Bytes that are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an upload to a mirror: {0}")]
pub struct BadUpload(&'static str);

/// What stands before the packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadHead {
    /// The log.
    pub origin: String,
    /// Index of the first entry that is brought.
    pub start: u64,
    /// Size of the checkpoint up to which entries are brought.
    pub end: u64,
    /// What the mirror gave with its last answer; empty without one.
    pub ticket: Vec<u8>,
}

impl UploadHead {
    /// The bytes.
    ///
    /// # Errors
    /// When origin or ticket do not fit behind a 16-bit length, or the range runs backwards.
    pub fn encode(&self) -> Result<Vec<u8>, BadUpload> {
        self.check()?;
        let mut out = Vec::new();
        put_short(&mut out, self.origin.as_bytes())?;
        out.extend_from_slice(&self.start.to_be_bytes());
        out.extend_from_slice(&self.end.to_be_bytes());
        put_short(&mut out, &self.ticket)?;
        Ok(out)
    }

    /// Reads the head and says how many bytes it took; `None` while it is not there whole.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(bytes: &[u8]) -> Result<Option<(UploadHead, usize)>, BadUpload> {
        let mut rest = bytes;
        let (Some(origin), Some(start), Some(end), Some(ticket)) = (
            take_short(&mut rest),
            take_number(&mut rest),
            take_number(&mut rest),
            take_short(&mut rest),
        ) else {
            return Ok(None);
        };
        let origin = std::str::from_utf8(origin).map_err(|_| BadUpload("an origin that is not UTF-8"))?;
        let head = UploadHead {
            origin: origin.to_owned(),
            start,
            end,
            ticket: ticket.to_vec(),
        };
        head.check()?;
        Ok(Some((head, bytes.len() - rest.len())))
    }

    /// The packages that belong behind it, in order.
    pub fn spans(&self) -> impl Iterator<Item = Span> + use<> {
        let (start, end) = (self.start, self.end);
        let first = start - start % TILE_WIDTH;
        let firsts = std::iter::successors((start < end).then_some(first), move |at| {
            at.checked_add(TILE_WIDTH).filter(|next| *next < end)
        });
        firsts.map(move |base| Span {
            base,
            start: start.max(base),
            end: end.min(base.saturating_add(TILE_WIDTH)),
        })
    }

    fn check(&self) -> Result<(), BadUpload> {
        if self.start > self.end {
            return Err(BadUpload("a range that runs backwards"));
        }
        Ok(())
    }
}

/// Where the entries of one package stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Where the subtree begins that is proved: a multiple of 256, at or before `start`.
    pub base: u64,
    /// Index of the first entry.
    pub start: u64,
    /// Index behind the last entry.
    pub end: u64,
}

/// One package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The entries of its span.
    pub entries: Vec<Vec<u8>>,
    /// That `[base, end)` is part of the tree up to which entries are brought.
    pub proof: Vec<Hash>,
}

impl Package {
    /// The bytes.
    ///
    /// # Errors
    /// When an entry is longer than 65,535 bytes, or the proof longer than 63 hashes.
    pub fn encode(&self) -> Result<Vec<u8>, BadUpload> {
        let mut out = Vec::new();
        for entry in &self.entries {
            put_short(&mut out, entry)?;
        }
        let hashes = u8::try_from(self.proof.len())
            .ok()
            .filter(|hashes| usize::from(*hashes) <= MAX_PACKAGE_HASHES)
            .ok_or(BadUpload("more than 63 hashes"))?;
        out.push(hashes);
        for hash in &self.proof {
            out.extend_from_slice(hash.as_bytes());
        }
        Ok(out)
    }

    /// Reads the package of this span and says how many bytes it took; `None` while it is not there whole.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(bytes: &[u8], span: Span) -> Result<Option<(Package, usize)>, BadUpload> {
        let mut rest = bytes;
        let mut entries = Vec::new();
        for _ in span.start..span.end {
            let Some(entry) = take_short(&mut rest) else {
                return Ok(None);
            };
            entries.push(entry);
        }
        let Some((hashes, behind)) = rest.split_first() else {
            return Ok(None);
        };
        let hashes = usize::from(*hashes);
        if hashes > MAX_PACKAGE_HASHES {
            return Err(BadUpload("more than 63 hashes"));
        }
        let Some((proof, behind)) = behind.split_at_checked(hashes * 32) else {
            return Ok(None);
        };
        let package = Package {
            entries: entries.into_iter().map(<[u8]>::to_vec).collect(),
            proof: proof.chunks_exact(32).filter_map(Hash::from_slice).collect(),
        };
        Ok(Some((package, bytes.len() - behind.len())))
    }

    /// True when these entries, behind leaves that are held already from `span.base` on, are part of the tree with `size`
    /// leaves and this `root`.
    #[must_use]
    pub fn verify(&self, span: Span, held: &[Hash], size: u64, root: &Hash) -> bool {
        let mut subtree = Frontier::new();
        let own = self.entries.iter().map(|entry| leaf_hash(entry));
        for leaf in held.iter().copied().chain(own) {
            subtree.push(leaf);
        }
        span.base.checked_add(subtree.size()) == Some(span.end)
            && verify_subtree((span.base, span.end), &subtree.root(), size, root, &self.proof)
    }
}

/// What a mirror answers when an upload is to go on, or to begin elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorInfo {
    /// Size of a checkpoint up to which entries may be brought.
    pub size: u64,
    /// Index of the first entry that the mirror lacks.
    pub next: u64,
    /// To be sent with the next upload.
    pub ticket: Vec<u8>,
}

impl MirrorInfo {
    /// The three lines.
    #[must_use]
    pub fn encode(&self) -> String {
        format!("{}\n{}\n{}\n", self.size, self.next, BASE64.encode(&self.ticket))
    }

    /// Reads them; `None` when they are none.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<MirrorInfo> {
        let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
        let mut lines = text.split('\n');
        let info = MirrorInfo {
            size: decimal(lines.next()?)?,
            next: decimal(lines.next()?)?,
            ticket: crate::base64::decode(lines.next()?)?,
        };
        lines.next().is_none().then_some(info)
    }
}

fn put_short(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), BadUpload> {
    let length = u16::try_from(bytes.len()).map_err(|_| BadUpload("more than 65,535 bytes"))?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}

fn take_short<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, behind) = rest.split_first_chunk::<2>()?;
    let (bytes, behind) = behind.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = behind;
    Some(bytes)
}

fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let (number, behind) = rest.split_first_chunk::<8>()?;
    *rest = behind;
    Some(u64::from_be_bytes(*number))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use proptest::prelude::*;

    use super::*;
    use crate::tree::subtree_proof;
    use crate::tree::tests::{Tree, tree_of};

    fn entry(n: u64) -> Vec<u8> {
        format!("entry {n}").into_bytes()
    }

    fn tree(size: u64) -> Tree {
        tree_of(&(0..size).map(entry).collect::<Vec<_>>())
    }

    fn head(start: u64, end: u64) -> UploadHead {
        UploadHead {
            origin: "avelia.example/relay/north".into(),
            start,
            end,
            ticket: b"ticket".to_vec(),
        }
    }

    fn package(tree: &Tree, span: Span, size: u64) -> Package {
        Package {
            entries: (span.start..span.end).map(entry).collect(),
            proof: subtree_proof(tree, (span.base, span.end), size).unwrap(),
        }
    }

    #[test]
    fn an_upload_is_cut_at_multiples_of_256_and_every_package_proves_itself() {
        let tree = tree(700);
        for (start, end, packages) in [
            (0, 700, 3),
            (3, 700, 3),
            (256, 512, 1),
            (300, 301, 1),
            (255, 257, 2),
        ] {
            let head = head(start, end);
            let bytes = head.encode().unwrap();
            assert_eq!(
                UploadHead::read(&bytes).unwrap(),
                Some((head.clone(), bytes.len()))
            );
            let spans: Vec<Span> = head.spans().collect();
            assert_eq!(spans.len(), packages, "{start} {end}");
            assert_eq!(
                (spans[0].start, spans[packages - 1].end),
                (start, end),
                "nothing is left out"
            );
            for span in spans {
                let package = package(&tree, span, end);
                let bytes = package.encode().unwrap();
                assert_eq!(
                    Package::read(&bytes, span).unwrap(),
                    Some((package.clone(), bytes.len()))
                );
                let held = &tree.leaves[span.base as usize..span.start as usize];
                let root = tree.roots[end as usize];
                assert!(package.verify(span, held, end, &root));
                let mut other = package.clone();
                other.entries[0].push(0);
                assert!(!other.verify(span, held, end, &root));
                let mut fewer = package;
                fewer.entries.pop();
                assert!(!fewer.verify(span, held, end, &root));
            }
        }
        assert_eq!(head(5, 5).spans().count(), 0);
    }

    #[test]
    fn what_is_cut_short_waits_for_more_and_what_cannot_be_is_refused() {
        let tree = tree(10);
        let whole = head(0, 10).encode().unwrap();
        for cut in 0..whole.len() {
            assert_eq!(UploadHead::read(&whole[..cut]).unwrap(), None);
        }
        let span = head(0, 10).spans().next().unwrap();
        let whole = package(&tree, span, 10).encode().unwrap();
        for cut in 0..whole.len() {
            assert_eq!(Package::read(&whole[..cut], span).unwrap(), None);
        }
        assert!(head(5, 4).encode().is_err());
        let mut backwards = head(4, 5).encode().unwrap();
        let at = 2 + "avelia.example/relay/north".len() + 7;
        backwards[at] = 6;
        assert!(UploadHead::read(&backwards).is_err());
        let many = Package {
            entries: vec![],
            proof: vec![Hash::ZERO; 64],
        };
        assert!(many.encode().is_err());
        assert!(
            Package::read(
                &[64],
                Span {
                    base: 0,
                    start: 0,
                    end: 0
                }
            )
            .is_err()
        );
    }

    #[test]
    fn the_end_of_numbers_ends_an_upload_too() {
        let head = head(u64::MAX - 300, u64::MAX);
        let spans: Vec<Span> = head.spans().collect();
        assert_eq!(spans.last().unwrap().end, u64::MAX);
        assert!(spans.len() <= 3);
    }

    #[test]
    fn a_mirrors_answer_is_three_lines() {
        let info = MirrorInfo {
            size: 700,
            next: 256,
            ticket: b"t".to_vec(),
        };
        assert_eq!(info.encode(), "700\n256\ndA==\n");
        assert_eq!(MirrorInfo::parse(info.encode().as_bytes()), Some(info));
        assert_eq!(MirrorInfo::parse(b"1\n0\n\n").unwrap().ticket, Vec::<u8>::new());
        for bad in ["", "1\n0\n", "1\n0\n\n\n", "01\n0\n\n", "1\n0\n!\n", "1\n0\n"] {
            assert_eq!(MirrorInfo::parse(bad.as_bytes()), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            base in any::<u64>(),
            length in 0u64..300,
        ) {
            let base = base - base % TILE_WIDTH;
            let span = Span { base, start: base, end: base.saturating_add(length) };
            let _ = UploadHead::read(&bytes).map(|head| head.map(|(head, _)| head.spans().take(3).count()));
            if let Ok(Some((package, _))) = Package::read(&bytes, span) {
                let _ = package.verify(span, &[], u64::MAX, &Hash::ZERO);
            }
            let _ = MirrorInfo::parse(&bytes);
        }
    }
}
