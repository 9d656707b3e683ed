//! llama.cpp and its multimodal part mtmd: the only file that uses `llama_cpp_2`.

use std::ffi::CString;
use std::num::NonZeroU32;

use anyhow::Context;
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::model::{LlamaChatMessage, LlamaModel};
use llama_cpp_2::mtmd::{MtmdBitmap, MtmdContext, MtmdContextParams, MtmdInputText};
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token_type::LlamaTokenAttr;
use llama_cpp_2::{LogOptions, send_logs_to_tracing};

use super::decode::Decoder;
use super::{PageReader, Prompt, TokenModel, Tokenize, Vocabulary, image_layout, turn};
use crate::domain::{AnswerGrammar, Failure, ReadRequest, Reading, Reason};
use crate::engines::models::{ImageLayout, ResolvedReader};

/// Tokens that llama.cpp computes at once: more than the 576 of a tile and its
/// number. Each further one takes memory in every context.
const MICRO_BATCH: u32 = 1024;

/// Reads pages with a LLaVA or any other model that mtmd knows.
pub struct LlamaReader {
    decoder: Decoder<LlamaModelContext>,
    image_layout: ImageLayout,
    sees_images: bool,
}

impl LlamaReader {
    /// Loads the model's files, once in a process. `threads`: threads of llama.cpp.
    /// `Err` where a file was changed since its check or cannot be loaded.
    pub fn load(reader: &ResolvedReader, threads: u32) -> anyhow::Result<LlamaReader> {
        let model = LlamaModelContext::load(reader, threads)?;
        Ok(LlamaReader {
            decoder: Decoder::new(model)?,
            image_layout: reader.spec.image_layout.clone(),
            sees_images: reader.mmproj.is_some(),
        })
    }
}

impl PageReader for LlamaReader {
    fn read(&mut self, request: &ReadRequest) -> Result<Reading, Failure> {
        let images = match self.sees_images {
            true => image_layout::images(&request.image, &request.doc_type, &self.image_layout)
                .map_err(Failure::internal)?,
            false => Vec::new(),
        };
        let prompt = Prompt {
            images,
            instruction: request.prompt.clone(),
            continues: matches!(request.grammar, AnswerGrammar::Scalar(_)),
        };
        self.decoder
            .read(&prompt, &request.grammar, request.max_tokens)
    }
}

struct LlamaModelContext {
    model: &'static LlamaModel,
    context: LlamaContext<'static>,
    /// `None`: the model gets text alone.
    mtmd: Option<MtmdContext>,
    chat_template: Option<String>,
    /// Stands for an image in a prompt. It is random, so that no page or question
    /// can imitate it.
    marker: String,
    /// Names of the tokens that mark the parts of a turn; in an instruction they are
    /// plain text.
    controls: Vec<String>,
    /// Tokens that are in the context.
    used: u32,
    /// Those tokens, as far as they are text from the context's start.
    known: Vec<u32>,
}

