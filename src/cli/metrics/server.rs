//! Metrics by HTTP: a GET and its answer, no more. No library for it is in the
//! program, and one would be most of what listens on the network.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::Metrics;

/// A scraper's request has a few hundred bytes.
const MAX_REQUEST: usize = 8 << 10;
const MAX_CONNECTIONS: usize = 16;
const DEADLINE: Duration = Duration::from_secs(5);

/// Where to listen: a port of this machine alone, or an address with its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(SocketAddr);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Address, String> {
        if let Ok(port) = text.parse::<u16>() {
            return Ok(Address((Ipv4Addr::LOCALHOST, port).into()));
        }
        if let Some(port) = text.strip_prefix("localhost:") {
            let port = port.parse::<u16>().map_err(|error| error.to_string())?;
            return Ok(Address((Ipv4Addr::LOCALHOST, port).into()));
        }
        if text.parse::<IpAddr>().is_ok() {
            return Err(format!("the port is missing, e.g. {text}:9464"));
        }
        text.parse().map(Address).map_err(|_| {
            "use a port (9464, for this machine alone) or an address with a port (127.0.0.1:9464)".into()
        })
    }
}

/// Answers until it is dropped.
pub struct Server(JoinHandle<()>);

impl Server {
    pub async fn start(address: Address, metrics: Metrics) -> anyhow::Result<Server> {
        let listener = listen(address).await?;
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() {
            tracing::warn!(
                %address,
                "metrics are open to whoever reaches this address; there is no password"
            );
        }
        tracing::info!("metrics at http://{address}/metrics");
        Ok(Server(tokio::spawn(serve(listener, metrics))))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn listen(address: Address) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address.0).await.with_context(|| {
        format!(
            "cannot listen on {} for metrics: choose another port",
            address.0
        )
    })
}

async fn serve(listener: TcpListener, metrics: Metrics) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    let metrics = metrics.clone();
                    connections.spawn(tokio::time::timeout(DEADLINE, answer(stream, metrics)));
                }
                // No descriptor is left, for example: others will be freed.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer(mut stream: TcpStream, metrics: Metrics) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < MAX_REQUEST {
        match stream.read(&mut buffer).await? {
            0 => break,
            read => request.extend_from_slice(&buffer[..read]),
        }
    }
    let response = response(&request, || metrics.text());
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await
}

/// The whole answer to the bytes of a request.
fn response(request: &[u8], text: impl FnOnce() -> String) -> String {
    let line = request
        .split(|byte| *byte == b'\r')
        .next()
        .unwrap_or_default();
    let mut words = line.split(|byte| *byte == b' ');
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let path = target
        .split(|byte| *byte == b'?')
        .next()
        .unwrap_or_default();
    let is_http = words
        .next()
        .is_some_and(|version| version.starts_with(b"HTTP/1."));
    let (status, kind, body) = match (method, path) {
        _ if !is_http => (
            "400 Bad Request",
            "text/plain",
            "not a request\n".to_owned(),
        ),
        (b"GET" | b"HEAD", b"/metrics") => {
            ("200 OK", "text/plain; version=0.0.4; charset=utf-8", text())
        }
        (b"GET" | b"HEAD", _) => (
            "404 Not Found",
            "text/plain",
            "metrics are at /metrics\n".to_owned(),
        ),
        _ => (
            "405 Method Not Allowed",
            "text/plain",
            "only GET\n".to_owned(),
        ),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    if method == b"HEAD" {
        head
    } else {
        head + &body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_port_is_this_machine_and_an_address_needs_its_port() {
        let parse = |text: &str| text.parse::<Address>().map(|address| address.0.to_string());
        assert_eq!(parse("9464").unwrap(), "127.0.0.1:9464");
        assert_eq!(parse("localhost:1").unwrap(), "127.0.0.1:1");
        assert_eq!(parse("[::1]:9464").unwrap(), "[::1]:9464");
        assert_eq!(parse("0.0.0.0:9464").unwrap(), "0.0.0.0:9464");
        assert!(parse("0.0.0.0").unwrap_err().contains("port"));
        assert!(parse("example.org:80").is_err() && parse("99999").is_err());
    }

    #[test]
    fn only_a_get_of_metrics_is_answered_with_them() {
        let ask = |request: &str| response(request.as_bytes(), || "docmill_x 1\n".into());
        let good = ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(good.starts_with("HTTP/1.1 200 OK\r\n") && good.ends_with("\r\n\r\ndocmill_x 1\n"));
        assert!(ask("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
        assert!(ask("POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405"));
        assert!(
            ask("\u{0}\u{1}").starts_with("HTTP/1.1 400") && ask("").starts_with("HTTP/1.1 400")
        );
        assert!(ask("HEAD /metrics HTTP/1.1\r\n\r\n").ends_with("\r\n\r\n"));
    }

    #[tokio::test]
    async fn metrics_are_served_over_a_connection() {
        let listener = listen("0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, Metrics::new()));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("docmill_build_info{version="), "{answer}");
    }
}
