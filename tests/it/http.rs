//! A plain HTTP/1.1 client: a test chooses every header.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        // The blank after the colon is optional (RFC 9112, 5).
        let pairs = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut of_name = pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        of_name.next().map(|(_, value)| value.trim())
    }
}

/// Sends a request with these headers and no others than `Connection` and
/// `Content-Length`.
pub fn send(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> Reply {
    let body = body.as_ref();
    let mut stream = TcpStream::connect(address).unwrap();
    let limit = Some(Duration::from_secs(60));
    stream.set_read_timeout(limit).unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    stream.write_all(request.as_bytes()).unwrap();
    // A server may answer before it has read all of a body that it does not want.
    let _ = stream.write_all(body);
    read(&mut stream)
}

/// Reads to the length that the answer states: not every server closes the
/// connection when it is asked to.
fn read(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    loop {
        if let Some(reply) = parse(&bytes) {
            return reply;
        }
        let mut part = [0; 1 << 16];
        let count = stream.read(&mut part).unwrap();
        let so_far = String::from_utf8_lossy(&bytes);
        assert!(count > 0, "the answer is cut off: {so_far}");
        bytes.extend_from_slice(&part[..count]);
    }
}

/// `None`: not all of it is there.
fn parse(bytes: &[u8]) -> Option<Reply> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let mut reply = Reply {
        status: 0,
        head: String::from_utf8_lossy(&bytes[..end]).into_owned(),
        body: Vec::new(),
    };
    let length = reply.header("content-length");
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    reply.status = reply.head[9..12].parse().unwrap();
    reply.body = bytes.get(end + 4..end + 4 + length)?.to_vec();
    Some(reply)
}
