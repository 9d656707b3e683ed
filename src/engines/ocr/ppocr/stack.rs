//! Divides boxes of several lines: the detector may join short lines that are close
//! above each other, such as the numbers of a column.

use super::crop;
use super::geometry::Quad;
use super::raster::Raster;
use super::split;

/// A lower box, in line heights, is one line.
const HIGH: f32 = 1.5;
/// Least gap between lines, in line heights. Gaps between the letters of an upright
/// line are smaller.
const GAP: f32 = 0.1;

/// The lines of a box, top to bottom. `line_height`: the usual height of a line on
/// this page, in pixels.
pub fn lines(page: &Raster<'_>, quad: Quad, line_height: f32) -> Vec<Quad> {
    let (width, height) = (quad.width(), quad.height());
    if height < HIGH * line_height || width > 1.5 * height {
        return vec![quad];
    }
    // Turned by a quarter: the columns of the cut are the box's rows from below.
    let lying = quad.turned(1);
    let inked = crop::cut(page, &lying).inked();
    let gap = GAP * line_height / height * inked.len() as f32;
    let bands = split::bands(&inked, (gap as usize).max(2));
    let mut borders = vec![0];
    borders.extend(
        bands
            .windows(2)
            .map(|pair| (pair[0].end + pair[1].start) / 2),
    );
    borders.push(inked.len());
    let share = |x: usize| x as f32 / inked.len().max(1) as f32;
    let rows = borders.windows(2).rev();
    rows.map(|pair| lying.part(share(pair[0]), share(pair[1])).turned(3))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::geometry::Rect;
    use super::*;

    /// White, with black blocks: left, top, right, bottom.
    fn page(blocks: &[(usize, usize, usize, usize)]) -> Raster<'static> {
        let (width, height) = (80, 120);
        let mut pixels = vec![255; width * height];
        for &(x0, y0, x1, y1) in blocks {
            for y in y0..y1 {
                pixels[y * width + x0..y * width + x1].fill(0);
            }
        }
        Raster {
            width,
            height,
            channels: 1,
            pixels: pixels.into(),
        }
    }

    fn quad(y0: f32, y1: f32) -> Quad {
        Quad::upright(Rect {
            x0: 20.0,
            y0,
            x1: 44.0,
            y1,
        })
    }

    #[test]
    fn numbers_of_a_column_are_lines_of_their_own() {
        let page = page(&[(27, 15, 37, 30), (27, 42, 37, 57), (27, 69, 37, 84)]);
        let found = lines(&page, quad(10.0, 90.0), 25.0);
        let edges: Vec<(f32, f32)> = found
            .iter()
            .map(|q| (q.bounds().y0, q.bounds().y1))
            .collect();
        assert_eq!(edges.len(), 3, "{edges:?}");
        for (edge, expected) in edges.iter().zip([(10.0, 36.0), (36.0, 63.0), (63.0, 90.0)]) {
            assert!(
                (edge.0 - expected.0).abs() < 2.0 && (edge.1 - expected.1).abs() < 2.0,
                "{edges:?}"
            );
        }
        assert_eq!(found[0].0[0].x, 20.0);
        assert!(found[0].angle().abs() < 0.1);
    }

    #[test]
    fn a_line_and_a_text_that_runs_upwards_stay_whole() {
        let colon = page(&[(30, 20, 34, 24), (30, 32, 34, 36)]);
        assert_eq!(lines(&colon, quad(14.0, 40.0), 25.0), [quad(14.0, 40.0)]);
        let upwards = page(&[(27, 12, 37, 31), (27, 33, 37, 53), (27, 55, 37, 84)]);
        let whole = lines(&upwards, quad(10.0, 90.0), 25.0);
        assert_eq!(whole.len(), 1);
        assert!((whole[0].height() - 80.0).abs() < 1e-3);
    }
}
