use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::config::RoutingSettings;
use crate::engines::models::Installation;

/// A CLIP of a few hundred weights, all sines, in `folder`. Its values below
/// come from a float64 implementation of transformers' `modeling_clip.py` in
/// numpy, so that candle is held to what Hugging Face computes.
fn tiny_clip(folder: &Path) -> CandleClip {
    let config = serde_json::json!({
        "model_type": "clip",
        "projection_dim": 4,
        "text_config": {
            "vocab_size": 10, "hidden_size": 8, "intermediate_size": 16,
            "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 6,
        },
        "vision_config": {
            "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2,
            "num_attention_heads": 2, "image_size": 8, "patch_size": 4,
        },
    });
    let preprocessor = serde_json::json!({
        "image_mean": [0.5, 0.4, 0.3], "image_std": [0.25, 0.3, 0.35], "size": 8,
    });
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    write("config.json", config.to_string().as_bytes());
    write(
        "preprocessor_config.json",
        preprocessor.to_string().as_bytes(),
    );
    write(
        "tokenizer.json",
        tokenizer_of_letters().to_string().as_bytes(),
    );
    write("model.safetensors", &weights_of_sines());
    let routing = RoutingSettings {
        clip_dir: Some(folder.into()),
        ..RoutingSettings::default()
    };
    CandleClip::load(&Installation::find(None).unwrap().clip(&routing).unwrap()).unwrap()
}

/// Words `a` to `f` are 3 to 8, between a start (1) and an end (9).
fn tokenizer_of_letters() -> serde_json::Value {
    let special = |content: &str, id: u32| {
        serde_json::json!({
            "id": id, "content": content, "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false, "special": true,
        })
    };
    let start = serde_json::json!({"SpecialToken": {"id": "<s>", "type_id": 0}});
    let end = serde_json::json!({"SpecialToken": {"id": "</s>", "type_id": 0}});
    serde_json::json!({
        "version": "1.0",
        "added_tokens": [special("<s>", 1), special("</s>", 9)],
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [start, {"Sequence": {"id": "A", "type_id": 0}}, end],
            "pair": [start, {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}, end],
            "special_tokens": {
                "<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]},
                "</s>": {"id": "</s>", "ids": [9], "tokens": ["</s>"]},
            },
        },
        "model": {
            "type": "WordLevel", "unk_token": "?",
            "vocab": {"?": 0, "<s>": 1, "-": 2, "a": 3, "b": 4, "c": 5, "d": 6, "e": 7, "f": 8, "</s>": 9},
        },
    })
}

/// Weight number n, counted through the tensors by name, is sin(n^2) / 2; the
/// factors of layer norms are 1 + sin(n^2) / 10.
fn weights_of_sines() -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data: Vec<u8> = Vec::new();
    let mut n = 0u32;
    for (name, shape) in shapes() {
        let begin = data.len();
        let is_norm = ["norm.weight", "norm1.weight", "norm2.weight"]
            .iter()
            .any(|end| name.ends_with(end));
        for _ in 0..shape.iter().product::<usize>() {
            let sine = f64::from(n).powi(2).sin() * 0.5;
            let value = if is_norm { 1.0 + 0.2 * sine } else { sine };
            data.extend((value as f32).to_le_bytes());
            n += 1;
        }
        let entry = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()]});
        header.insert(name, entry);
    }
    let header = serde_json::Value::Object(header).to_string();
    [
        &(header.len() as u64).to_le_bytes()[..],
        header.as_bytes(),
        &data,
    ]
    .concat()
}

fn shapes() -> BTreeMap<String, Vec<usize>> {
    let mut shapes = BTreeMap::new();
    let mut add = |name: String, shape: &[usize]| shapes.insert(name, shape.to_vec());
    add(
        "text_model.embeddings.token_embedding.weight".into(),
        &[10, 8],
    );
    add(
        "text_model.embeddings.position_embedding.weight".into(),
        &[6, 8],
    );
    add("vision_model.embeddings.class_embedding".into(), &[8]);
    add(
        "vision_model.embeddings.patch_embedding.weight".into(),
        &[8, 3, 4, 4],
    );
    add(
        "vision_model.embeddings.position_embedding.weight".into(),
        &[5, 8],
    );
    add("text_projection.weight".into(), &[4, 8]);
    add("visual_projection.weight".into(), &[4, 8]);
    let mut linear = |name: String, output: usize, input: usize| {
        shapes.insert(format!("{name}.weight"), vec![output, input]);
        shapes.insert(format!("{name}.bias"), vec![output]);
    };
    let mut norms: Vec<String> = [
        "text_model.final_layer_norm",
        "vision_model.pre_layrnorm",
        "vision_model.post_layernorm",
    ]
    .map(Into::into)
    .into();
    for (tower, layers) in [("text", 1), ("vision", 2)] {
        for layer in 0..layers {
            let layer = format!("{tower}_model.encoder.layers.{layer}");
            for projection in ["q_proj", "k_proj", "v_proj", "out_proj"] {
                linear(format!("{layer}.self_attn.{projection}"), 8, 8);
            }
            linear(format!("{layer}.mlp.fc1"), 16, 8);
            linear(format!("{layer}.mlp.fc2"), 8, 16);
            norms.extend([
                format!("{layer}.layer_norm1"),
                format!("{layer}.layer_norm2"),
            ]);
        }
    }
    for norm in norms {
        shapes.insert(format!("{norm}.weight"), vec![8]);
        shapes.insert(format!("{norm}.bias"), vec![8]);
    }
    shapes
}

