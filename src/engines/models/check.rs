//! Checks model files: kind, length, SHA-256, and whether the files of one model
//! belong together. Every error names the file and the remedy.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use anyhow::{Context, anyhow, bail, ensure};
use safetensors::{SafeTensorError, SafeTensors};

use super::clip_config::{ClipConfig, ClipPreprocessor, ClipTextConfig, SearchTowerConfig};
use super::gguf::GgufHeader;
use super::mmproj;

/// What the header of a text model says about its input.
pub(super) struct ReaderFacts {
    /// Tokens of context that it was trained with; `None` where the file does not
    /// say.
    pub context: Option<u64>,
}

/// Checks the headers of a reader's files and that they fit each other.
pub(super) fn reader(
    text: &Path,
    mmproj: Option<&Path>,
    adapter: Option<&Path>,
) -> anyhow::Result<ReaderFacts> {
    let header = gguf(text)?;
    let architecture = header.architecture();
    ensure!(
        architecture != Some("clip"),
        "{} is an image projector (mmproj), not a text model: are the two files swapped?",
        text.display()
    );
    if let Some(mmproj) = mmproj {
        projector(text, &header, mmproj)?;
    }
    if let Some(path) = adapter {
        let adapter = gguf(path)?;
        ensure!(
            adapter.string("general.type") == Some("adapter"),
            "{} is not an adapter (LoRA) but a whole model",
            path.display()
        );
        ensure!(
            adapter.architecture() == architecture,
            "{} is an adapter for \"{}\", and {} is \"{}\": they belong to different models",
            path.display(),
            adapter.architecture().unwrap_or_default(),
            text.display(),
            architecture.unwrap_or_default()
        );
    }
    Ok(ReaderFacts {
        context: header.context_length(),
    })
}

/// Checks an image projector and that it fits the text model.
fn projector(text: &Path, text_header: &GgufHeader, mmproj: &Path) -> anyhow::Result<()> {
    let header = gguf(mmproj)?;
    ensure!(
        header.architecture() == Some("clip"),
        "{} is not an image projector (mmproj): its architecture is \"{}\" instead of \"clip\"",
        mmproj.display(),
        header.architecture().unwrap_or("")
    );
    if !mmproj::defects(&header).is_empty() {
        tracing::warn!(
            "llama.cpp reads {} inexactly (`docmill models check` says how): \
             `docmill models repair` writes one that it reads right",
            mmproj.display()
        );
    }
    let width = text_header.embedding_width().with_context(|| {
        format!(
            "{} does not say how wide its embeddings are",
            text.display()
        )
    })?;
    ensure!(
        projects_to(&header, width),
        "{} and {} belong to different models: the text model's embeddings are {width} wide, \
         and the image projector has no output of that width",
        text.display(),
        mmproj.display()
    );
    Ok(())
}

/// Whether the projector's output can have `width` dimensions. The metadata are
/// not sufficient: older LLaVA files have CLIP's own `projection_dim` there, so a
/// projector tensor (`mm.…`) with that dimension counts too.
fn projects_to(mmproj: &GgufHeader, width: u64) -> bool {
    let projector = |name: &str| name.starts_with("mm.") || name.starts_with("resampler.");
    mmproj.unsigned("clip.vision.projection_dim") == Some(width)
        || mmproj
            .tensors
            .iter()
            .any(|t| projector(&t.name) && t.dims.contains(&width))
}

fn gguf(path: &Path) -> anyhow::Result<GgufHeader> {
    let header =
        GgufHeader::read(path).with_context(|| format!("{} cannot be used", path.display()))?;
    complete(path, header.expected_bytes)?;
    Ok(header)
}

fn complete(path: &Path, expected: u64) -> anyhow::Result<()> {
    let bytes = std::fs::metadata(path)?.len();
    ensure!(
        bytes >= expected,
        "{} is cut off: it has {bytes} bytes and its own header asks for {expected}; copy it again",
        path.display()
    );
    Ok(())
}

/// Checks the four files of a CLIP, in the order of `ClipModel::files`, and
/// that they belong together.
pub(super) fn clip(
    [config_path, preprocessor, tokenizer_path, weights]: [&Path; 4],
) -> anyhow::Result<()> {
    let config = ClipConfig::load(config_path)?;
    ClipPreprocessor::load(preprocessor, config.vision_config.image_size)?;
    tokenizer(tokenizer_path)?;
    let text = text_shapes(&config.text_config, config.projection_dim);
    let shapes = text.into_iter().chain(vision_shapes(&config)).collect();
    shapes_fit(weights, shapes, config_path)
}

