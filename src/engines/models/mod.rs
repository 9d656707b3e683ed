//! `models/manifest.toml`: the files of each model with their checksums, and the
//! form of the model's input.
//!
//! [`Installation`] finds the manifest. It checks every byte of a model's files
//! before a run, so that no engine fails on a wrong file during one.

mod check;
mod clip_config;
mod endpoint;
mod folders;
mod form;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod gguf;
mod installation;
mod manifest;
mod merge;
pub mod mmproj;
mod pinned;
mod pull;
mod reader_spec;
mod resolve;
mod sha256;

pub use clip_config::{
    ClipConfig, ClipPreprocessor, ClipTextConfig, ClipVisionConfig, SearchTowerConfig,
};
pub use endpoint::{
    ApiKey, EndpointKind, EndpointModel, ImageFormat, ResolvedEndpoint, StructuredOutput,
    TokenPrice,
};
pub use folders::ModelFolders;
pub use form::{Anchor, AnswerForm, ImageLayout};
pub use installation::{Installation, Verified};
pub use manifest::{
    ClipModel, Manifest, ModelFile, OcrModel, ReaderModel, SearchTower, WheelMember,
};
pub use pinned::{OpenFile, PinnedFiles};
pub use pull::Pulled;
pub use reader_spec::{ReaderBackend, ReaderSpec, RunReaders};
pub use resolve::{ResolvedClip, ResolvedOcr, ResolvedReader, ResolvedSearchTower};
