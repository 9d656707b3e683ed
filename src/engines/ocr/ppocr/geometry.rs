//! Points, quads and the rectangle of least area around a set of points.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

impl Point {
    pub fn new(x: f32, y: f32) -> Point {
        Point { x, y }
    }

    pub fn distance(self, other: Point) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// The point `share` (0 to 1) of the way to `other`.
    pub fn towards(self, other: Point, share: f32) -> Point {
        Point::new(
            self.x + (other.x - self.x) * share,
            self.y + (other.y - self.y) * share,
        )
    }
}

/// Left (`x0`), top (`y0`), right (`x1`) and bottom edge (`y1`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rect {
    pub x0: f32,
    pub y0: f32,
    pub x1: f32,
    pub y1: f32,
}

impl Rect {
    pub fn around(points: &[Point]) -> Rect {
        let Some(first) = points.first() else {
            return Rect::default();
        };
        let start = Rect {
            x0: first.x,
            y0: first.y,
            x1: first.x,
            y1: first.y,
        };
        points.iter().fold(start, |rect, p| Rect {
            x0: rect.x0.min(p.x),
            y0: rect.y0.min(p.y),
            x1: rect.x1.max(p.x),
            y1: rect.y1.max(p.y),
        })
    }

    pub fn clamped(self, width: f32, height: f32) -> Rect {
        Rect {
            x0: self.x0.clamp(0.0, width),
            y0: self.y0.clamp(0.0, height),
            x1: self.x1.clamp(0.0, width),
            y1: self.y1.clamp(0.0, height),
        }
    }
}

/// Four corners, clockwise on the screen (y grows downwards), beginning with the
/// top left corner of the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quad(pub [Point; 4]);

impl Quad {
    pub fn upright(rect: Rect) -> Quad {
        Quad([
            Point::new(rect.x0, rect.y0),
            Point::new(rect.x1, rect.y0),
            Point::new(rect.x1, rect.y1),
            Point::new(rect.x0, rect.y1),
        ])
    }

    /// Mean length of the upper and the lower edge.
    pub fn width(&self) -> f32 {
        (self.0[0].distance(self.0[1]) + self.0[3].distance(self.0[2])) / 2.0
    }

    /// Mean length of the left and the right edge.
    pub fn height(&self) -> f32 {
        (self.0[0].distance(self.0[3]) + self.0[1].distance(self.0[2])) / 2.0
    }

    pub fn bounds(&self) -> Rect {
        Rect::around(&self.0)
    }

    pub fn centre(&self) -> Point {
        let sum = self
            .0
            .iter()
            .fold((0.0, 0.0), |s, p| (s.0 + p.x, s.1 + p.y));
        Point::new(sum.0 / 4.0, sum.1 / 4.0)
    }

    /// The slope of the upper edge in degrees, -180 to 180.
    pub fn angle(&self) -> f32 {
        (self.0[1].y - self.0[0].y)
            .atan2(self.0[1].x - self.0[0].x)
            .to_degrees()
    }

    pub fn map(self, f: impl Fn(Point) -> Point) -> Quad {
        Quad(self.0.map(f))
    }

    /// The same quad with its first corner moved by `turns` corners: one turn makes
    /// its left edge the upper one.
    pub fn turned(self, turns: usize) -> Quad {
        let mut corners = self.0;
        corners.rotate_right(turns % 4);
        Quad(corners)
    }

    /// The part between two shares (0 to 1) of the width.
    pub fn part(&self, from: f32, to: f32) -> Quad {
        let [a, b, c, d] = self.0;
        Quad([
            a.towards(b, from),
            a.towards(b, to),
            d.towards(c, to),
            d.towards(c, from),
        ])
    }
}

/// A rectangle in any position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RotatedRect {
    pub centre: Point,
    /// Unit vector along `width`.
    pub axis: Point,
    pub width: f32,
    pub height: f32,
}

impl RotatedRect {
    /// The rectangle with every edge moved outwards by `distance`.
    pub fn grown(self, distance: f32) -> RotatedRect {
        RotatedRect {
            width: self.width + 2.0 * distance,
            height: self.height + 2.0 * distance,
            ..self
        }
    }

    /// The corners, beginning with the top left one. The upper edge is the higher
    /// of those within 45 degrees of the horizontal.
    pub fn quad(&self) -> Quad {
        let (mut along, mut w, mut h) = (self.axis, self.width, self.height);
        if along.x.abs() < along.y.abs() {
            along = Point::new(-along.y, along.x);
            std::mem::swap(&mut w, &mut h);
        }
        if along.x < 0.0 {
            along = Point::new(-along.x, -along.y);
        }
        let across = Point::new(-along.y, along.x);
        let corner = |s: f32, t: f32| {
            Point::new(
                self.centre.x + along.x * w / 2.0 * s + across.x * h / 2.0 * t,
                self.centre.y + along.y * w / 2.0 * s + across.y * h / 2.0 * t,
            )
        };
        Quad([
            corner(-1.0, -1.0),
            corner(1.0, -1.0),
            corner(1.0, 1.0),
            corner(-1.0, 1.0),
        ])
    }
}

