//! The entry format, version 1: a line of header JSON, then the batch as JSON under zstd.
//!
//! The format only grows: what one release wrote every later one reads. What this release does not know (a newer
//! version, a header field, a kind of fact) is an error that ends the process; it is never skipped.

use super::{Frame, FrameHash, Head, ReadError};
use crate::decide::{Fact, Input};
use crate::event::id::Digest;
use crate::event::{Name, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version that is written.
pub const VERSION: u32 = 1;

/// The most bytes of a batch before compression; what claims to hold more is refused unread.
pub const MAX_BATCH_BYTES: usize = 64 << 20;

/// The most bytes of a header line.
pub const MAX_HEADER_BYTES: usize = 256 << 10;

/// Level 1 keeps up with tens of thousands of facts a second on one core.
const COMPRESSION_LEVEL: i32 = 1;

/// A scratch buffer that one large batch has swollen beyond this is given back.
const KEPT_BUFFER_BYTES: usize = 2 << 20;

/// One entry: a batch of decisions and the circumstances in which they were made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// The circumstances.
    pub header: Header,
    /// Inputs with their facts, in the order in which they were decided.
    pub batch: Vec<Decided>,
}

/// One input with the facts that it made. An input that changed nothing is not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decided {
    /// The input; `None` for facts that belong to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Input>,
    /// What was decided, in order.
    pub facts: Vec<Fact>,
}

/// The circumstances of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of the format.
    pub v: u32,
    /// The entry's number, counted from 1 without holes.
    pub sequence: u64,
    /// The ledger time at which it was made (R7).
    pub at: Time,
    /// Under which lead.
    pub epoch: u64,
    /// The hash of the policy that decided.
    pub policy: Digest,
    /// Where the lanes stand that have moved since the entry before (R2).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cursors: BTreeMap<Name, Cursor>,
    /// The hash of the frame before; zeros in the first.
    #[serde(with = "hex")]
    pub previous: FrameHash,
}

/// Up to where a lane has been read (R2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// The stream's name.
    pub stream: Name,
    /// When the stream was made: another time is another stream, whatever its name.
    pub created: Time,
    /// The last message that has been decided.
    pub sequence: u64,
}

/// Why an entry could not be written or read. No content of the entry stands in it.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// It is of a version that this release does not know.
    #[error(
        "written in version {0} of the entry format by a newer Tidings; this one reads up to version {VERSION}"
    )]
    Newer(u32),
    /// The header line is missing, too long or wrong.
    #[error("the header {0}")]
    Header(String),
    /// The header is of another entry.
    #[error("the header says that it is entry {0}")]
    Misplaced(u64),
    /// The batch cannot be read; an unknown kind of fact is one of the reasons.
    #[error("the batch {0}")]
    Batch(String),
    /// The batch is larger than an entry may be.
    #[error("a batch of {0} bytes is more than the {MAX_BATCH_BYTES} that one entry may hold")]
    TooLarge(u64),
    /// The compressor failed.
    #[error("compression: {0}")]
    Compression(std::io::Error),
}

impl EntryError {
    /// The same as a reader of the journal is told.
    pub fn at(&self, sequence: u64) -> ReadError {
        ReadError::Damaged { sequence, what: self.to_string() }
    }
}

/// Writes entries; keeps its compressor and its buffers from one to the next.
pub struct Encoder {
    compressor: zstd::bulk::Compressor<'static>,
    json: Vec<u8>,
    frame: Vec<u8>,
}

impl Encoder {
    /// A new one.
    ///
    /// # Errors
    /// The compressor could not be made.
    pub fn new() -> Result<Encoder, EntryError> {
        let mut compressor =
            zstd::bulk::Compressor::new(COMPRESSION_LEVEL).map_err(EntryError::Compression)?;
        let checksum = zstd::zstd_safe::CParameter::ChecksumFlag(true);
        compressor.set_parameter(checksum).map_err(EntryError::Compression)?;
        Ok(Encoder { compressor, json: Vec::new(), frame: Vec::new() })
    }

    /// The frame of an entry, and the head that it leaves: what the next header names as `previous`.
    ///
    /// # Errors
    /// [`EntryError::TooLarge`] for a batch that no reader would accept.
    pub fn encode(&mut self, header: &Header, batch: &[Decided]) -> Result<(Frame, Head), EntryError> {
        self.json.clear();
        serde_json::to_writer(&mut self.json, batch).map_err(|error| EntryError::Batch(told(&error)))?;
        if self.json.len() > MAX_BATCH_BYTES {
            let bytes = self.json.len() as u64;
            self.json = Vec::new();
            return Err(EntryError::TooLarge(bytes));
        }
        self.frame.clear();
        serde_json::to_writer(&mut self.frame, header).map_err(|error| EntryError::Header(told(&error)))?;
        if self.frame.len() > MAX_HEADER_BYTES {
            return Err(EntryError::Header(format!("is longer than {MAX_HEADER_BYTES} bytes")));
        }
        self.frame.push(b'\n');
        self.frame.reserve(zstd::zstd_safe::compress_bound(self.json.len()));
        let mut behind = std::io::Cursor::new(std::mem::take(&mut self.frame));
        behind.set_position(behind.get_ref().len() as u64);
        let packed = self.compressor.compress_to_buffer(&self.json, &mut behind);
        self.frame = behind.into_inner();
        packed.map_err(EntryError::Compression)?;
        // One exact copy: a frame may wait in a queue or a cache, and must not hold a whole scratch buffer there.
        let bytes = bytes::Bytes::copy_from_slice(&self.frame);
        for buffer in [&mut self.json, &mut self.frame] {
            if buffer.capacity() > KEPT_BUFFER_BYTES {
                *buffer = Vec::new();
            }
        }
        let frame = Frame { sequence: header.sequence, bytes };
        let head = Head::of(&frame);
        Ok((frame, head))
    }
}

