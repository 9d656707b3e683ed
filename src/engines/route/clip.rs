//! A Hugging Face CLIP checkpoint on candle, on the GPU that the build supports or
//! on the CPU. The only file that uses candle.

use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use candle_core::{DType, Device, Tensor};
use candle_nn::{Module, VarBuilder};
use candle_transformers::models::clip::{self, div_l2_norm, text_model, vision_model};
use tokenizers::{Tokenizer, TruncationParams};

use super::ClipEngine;
use crate::domain::{Embedding, PageImage};
use crate::engines::models::{
    ClipConfig, ClipPreprocessor, ClipTextConfig, OpenFile, ResolvedClip, ResolvedSearchTower,
    SearchTowerConfig,
};

/// A CLIP on candle, in f32.
pub struct CandleClip {
    model: clip::ClipModel,
    tokenizer: Tokenizer,
    device: Device,
    preprocessor: ClipPreprocessor,
    image_side: u32,
    pad_to_square: bool,
    scale: f32,
    search: Option<SearchText>,
}

/// The text tower of searches.
struct SearchText {
    model: text_model::ClipTextTransformer,
    projection: candle_nn::Linear,
    tokenizer: Tokenizer,
}

impl CandleClip {
    /// Loads the files of `resolved`. `Err` where one was changed since its check.
    pub fn load(resolved: &ResolvedClip) -> anyhow::Result<CandleClip> {
        // Opened once and not again by name, so that these are the checked bytes.
        let open = |path| resolved.files.open(path);
        let (config, preprocessor) = (open(&resolved.config)?, open(&resolved.preprocessor)?);
        let (words, weights) = (open(&resolved.tokenizer)?, open(&resolved.weights)?);
        let config = ClipConfig::load(&config.path())?;
        let image_size = config.vision_config.image_size;
        let preprocessor = ClipPreprocessor::load(&preprocessor.path(), image_size)?;
        let device = device()?;
        let weights = std::fs::read(weights.path())
            .with_context(|| format!("{} cannot be read", resolved.weights.display()))?;
        let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &device)?;
        let model = clip::ClipModel::new(weights.clone(), &candle_config(&config))
            .with_context(|| format!("{} cannot be used", resolved.weights.display()))?;
        let search = resolved.search.as_ref();
        let search = search.map(|tower| SearchText::load(tower, &device));
        let longest = config.text_config.max_position_embeddings;
        Ok(CandleClip {
            model,
            tokenizer: tokenizer(&words, &resolved.tokenizer, longest)?,
            search: search.transpose()?,
            device,
            preprocessor,
            image_side: u32::try_from(image_size)?,
            pad_to_square: resolved.spec.pad_to_square,
            scale: scale(&weights, &config)?,
        })
    }

    /// A model batch for CLIP: shape `[n, 3, side, side]` f32, normalised by mean and
    /// standard deviation.
    fn pixels(&self, images: &[PageImage]) -> anyhow::Result<Tensor> {
        let side = self.image_side as usize;
        let mut values = Vec::with_capacity(images.len() * 3 * side * side);
        for image in images {
            ensure!(
                (image.width, image.height) == (self.image_side, self.image_side),
                "CLIP takes images of {side}x{side}, not {}x{}",
                image.width,
                image.height
            );
            for channel in 0..3 {
                let (mean, std) = (
                    self.preprocessor.image_mean[channel],
                    self.preprocessor.image_std[channel],
                );
                let bytes = image.rgb.iter().skip(channel).step_by(3);
                values.extend(bytes.map(|&byte| (f32::from(byte) / 255.0 - mean) / std));
            }
        }
        Ok(Tensor::from_vec(
            values,
            (images.len(), 3, side, side),
            &self.device,
        )?)
    }
}

impl SearchText {
    fn load(resolved: &ResolvedSearchTower, device: &Device) -> anyhow::Result<SearchText> {
        let open = |path| resolved.files.open(path);
        let (config, words) = (open(&resolved.config)?, open(&resolved.tokenizer)?);
        let config = SearchTowerConfig::load(&config.path())?;
        let weights = std::fs::read(open(&resolved.weights)?.path())
            .with_context(|| format!("{} cannot be read", resolved.weights.display()))?;
        let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, device)?;
        let width = config.projection_dim;
        let text = text_config(&config.text, width);
        let longest = config.text.max_position_embeddings;
        Ok(SearchText {
            model: text_model::ClipTextTransformer::new(weights.pp("text_model"), &text)?,
            projection: candle_nn::linear_no_bias(
                text.embed_dim,
                width,
                weights.pp("text_projection"),
            )?,
            tokenizer: tokenizer(&words, &resolved.tokenizer, longest)?,
        })
    }

    fn embed(&self, text: &str, device: &Device) -> anyhow::Result<Embedding> {
        let tokens = tokens(&self.tokenizer, &[text], device)?;
        let features = self.projection.forward(&self.model.forward(&tokens)?)?;
        embeddings(&features)?
            .pop()
            .context("CLIP left out the text")
    }
}