impl LlamaModelContext {
    fn load(reader: &ResolvedReader, threads: u32) -> anyhow::Result<LlamaModelContext> {
        send_logs_to_tracing(LogOptions::default());
        // Leaked, since both are used until the process ends.
        let backend: &'static LlamaBackend = Box::leak(Box::new(LlamaBackend::init()?));
        let gpu_layers = if backend.supports_gpu_offload() {
            u32::MAX >> 1
        } else {
            0
        };
        let parameters = LlamaModelParams::default().with_n_gpu_layers(gpu_layers);
        // Opened once and not again by name, so that these are the checked bytes.
        let text = reader.files.open(&reader.text)?;
        let mut model = LlamaModel::load_from_file(backend, text.path(), &parameters)
            .with_context(|| format!("llama.cpp cannot load {}", reader.text.display()))?;
        let adapter = match &reader.adapter {
            Some(path) => {
                let file = reader.files.open(path)?;
                let adapter = model.lora_adapter_init(file.path());
                Some(adapter.with_context(|| format!("llama.cpp cannot load {}", path.display()))?)
            }
            None => None,
        };
        let model: &'static LlamaModel = Box::leak(Box::new(model));
        let threads = i32::try_from(threads.max(1))?;
        let marker = format!("<__image_{}__>", random_name());
        let mtmd = match &reader.mmproj {
            Some(path) => {
                let parameters = MtmdContextParams {
                    use_gpu: gpu_layers > 0,
                    print_timings: false,
                    n_threads: threads,
                    media_marker: CString::new(marker.clone())?,
                    ..MtmdContextParams::default()
                };
                let file = reader.files.open(path)?;
                let file = file.path();
                let file = file.to_str().context("a descriptor's path is ASCII")?;
                let mtmd = MtmdContext::init_from_file(file, model, &parameters);
                let (path, text) = (path.display(), reader.text.display());
                let mtmd =
                    mtmd.with_context(|| format!("llama.cpp cannot load {path} for {text}"))?;
                anyhow::ensure!(
                    mtmd.support_vision(),
                    "{path} does not let the model see images"
                );
                Some(mtmd)
            }
            None => None,
        };
        let parameters = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(reader.spec.context))
            .with_n_batch(MICRO_BATCH)
            .with_n_ubatch(MICRO_BATCH)
            .with_n_threads(threads)
            .with_n_threads_batch(threads);
        let mut context = model
            .new_context(backend, parameters)
            .context("llama.cpp cannot make a context")?;
        if let Some(mut adapter) = adapter {
            context
                .lora_adapter_set(&mut adapter, 1.0)
                .context("llama.cpp cannot apply the adapter")?;
        }
        let mut context = LlamaModelContext {
            model,
            context,
            mtmd,
            chat_template: reader.spec.chat_template.clone(),
            marker,
            controls: Vec::new(),
            used: 0,
            known: Vec::new(),
        };
        let frame = context.turn(&image_layout::prefixes(&reader.spec.image_layout), "")?;
        context.controls = controls(model, &frame);
        Ok(context)
    }

    /// The whole turn as text, with a marker for each image.
    fn turn(&self, prefixes: &[String], instruction: &str) -> anyhow::Result<String> {
        let images: String = prefixes
            .iter()
            .map(|prefix| format!("{prefix}{}", self.marker))
            .collect();
        let instruction = turn::without_controls(instruction, &self.controls);
        match &self.chat_template {
            Some(template) => turn::render(template, &images, &instruction),
            None => {
                let template = self.model.chat_template(None).context(
                    "the model brings no chat template: give its `chat_template` in models/manifest.toml",
                )?;
                let message =
                    LlamaChatMessage::new("user".into(), format!("{images}\n{instruction}"))?;
                Ok(self
                    .model
                    .apply_chat_template(&template, &[message], true)?)
            }
        }
    }
}

impl LlamaModelContext {
    /// Takes in a prompt without images. Returns its length in tokens.
    fn prefill_text(&mut self, turn: &str, continues: bool) -> Result<u32, Failure> {
        let tokens = self.model.vocab().tokenize(turn.as_bytes(), true, true);
        let tokens: Vec<u32> = tokens.iter().map(|t| t.0.cast_unsigned()).collect();
        fits(tokens.len() as u32, self.context.n_ctx())?;
        let kept = match continues {
            true => self.keep_prefix(&tokens)?,
            false => {
                self.forget();
                0
            }
        };
        self.decode(&tokens[kept..])?;
        Ok(self.used)
    }

    fn forget(&mut self) {
        self.context.clear_kv_cache();
        self.used = 0;
        self.known.clear();
    }

    /// Forgets all but what `tokens` begin with, and returns how many that are.
    /// The last token is always taken in again: it makes the logits.
    fn keep_prefix(&mut self, tokens: &[u32]) -> Result<usize, Failure> {
        let both = self.known.iter().zip(tokens);
        let same = both.take_while(|(known, new)| known == new).count();
        let kept = same.min(tokens.len().saturating_sub(1));
        let from = Some(kept as u32);
        let cleared = self.context.clear_kv_cache_seq(Some(0), from, None);
        if !cleared.map_err(Failure::internal)? {
            self.forget();
            return Ok(0);
        }
        self.known.truncate(kept);
        self.used = kept as u32;
        Ok(kept)
    }
}

fn fits(tokens: u32, context: u32) -> Result<(), Failure> {
    if tokens < context {
        return Ok(());
    }
    let message = format!("the page takes {tokens} tokens, the model's context holds {context}");
    Err(Failure::new(Reason::PromptTooLong, message))
}

