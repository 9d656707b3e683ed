//! From the detector's probability map to text boxes: the post-processing of
//! Differentiable Binarization (Liao et al., AAAI 2020, arXiv:1911.08947) as
//! PaddleOCR does it.

use super::geometry::{Point, Quad, RotatedRect, convex_hull, min_area_rect, rect_along};
use super::regions;

/// Probability of each pixel to belong to the core of a text line.
#[derive(Clone, Debug)]
pub struct ProbabilityMap {
    /// Detector pixels.
    pub width: usize,
    /// Detector pixels.
    pub height: usize,
    /// 0 to 1, shape `[height, width]`.
    pub values: Vec<f32>,
}

#[derive(Clone, Copy, Debug)]
pub struct DbOptions {
    /// Probability (0 to 1) above which a pixel belongs to text.
    pub threshold: f32,
    /// Least mean probability (0 to 1) within a box.
    pub box_threshold: f32,
    /// How much boxes grow (see [`unclip`]), as PaddleOCR's `unclip_ratio`: the
    /// detector is trained on shrunken lines.
    pub unclip_ratio: f32,
    /// Least short side in map pixels before growing.
    pub min_side: f32,
    /// Most boxes of a page; those at the bottom are left out first.
    pub max_boxes: usize,
}

impl Default for DbOptions {
    /// These values find more lines, with wider margins, than PaddleOCR's (0.3, 0.5,
    /// 1.6 and 3): measured on scanned receipts.
    fn default() -> DbOptions {
        DbOptions {
            threshold: 0.2,
            box_threshold: 0.4,
            unclip_ratio: 2.0,
            min_side: 2.0,
            max_boxes: 3000,
        }
    }
}

/// A region of text in map pixels, before it grows.
#[derive(Clone, Debug, PartialEq)]
pub struct TextRegion {
    pub hull: Vec<Point>,
    /// The rectangle of least area around it.
    pub rect: RotatedRect,
    /// Mean probability (0 to 1) within the rectangle.
    pub score: f32,
}

/// The regions above the threshold, by the first pixel of each in row order.
pub fn find(map: &ProbabilityMap, options: &DbOptions) -> Vec<TextRegion> {
    let runs = regions::runs(map.width, map.height, |x, y| {
        map.values[y * map.width + x] > options.threshold
    });
    let (labels, count) = regions::label(&runs);
    // A region's hull needs only the ends of its runs.
    let mut outlines: Vec<Vec<Point>> = vec![Vec::new(); count];
    for (run, &label) in runs.iter().zip(&labels) {
        outlines[label].push(Point::new(run.x0 as f32, run.y as f32));
        if run.x1 > run.x0 {
            outlines[label].push(Point::new(run.x1 as f32, run.y as f32));
        }
    }
    let found = outlines.into_iter().filter_map(|mut outline| {
        let hull = convex_hull(&mut outline);
        let rect = min_area_rect(&hull)?;
        if rect.width.min(rect.height) < options.min_side {
            return None;
        }
        let score = mean_within(map, &rect.quad());
        (score >= options.box_threshold).then_some(TextRegion { hull, rect, score })
    });
    found.take(options.max_boxes).collect()
}

/// The slope of the lines in degrees, -45 to 45: the median over the long
/// regions, weighted by their lengths; 0 without any.
pub fn skew(regions: &[TextRegion]) -> f32 {
    let mut slopes: Vec<(f32, f32)> = Vec::new();
    for region in regions.iter().filter(|r| is_long(r)) {
        let quad = region.rect.quad();
        slopes.push(match quad.width() >= quad.height() {
            true => (quad.angle(), quad.width()),
            // An upright box is a line of a turned page.
            false => (quad.angle(), quad.height()),
        });
    }
    slopes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = slopes.iter().map(|s| s.1).sum::<f32>() / 2.0;
    let mut sum = 0.0;
    let middle = slopes.iter().find(|s| {
        sum += s.1;
        sum >= half
    });
    middle.map_or(0.0, |s| s.0)
}

