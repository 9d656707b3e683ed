//! Reading order: groups lines into rows.

use super::geometry::Quad;

/// Indices of the quads by row, top to bottom, in a row from left to right.
/// `skew`: slope of the lines in degrees.
pub fn rows(quads: &[Quad], skew: f32) -> Vec<Vec<usize>> {
    let (sin, cos) = skew.to_radians().sin_cos();
    let along = |i: usize| {
        let c = quads[i].centre();
        c.x * cos + c.y * sin
    };
    let across = |i: usize| {
        let c = quads[i].centre();
        c.y * cos - c.x * sin
    };
    let mut order: Vec<usize> = (0..quads.len()).collect();
    order.sort_by(|&a, &b| across(a).total_cmp(&across(b)).then(a.cmp(&b)));
    let mut rows: Vec<Vec<usize>> = Vec::new();
    // The middle and the height of the last row.
    let (mut middle, mut height) = (0.0f32, 0.0f32);
    for i in order {
        let (y, h) = (across(i), quads[i].height());
        match rows.last_mut() {
            Some(row) if (y - middle).abs() < 0.5 * height.min(h).max(1.0) => {
                row.push(i);
                let n = row.len() as f32;
                middle += (y - middle) / n;
                height += (h - height) / n;
            }
            _ => {
                rows.push(vec![i]);
                (middle, height) = (y, h);
            }
        }
    }
    for row in &mut rows {
        row.sort_by(|&a, &b| along(a).total_cmp(&along(b)).then(a.cmp(&b)));
    }
    rows
}

/// The median; 0 without values.
pub fn median(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::geometry::{Point, Rect};
    use super::*;

    fn line(x: f32, y: f32, width: f32, slope: f32) -> Quad {
        let (sin, cos) = slope.to_radians().sin_cos();
        let rect = Rect {
            x0: x,
            y0: y,
            x1: x + width,
            y1: y + 20.0,
        };
        Quad::upright(rect).map(|p| Point::new(p.x * cos - p.y * sin, p.x * sin + p.y * cos))
    }

    #[test]
    fn a_row_is_read_from_left_to_right() {
        let quads = [
            line(300., 2., 80., 0.),
            line(10., 40., 50., 0.),
            line(10., 0., 200., 0.),
        ];
        assert_eq!(rows(&quads, 0.0), [vec![2, 0], vec![1]]);
    }

    #[test]
    fn rows_follow_the_slope_of_the_page() {
        let quads = [
            line(10., 0., 100., 5.),
            line(600., 0., 100., 5.),
            line(10., 30., 100., 5.),
            line(600., 30., 100., 5.),
        ];
        assert_eq!(rows(&quads, 5.0), [vec![0, 1], vec![2, 3]]);
    }

    #[test]
    fn nothing_has_no_rows() {
        assert!(rows(&[], 0.0).is_empty());
        assert_eq!(median(vec![]), 0.0);
    }
}