/// Checks the three files of a search tower, in the order of `SearchTower::files`, and
/// that they belong to each other and to the CLIP with the configuration `of`.
pub(super) fn search_tower(
    [config_path, tokenizer_path, weights]: [&Path; 3],
    of: &Path,
) -> anyhow::Result<()> {
    let config = SearchTowerConfig::load(config_path)?;
    let width = ClipConfig::load(of)?.projection_dim;
    ensure!(
        config.projection_dim == width,
        "{} makes embeddings of {} values, but those of the pages have {width}",
        config_path.display(),
        config.projection_dim
    );
    tokenizer(tokenizer_path)?;
    shapes_fit(weights, text_shapes(&config.text, width), config_path)
}

fn tokenizer(path: &Path) -> anyhow::Result<()> {
    let tokenizer =
        std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let tokenizer: serde_json::Value = serde_json::from_slice(&tokenizer)
        .with_context(|| format!("{} is damaged or of another kind", path.display()))?;
    ensure!(
        tokenizer.get("model").is_some(),
        "{} is not a tokenizer of the tokenizers library",
        path.display()
    );
    Ok(())
}

/// Shapes by name from the header of a safetensors file.
fn safetensors(path: &Path) -> anyhow::Result<BTreeMap<String, Vec<usize>>> {
    let file = File::open(path)?;
    // SAFETY: model files are trusted not to be truncated while they are mapped;
    // a worker maps the same file.
    let bytes = unsafe { memmap2::Mmap::map(&file)? };
    shapes(&bytes)
}

/// As [`safetensors`], of the file's bytes.
pub(super) fn shapes(bytes: &[u8]) -> anyhow::Result<BTreeMap<String, Vec<usize>>> {
    use SafeTensorError::{HeaderTooSmall, InvalidHeaderLength, MetadataIncompleteBuffer};
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| match error {
        HeaderTooSmall => anyhow!("it is too short to be a safetensors file"),
        InvalidHeaderLength | MetadataIncompleteBuffer => {
            anyhow!("it is cut off, or longer than its header says; copy it again")
        }
        error => anyhow::Error::new(error).context("it is not a safetensors file"),
    })?;
    let shapes = tensors.iter();
    Ok(shapes
        .map(|(name, tensor)| (name.to_owned(), tensor.shape().to_vec()))
        .collect())
}

/// Names and shapes of tensors.
type Shapes = Vec<(String, Vec<usize>)>;

/// The tensors of a text tower whose shapes follow from its configuration. `width`: of the
/// embeddings.
fn text_shapes(text: &ClipTextConfig, width: usize) -> Shapes {
    vec![
        (
            "text_model.embeddings.token_embedding.weight".into(),
            vec![text.vocab_size, text.hidden_size],
        ),
        (
            "text_model.embeddings.position_embedding.weight".into(),
            vec![text.max_position_embeddings, text.hidden_size],
        ),
        (
            last_layer("text", text.num_hidden_layers),
            vec![text.intermediate_size, text.hidden_size],
        ),
        (
            "text_projection.weight".into(),
            vec![width, text.hidden_size],
        ),
    ]
}

/// As [`text_shapes`], of the image tower.
fn vision_shapes(config: &ClipConfig) -> Shapes {
    let vision = &config.vision_config;
    let patches = (vision.image_size / vision.patch_size).pow(2);
    vec![
        (
            "vision_model.embeddings.patch_embedding.weight".into(),
            vec![
                vision.hidden_size,
                vision.num_channels,
                vision.patch_size,
                vision.patch_size,
            ],
        ),
        (
            "vision_model.embeddings.position_embedding.weight".into(),
            vec![patches + 1, vision.hidden_size],
        ),
        (
            last_layer("vision", vision.num_hidden_layers),
            vec![vision.intermediate_size, vision.hidden_size],
        ),
        (
            "visual_projection.weight".into(),
            vec![config.projection_dim, vision.hidden_size],
        ),
    ]
}

fn last_layer(tower: &str, layers: usize) -> String {
    format!("{tower}_model.encoder.layers.{}.mlp.fc1.weight", layers - 1)
}