/// The grown box of a region. A long box keeps its own direction. A short one
/// gets the page's (`skew` in degrees), since its own is mostly random.
pub fn quad(region: &TextRegion, skew: f32, options: &DbOptions) -> Quad {
    let rect = match is_long(region) {
        true => region.rect,
        false => {
            let (sin, cos) = skew.to_radians().sin_cos();
            rect_along(&region.hull, Point::new(cos, sin))
        }
    };
    unclip(rect, options.unclip_ratio).quad()
}

fn is_long(region: &TextRegion) -> bool {
    let (w, h) = (region.rect.width, region.rect.height);
    w.max(h) >= 5.0 * w.min(h)
}

/// Grown on every side by area * ratio / circumference, the offset D' of
/// Differentiable Binarization: equal to the rectangle around PaddleOCR's polygon
/// offset with round corners.
pub fn unclip(rect: RotatedRect, ratio: f32) -> RotatedRect {
    let around = 2.0 * (rect.width + rect.height);
    if around <= 0.0 {
        return rect;
    }
    rect.grown(rect.width * rect.height * ratio / around)
}

/// The mean of the map over the pixels in a quad.
fn mean_within(map: &ProbabilityMap, quad: &Quad) -> f32 {
    let bounds = quad.bounds();
    let last = |n: usize| n.saturating_sub(1) as f32;
    let y0 = bounds.y0.floor().clamp(0.0, last(map.height)) as usize;
    let y1 = bounds.y1.ceil().clamp(0.0, last(map.height)) as usize;
    let (mut sum, mut count) = (0.0f64, 0usize);
    for y in y0..=y1 {
        let Some((left, right)) = span_at(quad, y as f32) else {
            continue;
        };
        let x0 = left.round().clamp(0.0, last(map.width)) as usize;
        let x1 = right.round().clamp(0.0, last(map.width)) as usize;
        let row = &map.values[y * map.width..][x0..=x1.max(x0)];
        sum += row.iter().map(|&v| f64::from(v)).sum::<f64>();
        count += row.len();
    }
    if count == 0 {
        0.0
    } else {
        (sum / count as f64) as f32
    }
}

/// The first and last x of a convex quad in the row `y`.
fn span_at(quad: &Quad, y: f32) -> Option<(f32, f32)> {
    let mut span: Option<(f32, f32)> = None;
    for i in 0..4 {
        let (a, b) = (quad.0[i], quad.0[(i + 1) % 4]);
        if y < a.y.min(b.y) - 0.5 || y > a.y.max(b.y) + 0.5 {
            continue;
        }
        let mut add = |x: f32| {
            let (l, r) = span.unwrap_or((x, x));
            span = Some((l.min(x), r.max(x)));
        };
        if (b.y - a.y).abs() < 1e-3 {
            add(a.x);
            add(b.x);
        } else {
            let share = ((y - a.y) / (b.y - a.y)).clamp(0.0, 1.0);
            add(a.x + (b.x - a.x) * share);
        }
    }
    span
}

#[cfg(test)]
mod tests {
    use super::super::geometry::Rect;
    use super::*;

    /// A map with turned rectangles of one value each: centre, size, degrees.
    fn map(
        width: usize,
        height: usize,
        rects: &[(f32, f32, f32, f32, f32, f32)],
    ) -> ProbabilityMap {
        let mut values = vec![0.0; width * height];
        for &(cx, cy, w, h, degrees, value) in rects {
            let (sin, cos) = degrees.to_radians().sin_cos();
            for (i, pixel) in values.iter_mut().enumerate() {
                let (x, y) = ((i % width) as f32 - cx, (i / width) as f32 - cy);
                let (along, across) = (x * cos + y * sin, y * cos - x * sin);
                if along.abs() <= w / 2.0 && across.abs() <= h / 2.0 {
                    *pixel = value;
                }
            }
        }
        ProbabilityMap {
            width,
            height,
            values,
        }
    }

