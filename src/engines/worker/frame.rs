//! Messages over pipes.
//!
//! A frame is the length of its JSON in bytes (u32, little endian), the length of its
//! blob (u64, little endian), the JSON, the blob. Pixels and files are sent as blobs.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::message::{Bounds, EncodedReply, Incoming};

/// Greatest message to a worker. The largest blob is a file, which settings limit to
/// much less.
pub const LARGEST: Bounds = Bounds {
    json: 64 << 20,
    blob: 4 << 30,
};

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

/// A buffer for a part of a frame, reserved up to the size of a usual page: a wrong
/// length does not reserve more memory.
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
        // serde's own message may quote the page.
        let message = format!("a frame {}", crate::domain::json_problem(&error));
        io::Error::new(io::ErrorKind::InvalidData, message)
    })
}

/// Writes a reply and flushes.
pub fn write_answer(to: &mut impl Write, answer: &EncodedReply) -> io::Result<()> {
    to.write_all(&header(&answer.json, &answer.blob)?)?;
    to.write_all(&answer.json)?;
    to.write_all(&answer.blob)?;
    to.flush()
}

/// Reads the next call; `None` where the stream ends between two calls.
pub fn read_call(from: &mut impl Read) -> io::Result<Option<Incoming>> {
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
    let call: Incoming = parse(&json)?;
    Ok(Some(Incoming { blob, ..call }))
}

/// Sends one frame to a worker.
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

/// Receives one frame from a worker. `Err` at the end of the stream, and for a message
/// beyond `bounds`, of which nothing is read into memory.
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
    use crate::domain::Failure;
    use crate::engines::worker::call::{Call, parse as parse_call};
    use crate::engines::worker::message::Outgoing;
    use crate::engines::worker::{OpenDocument, RoutePages};

    async fn sent<C: Call>(call: &C) -> Vec<u8> {
        let mut pipe = Vec::new();
        let blob = call.blob();
        let outgoing = Outgoing { op: C::OP, call };
        send(&mut pipe, &outgoing, blob).await.unwrap();
        pipe
    }

    #[tokio::test]
    async fn a_call_arrives_as_it_was_sent() {
        let call = RoutePages {
            count: 2,
            side: 3,
            rgb: &[7; 54],
        };
        let pipe = sent(&call).await;
        let incoming = read_call(&mut pipe.as_slice()).unwrap().unwrap();
        let parsed = parse_call::<RoutePages>(&incoming).unwrap().unwrap();
        assert_eq!((parsed.count, parsed.side), (2, 3));
        assert_eq!(incoming.blob, [7; 54]);
        assert!(parse_call::<OpenDocument>(&incoming).is_none());
    }

    #[tokio::test]
    async fn the_end_of_the_stream_between_frames_is_clean_and_inside_one_is_an_error() {
        assert!(read_call(&mut [].as_slice()).unwrap().is_none());
        let mut pipe = sent(&OpenDocument { bytes: b"%PDF" }).await;
        pipe.pop();
        assert!(read_call(&mut pipe.as_slice()).is_err());
    }

    #[test]
    fn lengths_that_no_honest_peer_sends_are_refused_before_anything_is_allocated() {
        let mut head = vec![0xff; 12];
        head.extend([0; 16]);
        assert!(read_call(&mut head.as_slice()).is_err());
    }

    #[tokio::test]
    async fn a_reply_longer_than_its_call_allows_is_refused() {
        type Reply = Result<Vec<crate::domain::Routing>, Failure>;
        let mut pipe = Vec::new();
        write_answer(&mut pipe, &EncodedReply::of(&[(); 0], vec![0; 10]).unwrap()).unwrap();
        let call = RoutePages {
            count: 1,
            side: 1,
            rgb: &[],
        };
        let error = receive::<Reply>(&mut pipe.as_slice(), call.bounds()).await;
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::InvalidData);
        let longer = Bounds {
            blob: 10,
            ..call.bounds()
        };
        let received = receive::<Reply>(&mut pipe.as_slice(), longer).await;
        assert_eq!(received.unwrap(), (Ok(Vec::new()), vec![0; 10]));
    }
}
