//! Finds PDFium's shared library.

use std::path::{Path, PathBuf};

use crate::domain::user_data_folder;

const NAME: &str = if cfg!(target_os = "macos") {
    "libpdfium.dylib"
} else {
    "libpdfium.so"
};

/// The library to load: `setting`, or the first existing one of
/// `$DOCMILL_PDFIUM`, beside the executable, `lib/` beside its folder,
/// `docmill/lib/` of the user's data folder (where `make` puts it) and the
/// system's library folders.
pub fn find_pdfium(setting: Option<&Path>) -> anyhow::Result<PathBuf> {
    let named = setting
        .map(Path::to_owned)
        .or_else(|| std::env::var_os("DOCMILL_PDFIUM").map(PathBuf::from));
    if let Some(path) = named {
        anyhow::ensure!(
            path.is_file(),
            "there is no PDFium library at {}",
            path.display()
        );
        return Ok(path);
    }
    let candidates = candidates();
    candidates.iter().find(|path| path.is_file()).cloned().ok_or_else(|| {
        let places: Vec<_> = candidates.iter().map(|path| path.display().to_string()).collect();
        anyhow::anyhow!(
            "PDFium's shared library was not found: run `make setup`, or name it with --pdfium or DOCMILL_PDFIUM \
             (looked for {})",
            places.join(", ")
        )
    })
}

fn candidates() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let Some(folder) = std::env::current_exe()
        .ok()
        .as_deref()
        .and_then(Path::parent)
    {
        folders.push(folder.to_owned());
        folders.push(folder.join("../lib"));
    }
    if let Some(data) = user_data_folder() {
        folders.push(data.join("docmill/lib"));
    }
    folders.extend(
        [
            "/usr/local/lib",
            "/usr/lib/x86_64-linux-gnu",
            "/usr/lib/aarch64-linux-gnu",
            "/usr/lib",
        ]
        .map(PathBuf::from),
    );
    folders
        .into_iter()
        .map(|folder| folder.join(NAME))
        .collect()
}
