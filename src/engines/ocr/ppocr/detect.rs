//! The text detector: from a page to text boxes.

use std::path::Path;

use rten::{Model, ModelOptions, RunOptions, ValueOrView};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};

use super::boxes::{self, DbOptions, ProbabilityMap, TextRegion};
use super::error::OcrError;
use super::geometry::{Point, Quad};
use super::ink::{self, Survey};
use super::order::median;
use super::parallel::ModelThreads;
use super::raster::{Raster, Window};
use super::stack;
use super::tiles::{self, Tile};

/// Most pixels of the page that is surveyed: A4 at 180 dpi.
const SURVEYED: f32 = 3.2e6;
/// Most pixels of the page for the detector.
const DETECTED: f32 = 3.0e6;
/// Height of capitals in detector pixels after scaling. The detector finds letters
/// of 7 to 18 pixels equally well; its time grows with the square of the height.
const LETTER: f32 = 9.0;
/// Longest side of a tile in detector pixels.
const TILE: usize = 960;
/// Pixels that neighbouring tiles share, in detector pixels.
const OVERLAP: usize = 96;
/// Mean of each channel, of values 0 to 1 (PaddleOCR's `NormalizeImage` for its
/// detectors, blue first).
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
/// Standard deviation of each channel, from the same source.
const STD: [f32; 3] = [0.229, 0.224, 0.225];

pub struct Detector {
    model: Model,
    options: DbOptions,
}

/// The text boxes of a page, in its pixels.
#[derive(Clone, Debug, Default)]
pub struct Detection {
    pub quads: Vec<Quad>,
    /// Slope of the lines in degrees, -45 to 45; positive where they fall to the
    /// right.
    pub skew: f32,
}

impl Detector {
    pub fn load(path: &Path) -> Result<Detector, OcrError> {
        Ok(Detector {
            model: load_model(path)?,
            options: DbOptions::default(),
        })
    }

    /// Runs the model once. `Err` where the file is of another model.
    pub fn check(&self, options: &RunOptions) -> Result<(), OcrError> {
        let white = Raster {
            width: 64,
            height: 64,
            channels: 1,
            pixels: vec![255; 64 * 64].into(),
        };
        let tile = &tiles::plan(64, 64, TILE, OVERLAP)[0];
        match self.run(&white, tile, options) {
            Err(OcrError::Run(_)) => Err(OcrError::Output("detector")),
            other => other.map(drop),
        }
    }

    /// Finds the text of a page, scaled by the height of its letters.
    pub fn detect(&self, page: &Raster<'_>, threads: &ModelThreads) -> Result<Detection, OcrError> {
        let plan = Plan::of(page)?;
        let Some(window) = plan.window else {
            return Ok(Detection::default());
        };
        let mut pass = self.pass(page, window, plan.scale, &plan.inked, threads)?;
        if let Some(scale) = pass.better_scale(plan.scale, window) {
            pass = self.pass(page, window, scale, &plan.inked, threads)?;
        }
        Ok(pass.detection(page, &self.options))
    }

    /// One run over a window of the page.
    fn pass(
        &self,
        page: &Raster<'_>,
        window: Window,
        scale: f32,
        inked: &Inked,
        threads: &ModelThreads,
    ) -> Result<Pass, OcrError> {
        let side = |n: usize| ((n as f32 * scale).round() as usize).max(1);
        let small = page.resized(window, side(window.width), side(window.height))?;
        let to_page = Scaling {
            x: window.width as f32 / small.width as f32,
            y: window.height as f32 / small.height as f32,
            window,
        };
        let mut map = ProbabilityMap {
            width: small.width,
            height: small.height,
            values: vec![0.0; small.width * small.height],
        };
        let mut tiles = tiles::plan(
            small.width,
            small.height,
            tile_side(&small, threads),
            OVERLAP,
        );
        tiles.retain(|tile| inked.within(&to_page, tile));
        let outputs = threads.run(tiles.len(), |i, options| {
            self.run(&small, &tiles[i], options)
        })?;
        for (tile, values) in tiles.iter().zip(&outputs) {
            tiles::place(&mut map, tile, values);
        }
        Ok(Pass {
            regions: boxes::find(&map, &self.options),
            to_page,
        })
    }

    /// A tile's probabilities, shape `[height, width]`.
    fn run(
        &self,
        page: &Raster<'_>,
        tile: &Tile,
        options: &RunOptions,
    ) -> Result<Vec<f32>, OcrError> {
        let input = ValueOrView::from(normalised(page, tile));
        let output = self.model.run_one(input, Some(options.clone()))?;
        let output: Tensor<f32> = output.into_tensor().ok_or(OcrError::Output("detector"))?;
        if output.shape() != [1, 1, tile.height, tile.width] {
            return Err(OcrError::Output("detector"));
        }
        Ok(output.into_data())
    }
}

/// How a page is to be detected.
struct Plan {
    inked: Inked,
    /// The part with ink; `None` on an empty page.
    window: Option<Window>,
    /// Detector pixels of one page pixel.
    scale: f32,
}

impl Plan {
    fn of(page: &Raster<'_>) -> Result<Plan, OcrError> {
        let area = (page.width * page.height) as f32;
        let shrink = (SURVEYED / area).sqrt().min(1.0);
        let side = |n: usize| ((n as f32 * shrink).round() as usize).max(1);
        let survey = match shrink < 1.0 {
            true => {
                ink::survey(&page.resized(page.whole(), side(page.width), side(page.height))?)
            }
            false => ink::survey(page),
        };
        let shrunk = 1.0 / shrink;
        let window = survey.window().map(|w| grown(w, shrunk, page));
        let inked = window.map_or(area, |w| (w.width * w.height) as f32);
        let wanted = match survey.letter_height {
            Some(height) => LETTER / (height * shrunk),
            None => 1.0,
        };
        Ok(Plan {
            inked: Inked { survey, shrunk },
            window,
            scale: wanted.clamp(0.1, 4.0).min((DETECTED / inked).sqrt()),
        })
    }
}

