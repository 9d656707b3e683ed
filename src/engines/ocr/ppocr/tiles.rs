//! Divides a page larger than one detector input into overlapping tiles. Their
//! probability maps are joined before boxes are found, so that a line across two
//! tiles is one region.

use std::ops::Range;

use super::boxes::ProbabilityMap;

/// The detector's stride in pixels: its input sides are multiples of it.
pub const STRIDE: usize = 32;

/// A part of the page for one run of the detector, in detector pixels. It may
/// extend beyond the page's right and lower edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
    /// Columns of the page for which this tile's map is used.
    pub owned_x: Range<usize>,
    /// Rows of the page for which this tile's map is used.
    pub owned_y: Range<usize>,
}

/// Tiles of at most `side` x `side` pixels (a multiple of `STRIDE`) that cover
/// the page, neighbours sharing at least `overlap` pixels.
pub fn plan(width: usize, height: usize, side: usize, overlap: usize) -> Vec<Tile> {
    let columns = cut(width, side, overlap);
    let rows = cut(height, side, overlap);
    let mut tiles = Vec::with_capacity(columns.len() * rows.len());
    for (y, h, owned_y) in &rows {
        for (x, w, owned_x) in &columns {
            tiles.push(Tile {
                x: *x,
                y: *y,
                width: *w,
                height: *h,
                owned_x: owned_x.clone(),
                owned_y: owned_y.clone(),
            });
        }
    }
    tiles
}

/// Start, length and owned range of each piece of one axis.
fn cut(length: usize, side: usize, overlap: usize) -> Vec<(usize, usize, Range<usize>)> {
    let rounded = length.div_ceil(STRIDE).max(1) * STRIDE;
    if rounded <= side {
        return vec![(0, rounded, 0..length)];
    }
    let step = side.saturating_sub(overlap).max(STRIDE);
    let count = length.saturating_sub(side).div_ceil(step) + 1;
    // Equal pieces: each as short as the number of pieces allows.
    let piece = (length + (count - 1) * overlap)
        .div_ceil(count)
        .div_ceil(STRIDE)
        * STRIDE;
    let piece = piece.min(side);
    let last = length.saturating_sub(piece);
    let start = |i: usize| {
        if count == 1 {
            0
        } else {
            last * i / (count - 1)
        }
    };
    (0..count)
        .map(|i| {
            let from = if i == 0 {
                0
            } else {
                (start(i) + start(i - 1) + piece) / 2
            };
            let to = if i + 1 == count {
                length
            } else {
                (start(i + 1) + start(i) + piece) / 2
            };
            (start(i), piece, from..to)
        })
        .collect()
}

/// Copies the columns and rows that a tile owns into the page's map. `values`:
/// the tile's probabilities, shape `[height, width]`.
pub fn place(map: &mut ProbabilityMap, tile: &Tile, values: &[f32]) {
    for y in tile.owned_y.clone() {
        let from = (y - tile.y) * tile.width + tile.owned_x.start - tile.x;
        let n = tile.owned_x.len();
        map.values[y * map.width + tile.owned_x.start..][..n]
            .copy_from_slice(&values[from..from + n]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_small_page_is_one_tile_filled_up_to_the_stride() {
        let tiles = plan(100, 33, 960, 96);
        assert_eq!(tiles.len(), 1);
        assert_eq!((tiles[0].width, tiles[0].height), (128, 64));
        assert_eq!(
            (tiles[0].owned_x.clone(), tiles[0].owned_y.clone()),
            (0..100, 0..33)
        );
    }

    #[test]
    fn a_map_is_put_together_from_what_each_tile_owns() {
        let (width, height) = (70, 300);
        let mut map = ProbabilityMap {
            width,
            height,
            values: vec![-1.0; width * height],
        };
        for tile in plan(width, height, 128, 32) {
            let value =
                |i: usize| ((tile.y + i / tile.width) * 1000 + tile.x + i % tile.width) as f32;
            let values: Vec<f32> = (0..tile.width * tile.height).map(value).collect();
            place(&mut map, &tile, &values);
        }
        let expected: Vec<f32> = (0..width * height)
            .map(|i| (i / width * 1000 + i % width) as f32)
            .collect();
        assert_eq!(map.values, expected);
    }

    proptest! {
        #[test]
        fn every_pixel_is_owned_once_and_away_from_seams(width in 1usize..3000, height in 1usize..3000, side in 4usize..31) {
            let side = side * STRIDE;
            let tiles = plan(width, height, side, 96);
            let mut owned = 0;
            for tile in &tiles {
                owned += tile.owned_x.len() * tile.owned_y.len();
                prop_assert!(tile.width <= side && tile.height <= side);
                prop_assert!(tile.width % STRIDE == 0 && tile.height % STRIDE == 0);
                prop_assert!(tile.x <= tile.owned_x.start && tile.owned_x.end <= tile.x + tile.width);
                prop_assert!(tile.y <= tile.owned_y.start && tile.owned_y.end <= tile.y + tile.height);
                // Half the overlap lies between what is owned and an inner edge.
                prop_assert!(tile.owned_y.start == 0 || tile.owned_y.start - tile.y >= 40);
                prop_assert!(tile.owned_y.end == height || tile.y + tile.height - tile.owned_y.end >= 40);
            }
            prop_assert_eq!(owned, width * height);
        }
    }
}
