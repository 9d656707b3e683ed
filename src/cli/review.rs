use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::Args;
use tokio::sync::Mutex;

use super::app::App;
use super::exit::ExitStatus;
use super::user::user;
use crate::config::UsageError;
use crate::files::{self, Uploads};
use crate::outputs::accounts::Accounts;
use crate::pipeline;
use crate::review::{ExportSetup, Server, ServerSetup, Tls};
use crate::store::Store;

/// Review records in a browser, and serve the API for programs
///
/// Serves a page on this machine until Ctrl+C and prints its link, which works
/// once, in one browser. Corrections and approvals have the effect of
/// `docmill correct`. Programs use the API with a token (`docmill tokens`).
#[derive(Args)]
pub struct ReviewArgs {
    /// Port; 0: a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// Address to listen at
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,
    /// Certificate of this server and its issuers (PEM): connections are encrypted. Start
    /// it again after a renewal
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Key of the certificate (PEM, without a password)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Let other machines connect, without encryption
    #[arg(long, conflicts_with = "tls_cert")]
    without_tls: bool,
    /// Let people sign in with the tokens of `docmill users`; always so with an address of a
    /// network
    #[arg(long)]
    sign_in: bool,
    /// Accounts and tax codes, shown on supplier cards [default: accounts.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
    /// Folder for documents that are uploaded; `docmill watch DIR` reads them
    #[arg(long, value_name = "DIR")]
    uploads: Option<PathBuf>,
    /// Folder for batches that programs export for accounting programs
    #[arg(long, value_name = "DIR")]
    exports: Option<PathBuf>,
}

impl ReviewArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        if !self.bind.is_loopback() && !self.without_tls && self.tls_cert.is_none() {
            let why = format!(
                "--bind {} lets other machines connect without encryption: who is on the network could read the documents and act for you. Add --tls-cert and --tls-key, or leave --bind out and reach the page through an SSH tunnel, or add --without-tls on a network that you trust",
                self.bind
            );
            return Err(UsageError(why).into());
        }
        let tls = match self.tls_cert.as_deref().zip(self.tls_key.as_deref()) {
            Some((certificate, key)) => Some(Tls::read(certificate, key).map_err(UsageError)?),
            None => None,
        };
        let accounts = Accounts::read(self.accounts.as_deref()).map_err(UsageError)?;
        let types = pipeline::doc_types(app.settings().types.as_deref())?;
        let store = Store::open_existing(&app.settings().db).await?;
        let address = SocketAddr::new(self.bind, self.port);
        let sign_in = self.sign_in || !self.bind.is_loopback();
        if sign_in && store.users().await?.is_empty() {
            let why = "nobody could sign in: add people with `docmill users add NAME --role ROLE`";
            return Err(UsageError(why.to_owned()).into());
        }
        let uploads = self.uploads.as_deref().map(uploads).transpose()?;
        let exports = self.exports.as_deref().map(|folder| ExportSetup {
            folder: files::absolute(folder),
            accounts: self.accounts.clone(),
            one_at_a_time: Mutex::default(),
        });
        let setup = ServerSetup {
            types,
            accounts,
            by: user(),
            uploads,
            exports,
            tls,
            sign_in,
        };
        let server = Server::bind(app.settings(), store, setup, address).await?;
        app.out.line(&format!("Review page: {}", server.link()))?;
        app.out.line(match sign_in {
            true => "People sign in with their tokens (`docmill users`). Ctrl+C ends.",
            false => "The link works once, in one browser. Ctrl+C ends.",
        })?;
        server.serve(super::signals::first()).await?;
        Ok(ExitStatus::Success)
    }
}

fn uploads(folder: &Path) -> anyhow::Result<Uploads> {
    Uploads::open(folder).map_err(|error| {
        let why = format!("--uploads {} cannot be used: {error}", folder.display());
        UsageError(why).into()
    })
}
