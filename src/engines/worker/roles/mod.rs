//! The roles, one in each file. A new role is a file here and a line in [`serve`].

mod ocr;
mod rasterizer;
mod reader;
mod router;

pub use ocr::{OcrRole, ReadText};
pub use rasterizer::{DrawPage, OpenDocument, OpenedDocument, RasterizerRole};
pub use reader::{ReadPage, ReaderRole};
pub use router::{EmbedText, RoutePages, RouterRole};

use super::child::{Hook, serve_role};
use super::role::Role;

/// Runs a worker of the role `name` on this process's stdin and stdout until stdin
/// ends. `Err` for an unknown name.
pub fn serve(name: &str, hook: Option<Hook>) -> anyhow::Result<()> {
    match name {
        RasterizerRole::NAME => serve_role::<RasterizerRole>(hook),
        RouterRole::NAME => serve_role::<RouterRole>(hook),
        OcrRole::NAME => serve_role::<OcrRole>(hook),
        ReaderRole::NAME => serve_role::<ReaderRole>(hook),
        _ => anyhow::bail!("there is no worker role `{name}`"),
    }
}
