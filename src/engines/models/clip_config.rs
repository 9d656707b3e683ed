//! The JSON files of a Hugging Face CLIP: `config.json` and
//! `preprocessor_config.json`, with transformers' defaults for what they omit.

use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// `config.json`. Only checkpoints that [`ClipConfig::load`] accepts can be run.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ClipConfig {
    #[serde(default = "clip")]
    model_type: String,
    /// Width of the embeddings that images and texts share.
    #[serde(default = "default_projection")]
    pub projection_dim: usize,
    /// Natural logarithm of the scale of cosines before the softmax, used where
    /// the weights do not have it.
    #[serde(default = "default_logit_scale")]
    pub logit_scale_init_value: f32,
    pub text_config: ClipTextConfig,
    pub vision_config: ClipVisionConfig,
}

fn clip() -> String {
    "clip".into()
}

fn default_projection() -> usize {
    512
}

fn default_logit_scale() -> f32 {
    2.6592
}

/// The text encoder, as transformers' `CLIPTextConfig` names its values.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct ClipTextConfig {
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    /// Longest text in tokens, start and end included.
    pub max_position_embeddings: usize,
    pub hidden_act: String,
    pub layer_norm_eps: f64,
}

impl Default for ClipTextConfig {
    fn default() -> ClipTextConfig {
        ClipTextConfig {
            vocab_size: 49408,
            hidden_size: 512,
            intermediate_size: 2048,
            num_hidden_layers: 12,
            num_attention_heads: 8,
            max_position_embeddings: 77,
            hidden_act: "quick_gelu".into(),
            layer_norm_eps: 1e-5,
        }
    }
}

/// `config.json` of a `CLIPTextModelWithProjection`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct SearchTowerConfig {
    #[serde(flatten)]
    pub text: ClipTextConfig,
    /// Width of the embeddings.
    #[serde(default = "default_projection")]
    pub projection_dim: usize,
}

/// The image encoder, as transformers' `CLIPVisionConfig` names its values.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct ClipVisionConfig {
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub num_channels: usize,
    /// Side in pixels of the square image.
    pub image_size: usize,
    /// Side in pixels of a square patch.
    pub patch_size: usize,
    pub hidden_act: String,
    pub layer_norm_eps: f64,
}

impl Default for ClipVisionConfig {
    fn default() -> ClipVisionConfig {
        ClipVisionConfig {
            hidden_size: 768,
            intermediate_size: 3072,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            num_channels: 3,
            image_size: 224,
            patch_size: 32,
            hidden_act: "quick_gelu".into(),
            layer_norm_eps: 1e-5,
        }
    }
}

impl ClipConfig {
    /// Reads and checks the file.
    pub fn load(path: &Path) -> anyhow::Result<ClipConfig> {
        let text = read(path)?;
        ClipConfig::parse(&text).with_context(|| format!("{} cannot be used", path.display()))
    }

    pub(super) fn parse(text: &[u8]) -> anyhow::Result<ClipConfig> {
        let config: ClipConfig = parse_json(text)?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.model_type == "clip",
            "its model_type is \"{}\", not \"clip\"; other families are not supported",
            self.model_type
        );
        let vision = &self.vision_config;
        self.text_config.check()?;
        check_tower(
            "vision",
            vision.hidden_size,
            vision.num_attention_heads,
            vision.num_hidden_layers,
        )?;
        check_act_and_eps("vision", &vision.hidden_act, vision.layer_norm_eps)?;
        ensure!(
            vision.num_channels == 3,
            "it takes {} channels, not RGB",
            vision.num_channels
        );
        ensure!(
            vision.patch_size > 0 && (vision.patch_size..=4096).contains(&vision.image_size),
            "image_size {} and patch_size {} do not fit each other",
            vision.image_size,
            vision.patch_size
        );
        Ok(())
    }
}

impl ClipTextConfig {
    fn check(&self) -> anyhow::Result<()> {
        let (heads, layers) = (self.num_attention_heads, self.num_hidden_layers);
        check_tower("text", self.hidden_size, heads, layers)?;
        check_act_and_eps("text", &self.hidden_act, self.layer_norm_eps)?;
        ensure!(self.max_position_embeddings >= 3, "its texts hold no word");
        Ok(())
    }
}

impl SearchTowerConfig {
    /// Reads and checks the file.
    pub fn load(path: &Path) -> anyhow::Result<SearchTowerConfig> {
        let text = read(path)?;
        let parse = || {
            let config: SearchTowerConfig = parse_json(text.as_slice())?;
            config.text.check()?;
            Ok::<_, anyhow::Error>(config)
        };
        parse().with_context(|| format!("{} cannot be used", path.display()))
    }
}

fn check_tower(tower: &str, width: usize, heads: usize, layers: usize) -> anyhow::Result<()> {
    ensure!(
        heads > 0 && layers > 0 && width > 0 && width.is_multiple_of(heads),
        "its {tower} tower has width {width}, {heads} heads and {layers} layers"
    );
    Ok(())
}