/// The convex hull, counter-clockwise in a system whose y grows upwards
/// (Andrew's monotone chain). Collinear points are left out.
pub fn convex_hull(points: &mut [Point]) -> Vec<Point> {
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    let mut hull: Vec<Point> = Vec::with_capacity(16);
    let cross =
        |o: Point, a: Point, b: Point| (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
    let add = |points: &mut dyn Iterator<Item = &Point>, hull: &mut Vec<Point>| {
        let start = hull.len();
        for &p in points {
            while hull.len() >= start + 2
                && cross(hull[hull.len() - 2], hull[hull.len() - 1], p) <= 0.0
            {
                hull.pop();
            }
            hull.push(p);
        }
        hull.pop();
    };
    add(&mut points.iter(), &mut hull);
    add(&mut points.iter().rev(), &mut hull);
    if hull.is_empty() {
        hull.extend(points.first());
    }
    hull
}

/// The rectangle of least area around a convex hull: one of its sides is on an
/// edge of the hull (Freeman and Shapira, CACM 1975). `None` for an empty hull.
pub fn min_area_rect(hull: &[Point]) -> Option<RotatedRect> {
    let first = *hull.first()?;
    let mut best = RotatedRect {
        centre: first,
        axis: Point::new(1.0, 0.0),
        width: 0.0,
        height: 0.0,
    };
    let mut least = f32::INFINITY;
    for (i, &a) in hull.iter().enumerate() {
        let b = hull[(i + 1) % hull.len()];
        let length = a.distance(b);
        if length == 0.0 {
            continue;
        }
        let axis = Point::new((b.x - a.x) / length, (b.y - a.y) / length);
        let rect = rect_along(hull, axis);
        let area = rect.width * rect.height;
        if area < least {
            least = area;
            best = rect;
        }
    }
    Some(best)
}

/// The smallest rectangle around `points` with a side along `axis`.
pub fn rect_along(points: &[Point], axis: Point) -> RotatedRect {
    let mut u = (f32::INFINITY, f32::NEG_INFINITY);
    let mut v = u;
    for p in points {
        let along = p.x * axis.x + p.y * axis.y;
        let across = p.y * axis.x - p.x * axis.y;
        u = (u.0.min(along), u.1.max(along));
        v = (v.0.min(across), v.1.max(across));
    }
    let (cu, cv) = ((u.0 + u.1) / 2.0, (v.0 + v.1) / 2.0);
    RotatedRect {
        centre: Point::new(cu * axis.x - cv * axis.y, cu * axis.y + cv * axis.x),
        axis,
        width: u.1 - u.0,
        height: v.1 - v.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(list: &[(f32, f32)]) -> Vec<Point> {
        list.iter().map(|&(x, y)| Point::new(x, y)).collect()
    }

    #[test]
    fn a_hull_leaves_out_inner_and_collinear_points() {
        let mut all = points(&[
            (0., 0.),
            (4., 0.),
            (2., 0.),
            (4., 3.),
            (0., 3.),
            (2., 1.),
            (4., 3.),
        ]);
        let hull = convex_hull(&mut all);
        assert_eq!(hull, points(&[(0., 0.), (4., 0.), (4., 3.), (0., 3.)]));
    }

    #[test]
    fn hulls_of_one_and_two_points_have_rectangles() {
        assert_eq!(min_area_rect(&convex_hull(&mut [])), None);
        let one = min_area_rect(&convex_hull(&mut points(&[(3., 4.)]))).unwrap();
        assert_eq!(
            (one.centre, one.width, one.height),
            (Point::new(3., 4.), 0., 0.)
        );
        let two = min_area_rect(&convex_hull(&mut points(&[(0., 0.), (6., 8.)]))).unwrap();
        assert_eq!((two.width, two.height), (10., 0.));
    }

    #[test]
    fn the_least_rectangle_follows_a_turned_one() {
        let (sin, cos) = 10f32.to_radians().sin_cos();
        let turn = |x: f32, y: f32| Point::new(50. + x * cos - y * sin, 40. + x * sin + y * cos);
        let mut corners = [
            turn(-30., -5.),
            turn(30., -5.),
            turn(30., 5.),
            turn(-30., 5.),
            turn(0., 2.),
        ];
        let quad = min_area_rect(&convex_hull(&mut corners)).unwrap().quad();
        assert!((quad.width() - 60.).abs() < 1e-3 && (quad.height() - 10.).abs() < 1e-3);
        assert!((quad.angle() - 10.).abs() < 1e-2, "{}", quad.angle());
        assert!(quad.0[0].distance(turn(-30., -5.)) < 1e-3);
    }

    #[test]
    fn a_quad_read_half_a_turn_on_begins_at_its_last_corner() {
        let quad = Quad::upright(Rect {
            x0: 0.,
            y0: 0.,
            x1: 8.,
            y1: 2.,
        });
        assert_eq!(quad.turned(2).0[0], Point::new(8., 2.));
        assert_eq!(quad.turned(1).0[0], Point::new(0., 2.));
        assert_eq!((quad.turned(1).width(), quad.turned(1).height()), (2., 8.));
        assert_eq!(
            quad.part(0.25, 0.5).bounds(),
            Rect {
                x0: 2.,
                y0: 0.,
                x1: 4.,
                y1: 2.
            }
        );
    }
}
