//! Finds the rotation of a page. A quarter turn shows in the detected boxes, which
//! are higher than wide; a half turn shows in the recogniser's confidence.

use super::detect::Detection;
use super::engine::{Engine, confidence};
use super::error::OcrError;
use super::geometry::Quad;
use super::lines::Piece;
use super::page::OcrPage;
use super::raster::{Raster, unturned};
use super::recognise::LineCharacters;

/// Most lines that are read both ways to decide.
const SAMPLE: usize = 6;
/// A page with a higher mean confidence (0 to 1) is upright.
const SURE: f32 = 0.85;
/// Least lead in mean confidence (0 to 1) of the turned reading.
const LEAD: f32 = 0.05;

/// An upright page and what was read on it.
pub struct Upright {
    /// Quarter turns clockwise from the page that was given.
    pub turns: u8,
    pub detection: Detection,
    pub pieces: Vec<Piece>,
    pub readings: Vec<LineCharacters>,
    /// Size of the page that was given.
    given: (f32, f32),
}

/// Turns the page if it must be, and reads it.
pub fn upright(
    engine: &Engine,
    page: Raster<'_>,
    detection: Detection,
) -> Result<Upright, OcrError> {
    let given = (page.width as f32, page.height as f32);
    if stands(&detection.quads) {
        let page = page.turned(1);
        let detection = engine.detector.detect(&page, &engine.threads)?;
        let sample = sample(&detection.quads);
        let one = engine.read_quads(&page, &sample)?;
        let other = engine.read_quads(&page, &flipped(&sample))?;
        if confidence(&other.1) <= confidence(&one.1) {
            return read(engine, &page, detection, 1, given);
        }
        let (page, detection) = half_turn(&page, detection);
        return read(engine, &page, detection, 3, given);
    }
    let straight = read(engine, &page, detection, 0, given)?;
    let sure = confidence(&straight.readings);
    if sure > SURE {
        return Ok(straight);
    }
    let sample = sample(&straight.detection.quads);
    let one = engine.read_quads(&page, &sample)?;
    let other = engine.read_quads(&page, &flipped(&sample))?;
    if confidence(&other.1) < confidence(&one.1) + LEAD {
        return Ok(straight);
    }
    let (page, detection) = half_turn(&page, straight.detection);
    read(engine, &page, detection, 2, given)
}

fn read(
    engine: &Engine,
    page: &Raster<'_>,
    detection: Detection,
    turns: u8,
    given: (f32, f32),
) -> Result<Upright, OcrError> {
    let (pieces, readings) = engine.read_quads(page, &detection.quads)?;
    Ok(Upright {
        turns,
        detection,
        pieces,
        readings,
        given,
    })
}

impl Upright {
    /// Maps all places to the page that was given.
    pub fn place_back(&self, page: &mut OcrPage) {
        if self.turns == 0 {
            return;
        }
        let (width, height) = self.given;
        let back = |quad: Quad| quad.map(|p| unturned(p, self.turns, width, height));
        for line in &mut page.lines {
            line.quad = back(line.quad);
            line.bounds = line.quad.bounds();
            for word in &mut line.words {
                word.bounds = back(Quad::upright(word.bounds)).bounds();
            }
        }
    }
}

/// Whether most of the text is turned by a quarter, judged by the lengths of the
/// boxes whose sides differ clearly.
fn stands(quads: &[Quad]) -> bool {
    let (mut lying, mut standing) = (0.0, 0.0);
    for quad in quads {
        let (w, h) = (quad.width(), quad.height());
        if w > 2.0 * h {
            lying += w;
        } else if h > 2.0 * w {
            standing += h;
        }
    }
    standing > 1.5 * lying
}

/// The longest lines that are short enough to be read fast.
fn sample(quads: &[Quad]) -> Vec<Quad> {
    let ratio = |q: &Quad| q.width() / q.height().max(1.0);
    let mut chosen: Vec<Quad> = quads.iter().filter(|q| ratio(q) < 14.0).copied().collect();
    if chosen.is_empty() {
        chosen = quads.to_vec();
    }
    chosen.sort_by(|a, b| ratio(b).total_cmp(&ratio(a)));
    chosen.truncate(SAMPLE);
    chosen
}

fn flipped(quads: &[Quad]) -> Vec<Quad> {
    quads.iter().map(|q| q.turned(2)).collect()
}

/// The page and its boxes turned by 180 degrees.
fn half_turn(page: &Raster<'_>, detection: Detection) -> (Raster<'static>, Detection) {
    let (width, height) = (page.width as f32, page.height as f32);
    let turn = |quad: &Quad| quad.turned(2).map(|p| unturned(p, 2, width, height));
    let detection = Detection {
        quads: detection.quads.iter().map(turn).collect(),
        skew: detection.skew,
    };
    (page.turned(2), detection)
}