fn check_act_and_eps(tower: &str, activation: &str, eps: f64) -> anyhow::Result<()> {
    // candle's CLIP computes these values alone and ignores the file's.
    ensure!(
        activation == "quick_gelu" && (eps - 1e-5).abs() < 1e-9,
        "its {tower} tower has hidden_act \"{activation}\" and layer_norm_eps {eps}; \
         supported are \"quick_gelu\" and 1e-5, those of OpenAI's checkpoints"
    );
    Ok(())
}

/// `preprocessor_config.json`, as far as docmill follows it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ClipPreprocessor {
    /// Mean of each channel (RGB, 0 to 1), subtracted before the division by
    /// `image_std`.
    pub image_mean: [f32; 3],
    /// Standard deviation of each channel (RGB, 0 to 1).
    pub image_std: [f32; 3],
    #[serde(default)]
    size: Option<Size>,
    /// Pillow's number of the resampling filter (`PIL.Image.Resampling`).
    #[serde(default = "bicubic")]
    resample: u32,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Size {
    Side(usize),
    Shortest { shortest_edge: usize },
    Both { height: usize, width: usize },
}

const PIL_BICUBIC: u32 = 3;

fn bicubic() -> u32 {
    PIL_BICUBIC
}

impl ClipPreprocessor {
    /// Reads the file; `Err` where it does not suit a model whose images have
    /// `image_size` pixels a side.
    pub fn load(path: &Path, image_size: usize) -> anyhow::Result<ClipPreprocessor> {
        let text = read(path)?;
        ClipPreprocessor::parse(&text, image_size)
            .with_context(|| format!("{} cannot be used", path.display()))
    }

    pub(super) fn parse(text: &[u8], image_size: usize) -> anyhow::Result<ClipPreprocessor> {
        let preprocessor: ClipPreprocessor = parse_json(text)?;
        preprocessor.check(image_size)?;
        Ok(preprocessor)
    }

    fn check(&self, image_size: usize) -> anyhow::Result<()> {
        let numbers = self.image_mean.iter().chain(&self.image_std);
        ensure!(
            numbers.clone().all(|n| n.is_finite()) && self.image_std.iter().all(|n| *n > 0.0),
            "image_mean and image_std must be numbers, the latter above 0"
        );
        ensure!(
            self.resample == PIL_BICUBIC,
            "it asks for Pillow's filter {}; supported is {PIL_BICUBIC} (bicubic)",
            self.resample
        );
        let side = match self.size {
            None => image_size,
            Some(
                Size::Side(side)
                | Size::Shortest {
                    shortest_edge: side,
                },
            ) => side,
            Some(Size::Both { height, width }) => {
                ensure!(
                    height == width,
                    "it asks for images of {width}x{height}, not squares"
                );
                height
            }
        };
        ensure!(
            side == image_size,
            "it makes images of {side} px, but config.json asks for {image_size} px: \
             the two files belong to different models"
        );
        Ok(())
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn parse_json<T: DeserializeOwned>(text: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(text).context("it is damaged or of another kind")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: serde_json::Value) -> anyhow::Result<ClipConfig> {
        let config: ClipConfig = serde_json::from_value(json)?;
        config.check()?;
        Ok(config)
    }

    #[test]
    fn what_the_file_omits_has_the_defaults_of_transformers() {
        let config = config(serde_json::json!({
            "model_type": "clip",
            "text_config": {"hidden_size": 768, "num_attention_heads": 12},
            "vision_config": {"patch_size": 16},
        }))
        .unwrap();
        assert_eq!(config.text_config.max_position_embeddings, 77);
        assert_eq!(config.vision_config.hidden_size, 768);
        assert_eq!(config.projection_dim, 512);
    }

    #[test]
    fn what_the_engine_would_compute_otherwise_is_refused() {
        for (json, word) in [
            (
                serde_json::json!({"model_type": "siglip", "text_config": {}, "vision_config": {}}),
                "siglip",
            ),
            (
                serde_json::json!({"text_config": {"hidden_act": "gelu"}, "vision_config": {}}),
                "gelu",
            ),
            (
                serde_json::json!({"text_config": {}, "vision_config": {"layer_norm_eps": 1e-6}}),
                "0.000001",
            ),
            (
                serde_json::json!({"text_config": {"hidden_size": 500}, "vision_config": {}}),
                "width 500",
            ),
            (
                serde_json::json!({"text_config": {}, "vision_config": {"image_size": 8}}),
                "patch_size",
            ),
        ] {
            let message = format!("{:#}", config(json).unwrap_err());
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn a_preprocessor_of_another_image_size_belongs_to_another_model() {
        let file = |size: serde_json::Value| -> ClipPreprocessor {
            let json = serde_json::json!({"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "size": size});
            serde_json::from_value(json).unwrap()
        };
        for size in [
            serde_json::json!(224),
            serde_json::json!({"shortest_edge": 224}),
            serde_json::json!({"height": 224, "width": 224}),
        ] {
            file(size.clone()).check(224).unwrap();
            let message = file(size).check(336).unwrap_err().to_string();
            assert!(message.contains("different models"), "{message}");
        }
    }
}