/// Red grows to the right, green downwards, blue towards the corner.
fn ramps() -> PageImage {
    let pixels = (0..64u8).map(|i| (i % 8, i / 8));
    let rgb = pixels
        .flat_map(|(x, y)| [x * 30, y * 30, x * y * 5])
        .collect();
    PageImage::new(8, 8, rgb).unwrap()
}

fn assert_close(embedding: &Embedding, expected: [f32; 4]) {
    for (value, expected) in embedding.0.iter().zip(expected) {
        assert!(
            (value - expected).abs() < 2e-5,
            "{:?} is not {expected:?}",
            embedding.0
        );
    }
}

#[test]
fn an_image_is_embedded_as_by_transformers_alone_and_in_a_batch() {
    let folder = tempfile::tempdir().unwrap();
    let clip = tiny_clip(folder.path());
    let white = PageImage::new(8, 8, vec![255; 192]).unwrap();
    for embeddings in [
        clip.embed_images(&[ramps()]).unwrap(),
        clip.embed_images(&[ramps(), white]).unwrap(),
    ] {
        assert_close(&embeddings[0], IMAGE);
    }
}

#[test]
fn texts_are_embedded_as_by_transformers_whatever_shares_their_batch() {
    let folder = tempfile::tempdir().unwrap();
    let clip = tiny_clip(folder.path());
    let texts = ["a".to_owned(), "a b c d e f".to_owned()];
    let embeddings = clip.embed_texts(&texts).unwrap();
    assert_close(&embeddings[0], TEXT_A);
    // Cut to the six positions that the model has, the end token kept.
    assert_close(&embeddings[1], TEXT_ABCD);
}

#[test]
fn the_scale_is_the_configurations_where_the_weights_hold_none() {
    let folder = tempfile::tempdir().unwrap();
    // exp(2.6592), CLIP's initial value.
    assert!((tiny_clip(folder.path()).scale() - 14.2849).abs() < 1e-3);
}

#[test]
fn an_image_of_another_size_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let small = PageImage::new(4, 4, vec![0; 48]).unwrap();
    let message = tiny_clip(folder.path())
        .embed_images(&[small])
        .unwrap_err()
        .to_string();
    assert!(message.contains("8x8"), "{message}");
}

#[test]
fn the_shipped_clip_distinguishes_a_blank_page_from_a_receipt() {
    let installation = Installation::find(None).unwrap();
    let resolved = installation.clip(&RoutingSettings::default()).unwrap();
    let clip = CandleClip::load(&resolved).unwrap();
    let side = clip.image_side();
    let blank = PageImage::new(side, side, vec![255; (side * side * 3) as usize]).unwrap();
    let image = clip.embed_images(&[blank]).unwrap().remove(0);
    let texts = [
        "a blank page".to_owned(),
        "a scanned shop receipt".to_owned(),
    ];
    let texts = clip.embed_texts(&texts).unwrap();
    let cosine =
        |text: &Embedding| -> f32 { text.0.iter().zip(&image.0).map(|(a, b)| a * b).sum() };
    assert!(cosine(&texts[0]) > cosine(&texts[1]));
}

/// What PyTorch computes of the shipped weights (`training/`, command `golden`).
#[derive(serde::Deserialize)]
struct Golden {
    /// By path under `fixtures/`.
    images: BTreeMap<String, Vec<f32>>,
    texts: BTreeMap<String, Vec<f32>>,
    /// By the tower of searches.
    queries: BTreeMap<String, Vec<f32>>,
}

#[test]
fn the_shipped_clip_computes_what_pytorch_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = std::fs::read(root.join("tests/golden/clip.json")).unwrap();
    let golden: Golden = serde_json::from_slice(&golden).unwrap();
    assert!(golden.images.len() >= 2 && golden.texts.len() >= 2 && golden.queries.len() >= 2);
    let installation = Installation::find(None).unwrap();
    let resolved = installation.clip(&RoutingSettings::default()).unwrap();
    let clip = CandleClip::load(&resolved).unwrap();
    let assert_same = |what: &str, embedding: &Embedding, expected: &[f32]| {
        let cosine: f32 = embedding.0.iter().zip(expected).map(|(a, b)| a * b).sum();
        assert!(cosine > 1.0 - 1e-3, "{what}: cosine {cosine}");
    };
    for (name, expected) in &golden.images {
        let image = image::open(root.join("fixtures").join(name)).unwrap();
        let rgb = image.to_rgb8();
        let page = PageImage::new(rgb.width(), rgb.height(), rgb.into_raw()).unwrap();
        let square =
            crate::engines::route::letterbox(&page, clip.image_side(), clip.pad_to_square());
        let embedding = clip.embed_images(&[square]).unwrap().remove(0);
        assert_same(name, &embedding, expected);
    }
    for (text, expected) in &golden.texts {
        let embedding = clip.embed_texts(std::slice::from_ref(text)).unwrap();
        assert_same(text, &embedding[0], expected);
    }
    for (text, expected) in &golden.queries {
        assert_same(text, &clip.embed_query(text).unwrap(), expected);
    }
}

const IMAGE: [f32; 4] = [0.095215, 0.296448, -0.378747, 0.871552];
const TEXT_A: [f32; 4] = [-0.108137, -0.226349, 0.443272, -0.860571];
const TEXT_ABCD: [f32; 4] = [0.001025, 0.381117, 0.499703, -0.777847];
