//! The recogniser, which reads the characters of line images.

use std::path::Path;

use rten::{Model, RunOptions, ValueOrView};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};

use super::crop::{Crop, HEIGHT};
use super::ctc::{self, Character, Dictionary};
use super::detect::{load_model, read_file};
use super::error::OcrError;
use super::parallel::ModelThreads;

/// Widths in a model batch are rounded up to a multiple of it, in pixels.
const BUCKET: usize = 32;
/// Most pixels of width in a model batch, padding included.
const BATCH_WIDTH: usize = 1280;

pub struct Recogniser {
    model: Model,
    dictionary: Dictionary,
}

/// The characters of one line image.
#[derive(Clone, Debug, Default)]
pub struct LineCharacters {
    pub characters: Vec<Character>,
    /// Width of a time step in pixels of the line image.
    pub step: f32,
}

impl LineCharacters {
    /// Mean confidence (0 to 1) of the characters; 0 without any.
    pub fn confidence(&self) -> f32 {
        let n = self.characters.len();
        let sum: f32 = self.characters.iter().map(|c| c.confidence).sum();
        if n == 0 { 0.0 } else { sum / n as f32 }
    }
}

impl Recogniser {
    pub fn load(path: &Path, dictionary: &Path) -> Result<Recogniser, OcrError> {
        let text = String::from_utf8(read_file(dictionary)?).map_err(|_| OcrError::Encoding {
            path: dictionary.to_owned(),
        })?;
        Ok(Recogniser {
            model: load_model(path)?,
            dictionary: Dictionary::parse(&text),
        })
    }

    /// Runs the model once. `Err` where the file is of another model or the
    /// dictionary does not belong to it.
    pub fn check(&self, options: &RunOptions) -> Result<(), OcrError> {
        let white = Crop {
            width: BUCKET,
            pixels: vec![255; BUCKET * HEIGHT * 3],
        };
        match self.run(&[white], &[0], options) {
            Err(OcrError::Run(_)) => Err(OcrError::Output("recogniser")),
            other => other.map(drop),
        }
    }

    /// Reads all line images, in model batches of similar width.
    pub fn read(
        &self,
        crops: &[Crop],
        threads: &ModelThreads,
    ) -> Result<Vec<LineCharacters>, OcrError> {
        let batches = batches(crops);
        let read = threads.run(batches.len(), |i, options| {
            self.run(crops, &batches[i], options)
        })?;
        let mut readings = vec![LineCharacters::default(); crops.len()];
        for (batch, found) in batches.iter().zip(read) {
            for (&i, reading) in batch.iter().zip(found) {
                readings[i] = reading;
            }
        }
        Ok(readings)
    }

    fn run(
        &self,
        crops: &[Crop],
        batch: &[usize],
        options: &RunOptions,
    ) -> Result<Vec<LineCharacters>, OcrError> {
        let width = batch
            .iter()
            .map(|&i| bucket(crops[i].width))
            .max()
            .unwrap_or(BUCKET);
        let input = ValueOrView::from(normalised(crops, batch, width));
        let output = self.model.run_one(input, Some(options.clone()))?;
        let output: Tensor<f32> = output.into_tensor().ok_or(OcrError::Output("recogniser"))?;
        let &[n, steps, classes] = output.shape() else {
            return Err(OcrError::Output("recogniser"));
        };
        if classes != self.dictionary.classes() {
            return Err(OcrError::Classes {
                dictionary: self.dictionary.classes().saturating_sub(2),
                classes,
            });
        }
        if n != batch.len() || steps == 0 {
            return Err(OcrError::Output("recogniser"));
        }
        let values = output.into_data();
        let rows = values.chunks_exact(steps * classes);
        Ok(rows
            .map(|rows| LineCharacters {
                characters: ctc::decode(rows, &self.dictionary),
                step: width as f32 / steps as f32,
            })
            .collect())
    }
}

fn bucket(width: usize) -> usize {
    width.div_ceil(BUCKET).max(2) * BUCKET
}

/// Groups of line images of similar width, wide ones first: small model batches
/// at the end keep all threads busy.
fn batches(crops: &[Crop]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..crops.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(bucket(crops[i].width)), i));
    let mut all: Vec<Vec<usize>> = Vec::new();
    for i in order {
        let fits = all.last().is_some_and(|batch| {
            let width = bucket(crops[batch[0]].width);
            let filled_up = width - bucket(crops[i].width);
            (batch.len() + 1) * width <= BATCH_WIDTH && filled_up <= width / 8
        });
        match all.last_mut() {
            Some(batch) if fits => batch.push(i),
            _ => all.push(vec![i]),
        }
    }
    all
}

/// `[lines, 3, HEIGHT, width]` f32, values -1 to 1, blue first; short lines are
/// padded with 0.
fn normalised(crops: &[Crop], batch: &[usize], width: usize) -> NdTensor<f32, 4> {
    let mut data = vec![0.0f32; batch.len() * 3 * HEIGHT * width];
    for (n, plane) in data.chunks_exact_mut(HEIGHT * width).enumerate() {
        let (crop, channel) = (&crops[batch[n / 3]], 2 - n % 3);
        for (y, row) in plane.chunks_exact_mut(width).enumerate() {
            let source = &crop.pixels[y * crop.width * 3..][..crop.width * 3];
            for (value, pixel) in row.iter_mut().zip(source.chunks_exact(3)) {
                *value = f32::from(pixel[channel]) / 127.5 - 1.0;
            }
        }
    }
    NdTensor::from_data([batch.len(), 3, HEIGHT, width], data)
}
