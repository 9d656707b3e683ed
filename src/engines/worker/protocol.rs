//! What supervisor and worker say to each other.
//!
//! A frame is the length of its JSON (u32, little endian), the length of its
//! blob (u64, little endian), the JSON, the blob. Pixels and files travel as
//! blobs.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::probe::Attempt;
use crate::domain::Limits;
use crate::domain::{DocumentInfo, Failure, Reading, Routing, Word};
use crate::engines::models::{ResolvedClip, ResolvedReader};
use crate::engines::rasterize::RasterSpec;
use crate::engines::sandbox::Walls;

/// What a worker may be sent: the largest blob is a file, bounded by a setting
/// far below.
pub const LARGEST: Bounds = Bounds {
    json: 64 << 20,
    blob: 4 << 30,
};

/// How long an answer may be. What comes from a worker was written by whoever
/// took it over: the supervisor's memory must not follow its claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub json: u32,
    pub blob: u64,
}

/// What a worker is to become; its first frame.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum RoleInit {
    Rasterizer {
        pdfium: PathBuf,
        limits: Limits,
    },
    Router {
        clip: Box<ResolvedClip>,
        /// The user's folder of document types.
        types: Option<PathBuf>,
    },
    Reader {
        reader: Box<ResolvedReader>,
        threads: u32,
    },
}

impl RoleInit {
    pub fn role(&self) -> &'static str {
        match self {
            RoleInit::Rasterizer { .. } => "rasterizer",
            RoleInit::Router { .. } => "router",
            RoleInit::Reader { .. } => "reader",
        }
    }
}

/// What to load, and what to live on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Init {
    pub role: RoleInit,
    /// Bytes of writable memory that the worker may have.
    pub memory: u64,
    /// CPU seconds of its whole life.
    pub cpu_seconds: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Request {
    Init(Box<Init>),
    /// Blob: the document's bytes.
    Open,
    Page {
        index: u32,
        spec: RasterSpec,
    },
    /// Blob: `count` square RGB images of `side` pixels, one after the other.
    Route {
        count: u32,
        side: u32,
    },
    /// Blob: the page's RGB pixels.
    Read {
        width: u32,
        height: u32,
        doc_type: String,
        prompt: String,
        schema: Option<serde_json::Value>,
        max_tokens: u32,
    },
    /// To try to break out.
    Probe {
        attempt: Attempt,
    },
}

impl Request {
    /// How long an honest answer can be.
    pub fn bounds(&self) -> Bounds {
        const MIB: u32 = 1 << 20;
        let (json, blob) = match self {
            Request::Init(_) | Request::Probe { .. } => (MIB, 0),
            // Names of attachments and warnings; an electronic invoice.
            Request::Open => (4 * MIB, crate::documents::einvoice::MAX_BYTES as u64),
            // A page full of words takes some hundred KiB.
            Request::Page { spec, .. } => (16 * MIB, 3 * u64::from(spec.max_pixels)),
            Request::Route { .. } => (4 * MIB, 0),
            Request::Read { .. } => (8 * MIB, 0),
        };
        Bounds { json, blob }
    }

    /// For messages about a worker that died over it.
    pub fn stage(&self) -> &'static str {
        match self {
            Request::Init(_) => "starting",
            Request::Open => "opening the document",
            Request::Page { .. } => "drawing the page",
            Request::Route { .. } => "routing the page",
            Request::Read { .. } => "reading the page",
            Request::Probe { .. } => "trying to break out",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    Ready {
        /// Side in pixels of the images that a router takes; 0 for others.
        side: u32,
        walls: Walls,
    },
    /// Blob: the XML of the electronic invoice that it carries; empty where
    /// there is none.
    Opened {
        info: DocumentInfo,
        /// The attachment's name; `None` where the document is the XML.
        #[serde(default)]
        xml_name: Option<String>,
    },
    /// Blob: the page's RGB pixels.
    Page {
        width: u32,
        height: u32,
        words: Vec<Word>,
    },
    Routed {
        routings: Vec<Routing>,
    },
    Read {
        reading: Box<Reading>,
    },
    Failed {
        failure: Failure,
    },
    Probed {
        escaped: bool,
        message: String,
    },
}

impl Reply {
    /// Whether every number of the answer is one: JSON's 1e300 is infinite in
    /// 32 bits, which would be stored as null and never be read again.
    pub fn is_finite(&self) -> bool {
        match self {
            Reply::Page { words, .. } => words.iter().all(Word::is_finite),
            Reply::Routed { routings } => routings.iter().all(Routing::is_finite),
            Reply::Read { reading } => reading.is_finite(),
            _ => true,
        }
    }

    /// For messages about an answer to another question: unlike `{:?}`, it
    /// tells nothing of what a page says.
    pub fn name(&self) -> &'static str {
        match self {
            Reply::Ready { .. } => "ready",
            Reply::Opened { .. } => "opened",
            Reply::Page { .. } => "page",
            Reply::Routed { .. } => "routed",
            Reply::Read { .. } => "read",
            Reply::Failed { .. } => "failed",
            Reply::Probed { .. } => "probed",
        }
    }
}

fn header(json: &[u8], blob: &[u8]) -> io::Result<[u8; 12]> {
    let length = u32::try_from(json.len())
        .ok()
        .filter(|&n| n <= LARGEST.json);
    let length = length.ok_or_else(|| io::Error::other("message too long for a frame"))?;
    let mut header = [0; 12];
    header[..4].copy_from_slice(&length.to_le_bytes());
    header[4..].copy_from_slice(&(blob.len() as u64).to_le_bytes());
    Ok(header)
}