/// The survey's ink, looked up by detector pixels.
struct Inked {
    survey: Survey,
    /// Page pixels of one survey pixel.
    shrunk: f32,
}

impl Inked {
    fn within(&self, to_page: &Scaling, tile: &Tile) -> bool {
        let x =
            |x: usize| ((x as f32 * to_page.x + to_page.window.x as f32) / self.shrunk) as usize;
        let y =
            |y: usize| ((y as f32 * to_page.y + to_page.window.y as f32) / self.shrunk) as usize;
        let (x0, x1) = (tile.owned_x.start, tile.owned_x.end);
        let (y0, y1) = (tile.owned_y.start, tile.owned_y.end);
        self.survey.has_ink(x(x0)..x(x1) + 1, y(y0)..y(y1) + 1)
    }
}

/// A window of the survey in page pixels, with a margin of one cell.
fn grown(window: Window, shrunk: f32, page: &Raster<'_>) -> Window {
    let at = |n: usize| (n as f32 * shrunk) as usize;
    let margin = at(ink::CELL);
    let x = at(window.x).saturating_sub(margin).min(page.width - 1);
    let y = at(window.y).saturating_sub(margin).min(page.height - 1);
    Window {
        x,
        y,
        width: (at(window.width) + 2 * margin).min(page.width - x),
        height: (at(window.height) + 2 * margin).min(page.height - y),
    }
}

/// From map pixels to page pixels.
#[derive(Clone, Copy)]
struct Scaling {
    x: f32,
    y: f32,
    window: Window,
}

impl Scaling {
    /// Integers are pixel centres in the map and pixel edges on the page.
    fn apply(&self, p: Point) -> Point {
        Point::new(
            (p.x + 0.5) * self.x + self.window.x as f32,
            (p.y + 0.5) * self.y + self.window.y as f32,
        )
    }
}

struct Pass {
    regions: Vec<TextRegion>,
    to_page: Scaling,
}

impl Pass {
    /// Another scale where the lines are lower or higher than planned: letters of
    /// dotted print break into parts, so that their height is underestimated.
    fn better_scale(&self, scale: f32, window: Window) -> Option<f32> {
        // Heights of boxes before they grow, in map pixels: half of a capital's.
        const LOW: f32 = 2.8;
        const GOOD: f32 = 4.5;
        const HIGH: f32 = 9.0;
        if self.regions.len() < 4 {
            return None;
        }
        let median = median(
            self.regions
                .iter()
                .map(|r| r.rect.width.min(r.rect.height))
                .collect(),
        );
        let most = (DETECTED / (window.width * window.height) as f32)
            .sqrt()
            .min(4.0);
        let better = (scale * GOOD / median).min(most);
        let off = median < LOW && better > 1.25 * scale || median > HIGH;
        off.then_some(better)
    }

    fn detection(&self, page: &Raster<'_>, options: &DbOptions) -> Detection {
        let skew = boxes::skew(&self.regions);
        let quad = |r| boxes::quad(r, skew, options).map(|p| self.to_page.apply(p));
        let quads: Vec<Quad> = self.regions.iter().map(quad).collect();
        let height = median(quads.iter().map(Quad::height).collect());
        let lines = |quad| stack::lines(page, quad, height);
        Detection {
            quads: quads.into_iter().flat_map(lines).collect(),
            skew,
        }
    }
}

/// Side of a tile in detector pixels: as large as allowed, but with one tile for
/// each thread where the page is large enough to divide.
fn tile_side(page: &Raster<'_>, threads: &ModelThreads) -> usize {
    let longest = page.width.max(page.height);
    let shared = longest.div_ceil(threads.count()) + OVERLAP;
    shared.max(480).next_multiple_of(tiles::STRIDE).min(TILE)
}

pub fn load_model(path: &Path) -> Result<Model, OcrError> {
    // Not `load_file`, which depends on the extension of the file's name.
    ModelOptions::with_all_ops()
        .load(read_file(path)?)
        .map_err(|source| OcrError::Model {
            path: path.to_owned(),
            source: Box::new(source),
        })
}

pub fn read_file(path: &Path) -> Result<Vec<u8>, OcrError> {
    std::fs::read(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::OutOfMemory => OcrError::Memory,
        _ => OcrError::Read {
            path: path.to_owned(),
            source,
        },
    })
}

/// A tile as `[1, 3, height, width]` f32, blue first; outside of the page the edge
/// pixels repeat.
fn normalised(page: &Raster<'_>, tile: &Tile) -> NdTensor<f32, 4> {
    let (w, h) = (tile.width, tile.height);
    let mut data = vec![0.0f32; 3 * w * h];
    for (c, plane) in data.chunks_exact_mut(w * h).enumerate() {
        let channel = if page.channels == 1 { 0 } else { 2 - c };
        let table: Vec<f32> = (0..=255u8)
            .map(|v| (f32::from(v) / 255.0 - MEAN[c]) / STD[c])
            .collect();
        let row_length = page.width * page.channels;
        for (y, row) in plane.chunks_exact_mut(w).enumerate() {
            let source =
                &page.pixels[(tile.y + y).min(page.height - 1) * row_length..][..row_length];
            for (x, value) in row.iter_mut().enumerate() {
                let x = (tile.x + x).min(page.width - 1);
                *value = table[usize::from(source[x * page.channels + channel])];
            }
        }
    }
    NdTensor::from_data([1, 3, h, w], data)
}