    /// PaddleOCR's values.
    fn paddle() -> DbOptions {
        DbOptions {
            threshold: 0.3,
            box_threshold: 0.5,
            unclip_ratio: 1.6,
            min_side: 3.0,
            ..DbOptions::default()
        }
    }

    #[test]
    fn faint_and_tiny_regions_are_left_out() {
        let map = map(
            200,
            100,
            &[
                (50., 20., 60., 10., 0., 0.9),
                (50., 50., 60., 10., 0., 0.4),
                (150., 20., 2., 2., 0., 0.9),
            ],
        );
        let found = find(&map, &paddle());
        assert_eq!(found.len(), 1);
        assert!((found[0].score - 0.9).abs() < 1e-4);
        assert_eq!(
            found[0].rect.quad().bounds(),
            Rect {
                x0: 20.,
                y0: 15.,
                x1: 80.,
                y1: 25.
            }
        );
    }

    #[test]
    fn a_box_grows_by_its_area_over_its_circumference() {
        let rect = RotatedRect {
            centre: Point::new(50., 20.),
            axis: Point::new(1., 0.),
            width: 60.,
            height: 20.,
        };
        // 60 * 20 * 1.6 / 160 = 12 on every side.
        let grown = unclip(rect, 1.6);
        assert_eq!((grown.width, grown.height), (84., 44.));
        let point = RotatedRect {
            width: 0.,
            height: 0.,
            ..rect
        };
        assert_eq!(unclip(point, 1.6), point);
    }

    #[test]
    fn long_lines_give_the_slope_and_short_ones_take_it() {
        let lines = [
            (120., 40., 180., 12., 3., 0.9),
            (120., 80., 180., 12., 3., 0.9),
            (60., 115., 16., 12., 20., 0.9),
        ];
        let found = find(&map(260, 140, &lines), &DbOptions::default());
        let skew = skew(&found);
        assert!((skew - 3.0).abs() < 0.5, "{skew}");
        assert_eq!(found.len(), 3);
        let options = DbOptions::default();
        let short = quad(&found[2], skew, &options);
        assert!((short.angle() - skew).abs() < 0.01);
        assert!((quad(&found[0], skew, &options).angle() - 3.0).abs() < 0.5);
    }

    #[test]
    fn nothing_has_no_slope() {
        assert_eq!(skew(&[]), 0.0);
        assert!(find(&map(1, 1, &[]), &DbOptions::default()).is_empty());
    }

    #[test]
    fn boxes_agree_with_the_python_reference() {
        #[derive(serde::Deserialize)]
        struct Case {
            file: String,
            boxes: Vec<[[f32; 2]; 4]>,
            scores: Vec<f32>,
        }
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        let cases: Vec<Case> =
            serde_json::from_str(&std::fs::read_to_string(folder.join("db.json")).unwrap())
                .unwrap();
        for case in cases {
            let image = image::open(folder.join(&case.file)).unwrap().to_luma8();
            let map = ProbabilityMap {
                width: image.width() as usize,
                height: image.height() as usize,
                values: image.iter().map(|&v| f32::from(v) / 255.0).collect(),
            };
            let options = paddle();
            let found = find(&map, &options);
            assert_eq!(found.len(), case.boxes.len(), "{}", case.file);
            // The reference clips boxes to the map and rounds to whole pixels.
            let inside = |v: f32, n: usize| v.clamp(0.0, n as f32 - 1.0);
            for (corners, score) in case.boxes.iter().zip(&case.scores) {
                let near = found.iter().any(|region| {
                    let quad = unclip(region.rect, options.unclip_ratio).quad();
                    let off = quad.0.iter().zip(corners).map(|(p, c)| {
                        (inside(p.x, map.width) - c[0])
                            .abs()
                            .max((inside(p.y, map.height) - c[1]).abs())
                    });
                    off.fold(0.0, f32::max) <= 2.0 && (region.score - score).abs() < 0.03
                });
                assert!(near, "{}: no box at {corners:?} ({score})", case.file);
            }
        }
    }
}