fn lengths(header: [u8; 12], bounds: Bounds) -> io::Result<(usize, usize)> {
    let json = u32::from_le_bytes(header[..4].try_into().expect("4 bytes"));
    let blob = u64::from_le_bytes(header[4..].try_into().expect("8 bytes"));
    if json > bounds.json || blob > bounds.blob {
        let message = format!(
            "a message of {json} and {blob} bytes where at most {} and {} are possible",
            bounds.json, bounds.blob
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok((json as usize, blob as usize))
}

/// Room for a part of a frame, up to that of a usual page: a peer that lies
/// about a length costs no more memory than it sends.
fn buffer(length: usize) -> Vec<u8> {
    const USUAL: usize = 40 << 20;
    Vec::with_capacity(length.min(USUAL))
}

fn complete(part: &[u8], length: usize) -> io::Result<()> {
    match part.len() == length {
        true => Ok(()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> io::Result<T> {
    serde_json::from_slice(json).map_err(|error| {
        // serde's own words may quote what a page says.
        let message = format!("a frame {}", crate::domain::json_problem(&error));
        io::Error::new(io::ErrorKind::InvalidData, message)
    })
}

/// Writes one frame and flushes (the worker's side).
pub fn write_frame(to: &mut impl Write, message: &impl Serialize, blob: &[u8]) -> io::Result<()> {
    let json = serde_json::to_vec(message)?;
    to.write_all(&header(&json, blob)?)?;
    to.write_all(&json)?;
    to.write_all(blob)?;
    to.flush()
}

/// Reads one frame; `None` at a clean end of the stream.
pub fn read_frame<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<(T, Vec<u8>)>> {
    let mut head = [0; 12];
    match from.read(&mut head[..1])? {
        0 => return Ok(None),
        _ => from.read_exact(&mut head[1..])?,
    }
    let (json_length, blob_length) = lengths(head, LARGEST)?;
    let mut json = buffer(json_length);
    Read::take(&mut *from, json_length as u64).read_to_end(&mut json)?;
    let mut blob = buffer(blob_length);
    Read::take(&mut *from, blob_length as u64).read_to_end(&mut blob)?;
    complete(&json, json_length)?;
    complete(&blob, blob_length)?;
    Ok(Some((parse(&json)?, blob)))
}

/// As [`write_frame`], the supervisor's side.
pub async fn send(
    to: &mut (impl AsyncWrite + Unpin),
    message: &impl Serialize,
    blob: &[u8],
) -> io::Result<()> {
    let json = serde_json::to_vec(message)?;
    to.write_all(&header(&json, blob)?).await?;
    to.write_all(&json).await?;
    to.write_all(blob).await?;
    to.flush().await
}

/// As [`read_frame`], the supervisor's side; the end of the stream is an error,
/// and so is a message out of `bounds`, before anything of it is kept.
pub async fn receive<T: DeserializeOwned>(
    from: &mut (impl AsyncRead + Unpin),
    bounds: Bounds,
) -> io::Result<(T, Vec<u8>)> {
    let mut head = [0; 12];
    from.read_exact(&mut head).await?;
    let (json_length, blob_length) = lengths(head, bounds)?;
    let mut json = buffer(json_length);
    let mut part = AsyncReadExt::take(&mut *from, json_length as u64);
    part.read_to_end(&mut json).await?;
    let mut blob = buffer(blob_length);
    let mut part = AsyncReadExt::take(&mut *from, blob_length as u64);
    part.read_to_end(&mut blob).await?;
    complete(&json, json_length)?;
    complete(&blob, blob_length)?;
    Ok((parse(&json)?, blob))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_as_it_was_written() {
        let mut pipe = Vec::new();
        write_frame(&mut pipe, &Request::Route { count: 2, side: 3 }, &[7; 54]).unwrap();
        let (request, blob) = read_frame::<Request>(&mut pipe.as_slice())
            .unwrap()
            .unwrap();
        assert!(matches!(request, Request::Route { count: 2, side: 3 }));
        assert_eq!(blob, vec![7; 54]);
    }

    #[test]
    fn the_end_of_the_stream_between_frames_is_clean_and_inside_one_is_an_error() {
        assert!(read_frame::<Request>(&mut [].as_slice()).unwrap().is_none());
        let mut pipe = Vec::new();
        write_frame(&mut pipe, &Request::Open, b"%PDF").unwrap();
        pipe.pop();
        assert!(read_frame::<Request>(&mut pipe.as_slice()).is_err());
    }

    #[test]
    fn lengths_that_no_honest_peer_sends_are_refused_before_anything_is_allocated() {
        let mut head = vec![0xff; 12];
        head.extend([0; 16]);
        assert!(read_frame::<Request>(&mut head.as_slice()).is_err());
    }

    #[test]
    fn numbers_beyond_32_bits_are_told() {
        let page = |left: &str| -> Reply {
            let json = format!(
                r#"{{"reply": "page", "width": 1, "height": 1, "words": [{{"text": "a", "bbox": [{left}, 0, 1, 1]}}]}}"#
            );
            parse(json.as_bytes()).unwrap()
        };
        assert!(page("0.5").is_finite() && !page("1e300").is_finite());
    }

    #[tokio::test]
    async fn an_answer_longer_than_its_request_allows_is_refused() {
        let mut pipe = Vec::new();
        write_frame(&mut pipe, &Reply::Routed { routings: vec![] }, &[0; 10]).unwrap();
        let routed = Request::Route { count: 1, side: 1 }.bounds();
        let error = receive::<Reply>(&mut pipe.as_slice(), routed).await;
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::InvalidData);
        let longer = Bounds { blob: 10, ..routed };
        assert!(receive::<Reply>(&mut pipe.as_slice(), longer).await.is_ok());
    }
}