/// `Err` where the weights do not have the shapes that follow from `config`.
fn shapes_fit(weights: &Path, expected: Shapes, config: &Path) -> anyhow::Result<()> {
    let tensors =
        safetensors(weights).with_context(|| format!("{} cannot be used", weights.display()))?;
    let fit = || {
        for (name, shape) in expected {
            match tensors.get(&name) {
                None => bail!("tensor {name} is missing"),
                Some(found) if *found != shape => {
                    bail!("tensor {name} has shape {found:?}, the configuration asks for {shape:?}")
                }
                Some(_) => {}
            }
        }
        Ok(())
    };
    fit().with_context(|| {
        format!(
            "{} and {} belong to different models",
            weights.display(),
            config.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::gguf::tests::Builder;
    use super::*;

    fn text_model(width: u32) -> Builder {
        Builder::default()
            .string("general.architecture", "llama")
            .number("llama.embedding_length", width)
            .number("llama.context_length", 64)
            .tensor("token_embd.weight", &[width.into(), 3])
    }

    fn mmproj(width: u64) -> Builder {
        Builder::default()
            .string("general.architecture", "clip")
            .number("clip.vision.projection_dim", 768)
            .tensor("v.patch_embd.weight", &[2, 2, 3, 4])
            .tensor("mm.2.weight", &[5, width])
    }

    /// Writes both and returns what [`reader`] says of them.
    fn checked(text: &[u8], mmproj: &[u8]) -> Result<Option<u64>, String> {
        let folder = tempfile::tempdir().unwrap();
        let (text_path, mmproj_path) = (
            folder.path().join("text.gguf"),
            folder.path().join("mmproj.gguf"),
        );
        std::fs::write(&text_path, text).unwrap();
        std::fs::write(&mmproj_path, mmproj).unwrap();
        match reader(&text_path, Some(&mmproj_path), None) {
            Ok(facts) => Ok(facts.context),
            Err(error) => Err(format!("{error:#}")),
        }
    }

    #[test]
    fn a_text_model_and_the_projector_of_its_width_fit() {
        let context = checked(&text_model(8).bytes(), &mmproj(8).bytes()).unwrap();
        assert_eq!(context, Some(64));
    }

    #[test]
    fn a_projector_of_another_width_belongs_to_another_model() {
        let message = checked(&text_model(8).bytes(), &mmproj(16).bytes()).unwrap_err();
        assert!(
            message.contains("different models") && message.contains("8 wide"),
            "{message}"
        );
    }

    #[test]
    fn swapped_files_are_an_error() {
        let message = checked(&mmproj(8).bytes(), &text_model(8).bytes()).unwrap_err();
        assert!(message.contains("swapped"), "{message}");
    }

    #[test]
    fn a_model_that_lost_its_last_byte_is_cut_off() {
        let whole = text_model(8).bytes();
        let message = checked(&whole[..whole.len() - 1], &mmproj(8).bytes()).unwrap_err();
        assert!(message.contains("text.gguf is cut off"), "{message}");
    }

    #[test]
    fn an_adapter_belongs_to_its_text_model() {
        let adapter = |architecture: &str, kind: &str| {
            let folder = tempfile::tempdir().unwrap();
            let [text, lora] = ["text.gguf", "lora.gguf"].map(|name| folder.path().join(name));
            std::fs::write(&text, text_model(8).bytes()).unwrap();
            let header = Builder::default()
                .string("general.architecture", architecture)
                .string("general.type", kind);
            std::fs::write(&lora, header.bytes()).unwrap();
            reader(&text, None, Some(&lora)).map_err(|error| error.to_string())
        };
        assert!(adapter("llama", "adapter").is_ok());
        let other = adapter("qwen2", "adapter").err().unwrap();
        assert!(other.contains("different models"), "{other}");
        let model = adapter("llama", "model").err().unwrap();
        assert!(model.contains("not an adapter"), "{model}");
    }

    #[test]
    fn a_cut_off_or_foreign_safetensors_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let header = br#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
        let whole = [&(header.len() as u64).to_le_bytes()[..], header, &[0; 8]].concat();
        std::fs::write(&path, &whole).unwrap();
        assert_eq!(
            safetensors(&path).unwrap(),
            BTreeMap::from([("a".into(), vec![2])])
        );
        for (bytes, words) in [
            (&whole[..whole.len() - 1], "cut off"),
            (&whole[..20], "cut off"),
            (&whole[..4], "too short"),
            (&b"PK\x03\x04 a zip file"[..], "not a safetensors file"),
            (&[&whole[..], b"more"].concat(), "longer"),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let message = format!("{:#}", safetensors(&path).unwrap_err());
            assert!(message.contains(words), "{message}");
        }
    }
}
