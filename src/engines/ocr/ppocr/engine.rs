//! The models and the threads that they run on.

use super::crop::{self, Crop};
use super::detect::Detector;
use super::error::OcrError;
use super::geometry::Quad;
use super::lines::Piece;
use super::parallel::ModelThreads;
use super::raster::Raster;
use super::recognise::{LineCharacters, Recogniser};
use super::split;

pub struct Engine {
    pub detector: Detector,
    pub recogniser: Recogniser,
    pub threads: ModelThreads,
}

impl Engine {
    /// Cuts quads out of the page, in pieces, and reads them. An upright box is
    /// read in each direction that it may have; the reading with the highest
    /// confidence is kept.
    pub fn read_quads(
        &self,
        page: &Raster<'_>,
        quads: &[Quad],
    ) -> Result<(Vec<Piece>, Vec<LineCharacters>), OcrError> {
        let directions: Vec<(usize, Quad)> = quads
            .iter()
            .enumerate()
            .flat_map(|(i, quad)| directions(quad).into_iter().map(move |quad| (i, quad)))
            .collect();
        let cut = self
            .threads
            .run(directions.len(), |i, _| Ok(pieces(page, directions[i].1)))?;
        let counts: Vec<usize> = cut.iter().map(Vec::len).collect();
        let (pieces, crops): (Vec<Piece>, Vec<Crop>) = cut.into_iter().flatten().unzip();
        let readings = self.recogniser.read(&crops, &self.threads)?;
        let mut all = pieces.into_iter().zip(readings);
        // The best direction of each quad, with its confidence.
        let mut best: Vec<(f32, Vec<(Piece, LineCharacters)>)> =
            vec![(-1.0, Vec::new()); quads.len()];
        for ((i, _), count) in directions.iter().zip(counts) {
            let read: Vec<(Piece, LineCharacters)> = all.by_ref().take(count).collect();
            let sure = confidence(read.iter().map(|(_, reading)| reading));
            if sure > best[*i].0 {
                best[*i] = (sure, read);
            }
        }
        Ok(best.into_iter().flat_map(|(_, read)| read).unzip())
    }
}

/// In which directions a quad may have to be read.
fn directions(quad: &Quad) -> Vec<Quad> {
    match quad.height() > 3.0 * quad.width() {
        true => vec![*quad, quad.turned(1), quad.turned(3)],
        false => vec![*quad],
    }
}

fn pieces(page: &Raster<'_>, quad: Quad) -> Vec<(Piece, Crop)> {
    let crop = crop::cut(page, &quad);
    let inked = crop.inked();
    let width = crop.width as f32;
    let pieces = split::pieces(&inked).into_iter().map(|part| {
        let piece = Piece {
            quad: quad.part(part.start as f32 / width, part.end as f32 / width),
            inked: inked[part.clone()].to_vec(),
        };
        (piece, crop.part(part.start, part.end))
    });
    pieces.collect()
}

/// Mean confidence (0 to 1) of all characters; 0 without any.
pub fn confidence<'a>(readings: impl IntoIterator<Item = &'a LineCharacters>) -> f32 {
    let characters = readings.into_iter().flat_map(|reading| &reading.characters);
    let (sum, n) = characters.fold((0.0, 0), |(sum, n), c| (sum + c.confidence, n + 1));
    if n == 0 { 0.0 } else { sum / n as f32 }
}