impl TokenModel for LlamaModelContext {
    fn vocabulary(&self) -> Vocabulary {
        let vocab = self.model.vocab();
        let usual_end = if vocab.eot().0 >= 0 {
            vocab.eot()
        } else {
            vocab.eos()
        };
        let others = vocab
            .tokens()
            .filter(|&token| token != usual_end && vocab.is_eog(token));
        let end = std::iter::once(usual_end)
            .chain(others)
            .map(|token| token.0.cast_unsigned())
            .collect();
        let piece = |token: LlamaToken| {
            let text = vocab.token_to_piece(token, false, None);
            if !text.is_empty() {
                return text;
            }
            let name = vocab.token_to_piece(token, true, None);
            if name.is_empty() {
                name
            } else {
                [b"\xff".as_slice(), &name].concat()
            }
        };
        Vocabulary {
            pieces: vocab.tokens().map(piece).collect(),
            end,
        }
    }

    fn prefill(&mut self, prompt: &Prompt) -> Result<u32, Failure> {
        let prefixes: Vec<String> = prompt.images.iter().map(|(p, _)| p.clone()).collect();
        let text = self.turn(&prefixes, &prompt.instruction);
        let text = text.map_err(Failure::internal)?;
        if self.mtmd.is_some() {
            self.forget();
        }
        let Some(mtmd) = &mut self.mtmd else {
            return self.prefill_text(&text, prompt.continues);
        };
        let bitmaps: Vec<MtmdBitmap> = prompt
            .images
            .iter()
            .map(|(_, image)| MtmdBitmap::from_image_data(image.width, image.height, &image.rgb))
            .collect::<Result<_, _>>()
            .map_err(Failure::internal)?;
        let bitmaps: Vec<&MtmdBitmap> = bitmaps.iter().collect();
        let input = MtmdInputText {
            text,
            add_special: true,
            parse_special: true,
        };
        let chunks = mtmd.tokenize(input, &bitmaps).map_err(Failure::internal)?;
        let tokens = chunks.total_tokens() as u32;
        fits(tokens, self.context.n_ctx())?;
        let batch = self.context.n_batch() as i32;
        let past = chunks
            .eval_chunks(mtmd, &mut self.context, 0, 0, batch, true)
            .map_err(|error| {
                Failure::new(
                    Reason::Internal,
                    format!("llama.cpp cannot take in the page: {error}"),
                )
            })?;
        self.used = past.cast_unsigned();
        Ok(tokens)
    }

    fn decode(&mut self, tokens: &[u32]) -> Result<(), Failure> {
        if tokens.len() as u32 > self.room() {
            return Err(Failure::new(
                Reason::OutputCutOff,
                "the model's context is full",
            ));
        }
        for part in tokens.chunks(MICRO_BATCH as usize) {
            let mut batch = LlamaBatch::new(part.len(), 1);
            for (index, token) in part.iter().enumerate() {
                let is_last = index + 1 == part.len();
                let place = self.used.cast_signed();
                batch
                    .add(LlamaToken(token.cast_signed()), place, &[0], is_last)
                    .map_err(Failure::internal)?;
                self.used += 1;
            }
            self.context.decode(&mut batch).map_err(Failure::internal)?;
        }
        self.known.extend_from_slice(tokens);
        Ok(())
    }

    fn tokenizer(&self) -> Tokenize {
        let model = self.model;
        std::sync::Arc::new(move |text: &str| {
            let tokens = model.vocab().tokenize(text.as_bytes(), false, false);
            tokens.iter().map(|token| token.0.cast_unsigned()).collect()
        })
    }

    fn logits(&self) -> &[f32] {
        self.context.get_logits_ith(-1)
    }

    fn room(&self) -> u32 {
        self.context.n_ctx().saturating_sub(self.used)
    }
}

