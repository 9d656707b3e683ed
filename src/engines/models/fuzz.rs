//! What must hold for any bytes: see [`crate::fuzzing`].

use super::check;
use super::clip_config::{ClipConfig, ClipPreprocessor};
use super::gguf::GgufHeader;
use super::manifest::Manifest;

/// The list of tensors is no longer than the file that holds it.
pub fn gguf(bytes: &[u8]) {
    if let Ok(header) = GgufHeader::parse(bytes) {
        assert!(header.tensors.len() <= bytes.len());
        header.architecture();
        header.embedding_width();
        header.context_length();
        header.unsigned("clip.vision.projection_dim");
    }
}

/// Accepted shapes belong to tensors within the file.
pub fn safetensors(bytes: &[u8]) {
    if let Ok(shapes) = check::shapes(bytes) {
        assert!(shapes.len() <= bytes.len());
    }
}

/// An accepted manifest has the models that it names as defaults, and its
/// serialised form reads back.
pub fn manifest(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(manifest) = Manifest::parse(text) {
        assert!(manifest.reader.contains_key(&manifest.default_reader));
        assert!(manifest.clip.contains_key(&manifest.default_clip));
        let written = toml::to_string(&manifest).expect("a manifest can be written");
        Manifest::parse(&written).expect("what was written can be read");
    }
}

/// In an accepted configuration the image divides into patches.
pub fn clip_config(bytes: &[u8]) {
    if let Ok(config) = ClipConfig::parse(bytes) {
        assert!(config.vision_config.image_size >= config.vision_config.patch_size);
        let _ = ClipPreprocessor::parse(bytes, config.vision_config.image_size);
    }
    let _ = ClipPreprocessor::parse(bytes, 224);
}
