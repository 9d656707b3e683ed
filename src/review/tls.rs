//! TLS of the server: the only file that uses `rustls`.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{Error as RustlsError, ServerConfig};
use tokio_rustls::server::TlsStream;

/// Time limit of a handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Most handshakes at a time: further connections wait, so that silent ones take no more.
const HANDSHAKES: usize = 64;

/// The server's certificate and key.
pub struct Tls {
    acceptor: TlsAcceptor,
    /// The first host name that the certificate is for.
    pub name: Option<String>,
}

impl Tls {
    /// Reads PEM files. `Err`: what is wrong with them, and what to do.
    pub fn read(certificate: &Path, key: &Path) -> Result<Tls, String> {
        let (certificate_file, key_file) = (certificate.display(), key.display());
        let unread = |flag: &str, file: &dyn Display, error: PemError, wanted: &str| match error {
            PemError::NoItemsFound => format!("{flag} {file} has no {wanted}"),
            other => {
                format!("{flag} {file} cannot be read: {other}. Name a PEM file with the {wanted}")
            }
        };
        let wanted = "certificate of this server, followed by those of its issuers";
        let unread_chain = |error| unread("--tls-cert", &certificate_file, error, wanted);
        let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect)
            .map_err(unread_chain)?;
        let Some(first) = chain.first() else {
            return Err(unread_chain(PemError::NoItemsFound));
        };
        let name = host_name(first);
        let wanted = "private key of the certificate, without a password";
        let key = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| unread("--tls-key", &key_file, error, wanted))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| match error {
                RustlsError::InconsistentKeys(_) => format!(
                    "the key in {key_file} is not the key of the certificate in {certificate_file}: name the two that belong together"
                ),
                other => format!(
                    "the certificate in {certificate_file} and the key in {key_file} cannot be used: {other}"
                ),
            })?;
        Ok(Tls {
            acceptor: Arc::new(config).into(),
            name,
        })
    }
}

/// The first host name of a certificate. Without one, its server is reached by an address.
fn host_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
    let mut names = certificate.valid_dns_names();
    names.find(|name| !name.starts_with('*')).map(str::to_owned)
}

/// Hands out connections whose handshake is done. Handshakes run beside each other: a client
/// that is silent delays no other.
pub struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl TlsListener {
    pub fn new(listener: TcpListener, address: SocketAddr, tls: &Tls) -> TlsListener {
        let (sender, ready) = mpsc::channel(HANDSHAKES);
        tokio::spawn(shake_hands(listener, tls.acceptor.clone(), sender));
        TlsListener { ready, address }
    }
}

/// Ends when the other end of `ready` is dropped.
async fn shake_hands(
    mut listener: TcpListener,
    acceptor: TlsAcceptor,
    ready: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let free = Arc::new(Semaphore::new(HANDSHAKES));
    loop {
        let (stream, from) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = ready.closed() => return,
        };
        let Ok(permit) = free.clone().acquire_owned().await else {
            return;
        };
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            let _permit = permit;
            match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                // The server may have ended meanwhile.
                Ok(Ok(stream)) => drop(ready.send((stream, from)).await),
                Ok(Err(error)) => tracing::debug!(%from, "no TLS connection: {error}"),
                Err(_) => tracing::debug!(%from, "no TLS connection: it took too long"),
            }
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The task above ends only with this value.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.address)
    }
}