/// Token ids of the texts, shape `[n, longest]` u32.
fn tokens(
    tokenizer: &Tokenizer,
    texts: &[impl AsRef<str>],
    device: &Device,
) -> anyhow::Result<Tensor> {
    let mut rows = Vec::with_capacity(texts.len());
    for text in texts {
        let text = text.as_ref();
        let encoding = tokenizer.encode_fast(text, true);
        let ids = encoding
            .map_err(|error| anyhow!("\"{text}\": {error}"))?
            .get_ids()
            .to_vec();
        // candle pools at the first token with the highest id.
        let highest = ids.iter().max();
        ensure!(
            ids.last() == highest && ids.iter().filter(|id| Some(*id) == highest).count() == 1,
            "CLIP's tokenizer does not end \"{text}\" with the token of the highest id"
        );
        rows.push(ids);
    }
    let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
    // Tokens after the end token do not change the pooled value, since
    // attention is causal.
    rows.iter_mut().for_each(|row| row.resize(longest, 0));
    let shape = (texts.len(), longest);
    Ok(Tensor::from_vec(rows.concat(), shape, device)?)
}

impl ClipEngine for CandleClip {
    fn image_side(&self) -> u32 {
        self.image_side
    }

    fn pad_to_square(&self) -> bool {
        self.pad_to_square
    }

    fn embed_images(&self, images: &[PageImage]) -> anyhow::Result<Vec<Embedding>> {
        if images.is_empty() {
            return Ok(Vec::new());
        }
        embeddings(&self.model.get_image_features(&self.pixels(images)?)?)
    }

    fn embed_texts(&self, texts: &[String]) -> anyhow::Result<Vec<Embedding>> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let tokens = tokens(&self.tokenizer, texts, &self.device)?;
        embeddings(&self.model.get_text_features(&tokens)?)
    }

    fn embed_query(&self, text: &str) -> anyhow::Result<Embedding> {
        match &self.search {
            Some(tower) => tower.embed(text, &self.device),
            None => {
                let embedded = self.embed_texts(&[text.to_owned()])?.pop();
                embedded.context("CLIP left out the text")
            }
        }
    }

    fn scale(&self) -> f32 {
        self.scale
    }
}

fn embeddings(features: &Tensor) -> anyhow::Result<Vec<Embedding>> {
    let rows = div_l2_norm(features)?.to_vec2::<f32>()?;
    Ok(rows.into_iter().map(Embedding).collect())
}

/// The first GPU that this build can use, else the CPU.
fn device() -> anyhow::Result<Device> {
    let cuda = Device::cuda_if_available(0)?;
    Ok(if cuda.is_cuda() {
        cuda
    } else {
        Device::metal_if_available(0)?
    })
}

fn tokenizer(file: &OpenFile, path: &Path, longest: usize) -> anyhow::Result<Tokenizer> {
    let damaged = |error| anyhow!("{} cannot be used: {error}", path.display());
    let mut tokenizer = Tokenizer::from_file(file.path()).map_err(damaged)?;
    tokenizer.with_padding(None);
    let truncation = TruncationParams {
        max_length: longest,
        ..TruncationParams::default()
    };
    tokenizer
        .with_truncation(Some(truncation))
        .map_err(damaged)?;
    Ok(tokenizer)
}

fn scale(weights: &VarBuilder, config: &ClipConfig) -> anyhow::Result<f32> {
    let logarithm = match weights.contains_tensor("logit_scale") {
        true => weights.get((), "logit_scale")?.to_scalar::<f32>()?,
        false => config.logit_scale_init_value,
    };
    Ok(logarithm.exp())
}

/// candle's configuration. It has no activation and no epsilon of the layer norms;
/// [`ClipConfig::load`] accepts only the values that candle uses.
fn candle_config(config: &ClipConfig) -> clip::ClipConfig {
    let (text, vision) = (&config.text_config, &config.vision_config);
    clip::ClipConfig {
        text_config: text_config(text, config.projection_dim),
        vision_config: vision_model::ClipVisionConfig {
            embed_dim: vision.hidden_size,
            activation: text_model::Activation::QuickGelu,
            intermediate_size: vision.intermediate_size,
            num_hidden_layers: vision.num_hidden_layers,
            num_attention_heads: vision.num_attention_heads,
            projection_dim: config.projection_dim,
            num_channels: vision.num_channels,
            image_size: vision.image_size,
            patch_size: vision.patch_size,
        },
        logit_scale_init_value: config.logit_scale_init_value,
        image_size: vision.image_size,
    }
}

/// As [`candle_config`], of a text tower with embeddings of `width` values.
fn text_config(text: &ClipTextConfig, width: usize) -> text_model::ClipTextConfig {
    text_model::ClipTextConfig {
        vocab_size: text.vocab_size,
        embed_dim: text.hidden_size,
        activation: text_model::Activation::QuickGelu,
        intermediate_size: text.intermediate_size,
        max_position_embeddings: text.max_position_embeddings,
        pad_with: None,
        num_hidden_layers: text.num_hidden_layers,
        num_attention_heads: text.num_attention_heads,
        projection_dim: width,
    }
}

#[cfg(test)]
#[path = "clip_tests.rs"]
mod tests;