/// Reads entries; keeps its decompressor and its buffer from one to the next.
pub struct Decoder {
    decompressor: zstd::bulk::Decompressor<'static>,
    json: Vec<u8>,
}

impl Decoder {
    /// A new one.
    ///
    /// # Errors
    /// The decompressor could not be made.
    pub fn new() -> Result<Decoder, EntryError> {
        let decompressor = zstd::bulk::Decompressor::new().map_err(EntryError::Compression)?;
        Ok(Decoder { decompressor, json: Vec::new() })
    }

    /// The entry of a frame. Whether it follows the one before is the business of [`walk`](super::walk).
    ///
    /// # Errors
    /// What this release does not know, or what is damaged.
    pub fn decode(&mut self, frame: &Frame) -> Result<Entry, EntryError> {
        let (header, packed) = split(&frame.bytes)?;
        let header = read_header(header)?;
        if header.sequence != frame.sequence {
            return Err(EntryError::Misplaced(header.sequence));
        }
        let size = match zstd::zstd_safe::get_frame_content_size(packed) {
            Ok(Some(size)) => size,
            _ => return Err(EntryError::Batch("is cut off or does not say how large it is".into())),
        };
        let size = usize::try_from(size)
            .ok()
            .filter(|size| *size <= MAX_BATCH_BYTES)
            .ok_or(EntryError::TooLarge(size))?;
        self.json.clear();
        if self.json.capacity() > KEPT_BUFFER_BYTES {
            self.json = Vec::new();
        }
        self.json.reserve(size);
        let read = self
            .decompressor
            .decompress_to_buffer(packed, &mut self.json)
            .map_err(|error| EntryError::Batch(format!("cannot be decompressed: {error}")))?;
        if read != size {
            return Err(EntryError::Batch(format!("holds {read} bytes and says {size}")));
        }
        let batch = serde_json::from_slice(&self.json).map_err(|error| EntryError::Batch(told(&error)))?;
        Ok(Entry { header, batch })
    }
}

fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), EntryError> {
    let line = &bytes[..bytes.len().min(MAX_HEADER_BYTES + 1)];
    let end = line.iter().position(|byte| *byte == b'\n');
    let end = end.ok_or_else(|| EntryError::Header("has no end".into()))?;
    Ok((&bytes[..end], &bytes[end + 1..]))
}

/// Reads the version first: a newer header may look like anything else.
fn read_header(line: &[u8]) -> Result<Header, EntryError> {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    let wrong = |error: serde_json::Error| EntryError::Header(told(&error));
    let Version { v } = serde_json::from_slice(line).map_err(wrong)?;
    match v {
        VERSION => serde_json::from_slice(line).map_err(wrong),
        0 => Err(EntryError::Header("says version 0".into())),
        newer => Err(EntryError::Newer(newer)),
    }
}

/// What a JSON error may say: names of ours (kinds, fields), never a value, which may be a text or an address.
fn told(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let unknown = ["unknown variant `", "unknown field `"]
        .into_iter()
        .find_map(|start| Some((start, text.strip_prefix(start)?.split('`').next()?)));
    match unknown {
        Some((start, name)) => {
            let name: String =
                name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect();
            format!(
                "has an {start}{name}`, which this release does not know: was it written by a newer Tidings?"
            )
        }
        None => format!("cannot be read at line {}, column {}", error.line(), error.column()),
    }
}

/// A frame's hash as 64 hexadecimal digits.
pub mod hex {
    use super::FrameHash;
    use serde::{Deserialize, Deserializer, Serializer, de};

    /// Writes it.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(hash: &FrameHash, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(blake3::Hash::from_bytes(*hash).to_hex().as_str())
    }

    /// Reads it.
    ///
    /// # Errors
    /// It is not 64 hexadecimal digits.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FrameHash, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let hash = blake3::Hash::from_hex(text.as_bytes());
        hash.map(Into::into).map_err(|_| de::Error::custom("not 64 hexadecimal digits"))
    }
}

#[cfg(test)]
#[path = "entry_tests.rs"]
pub(crate) mod tests;
