//! `models/manifest.toml`: which files make a model, that they are the right
//! ones, and how a page must be given to it.

mod manifest;

pub use manifest::{ClipModel, ImageLayout, Manifest, ModelFile, ReaderModel};