/// Names of the tokens with which a text could forge a turn: llama.cpp finds control
/// tokens and added tokens in any text. Of added tokens, words and punctuation are
/// harmless; tokens of the chat template, and those that look like a tag, are not.
fn controls(model: &LlamaModel, frame: &str) -> Vec<String> {
    let vocab = model.vocab();
    let forges = |token: &LlamaToken| {
        let attributes = vocab.attr(*token);
        let has = |attribute| attributes.contains(attribute);
        let name = vocab.token_to_piece(*token, true, None);
        let name = String::from_utf8(name)
            .ok()
            .filter(|name| !name.trim().is_empty())?;
        let is_added = has(LlamaTokenAttr::UserDefined);
        let is_control = has(LlamaTokenAttr::Control) || has(LlamaTokenAttr::Unknown);
        (is_control || (is_added && (frame.contains(&name) || turn::is_tag(&name)))).then_some(name)
    };
    vocab.tokens().filter_map(|token| forges(&token)).collect()
}

/// 16 hex digits that a document cannot know: they come from this process's
/// random hash keys.
fn random_name() -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("{:016x}", RandomState::new().hash_one(std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits that PyTorch computes of the shipped weights (`training/`,
    /// command `golden`), token by token.
    #[derive(serde::Deserialize)]
    struct Golden {
        kind: String,
        /// Under `fixtures/`.
        page: String,
        tiles: usize,
        steps: Vec<Step>,
    }

    /// The likeliest tokens, best first, and their logits.
    #[derive(serde::Deserialize)]
    struct Step {
        tokens: Vec<u32>,
        logits: Vec<f32>,
    }

    #[test]
    fn the_shipped_reader_computes_what_pytorch_does() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let golden = std::fs::read(root.join("tests/golden/reader.json")).unwrap();
        let golden: Golden = serde_json::from_slice(&golden).unwrap();
        let reading = crate::config::ReadingSettings {
            reader: Some("docmill-nano".into()),
            ..crate::config::ReadingSettings::default()
        };
        let installation = crate::engines::models::Installation::find(None).unwrap();
        let reader = installation.reader(&reading).unwrap();
        let page = image::open(root.join("fixtures").join(&golden.page)).unwrap();
        let rgb = page.to_rgb8();
        let page = crate::domain::PageImage::new(rgb.width(), rgb.height(), rgb.into_raw());
        let prompt = Prompt {
            images: image_layout::images(&page.unwrap(), &golden.kind, &reader.spec.image_layout)
                .unwrap(),
            instruction: format!("Read the {}.", golden.kind),
            continues: false,
        };
        assert_eq!(prompt.images.len(), golden.tiles);
        let mut model = LlamaModelContext::load(&reader, 1).unwrap();
        model.prefill(&prompt).unwrap();
        let mut worst = 0f32;
        for step in &golden.steps {
            let logits = model.logits();
            let best = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b]));
            assert_eq!(best, Some(step.tokens[0] as usize));
            for (token, expected) in step.tokens.iter().zip(&step.logits) {
                worst = worst.max((logits[*token as usize] - expected).abs());
            }
            model.decode(&step.tokens[..1]).unwrap();
        }
        // With flash attention, which mtmd turns on by itself, llama.cpp rounds
        // to 16 bits inside; without it the difference is below 0.01
        // (training/tests/test_training.py).
        assert!(worst < 0.25, "a logit differs by {worst}");
        // llama.cpp can be started only once in a process, so this is not a separate test.
        what_two_prompts_begin_with_is_taken_in_once(&mut model);
    }

    fn what_two_prompts_begin_with_is_taken_in_once(model: &mut LlamaModelContext) {
        let page = "Teehaus Gesamt 4,20 EUR\n".repeat(20);
        let prompt = |question: &str| format!("{page}{question}");
        model.prefill_text(&prompt("When?"), false).unwrap();
        let first = model.known.clone();
        model.decode(&[5, 6]).unwrap();
        let tokens = model.prefill_text(&prompt("How much?"), true).unwrap();
        assert_eq!((model.used, model.known.len() as u32), (tokens, tokens));
        let same = model.known.iter().zip(&first).take_while(|(a, b)| a == b);
        assert!(same.count() > 100);
        let continued = model.logits().to_vec();
        model.prefill_text(&prompt("How much?"), false).unwrap();
        let differs = model.logits().iter().zip(&continued);
        let most = differs.map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
        // Other batches round otherwise; another context would differ by whole
        // units.
        assert!(most < 0.25, "a logit differs by {most}");
    }
}
