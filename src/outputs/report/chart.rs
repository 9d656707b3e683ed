//! Plots of a run. Text takes the page's colour, so that a plot is readable on
//! dark and light.

use crate::outputs::markup::{Axes, COLOURS, Markup, round_step};
use crate::outputs::words::duration;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
/// Lines differ in their dashes as well as in their colours.
const DASHES: [&str; 4] = ["", "7 3", "2 3", "9 3 2 3"];

/// A named line of points.
pub struct Series {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// One part of a whole.
pub struct BarPart {
    pub name: String,
    pub number: u64,
    pub colour: &'static str,
}

/// Lines over time (x in seconds).
pub fn lines(label: &str, unit: &str, series: &[Series]) -> Markup {
    let points = || series.iter().flat_map(|series| &series.points);
    let most_x = points().map(|(x, _)| *x).fold(1.0, f64::max);
    let most_y = points().map(|(_, y)| *y).fold(1.0, f64::max);
    let (axes, mut content) = frame(most_x, most_y, unit);
    for (index, series) in series.iter().enumerate() {
        let points = axes.points(&series.points);
        let attributes = [
            ("fill", "none".into()),
            ("stroke", COLOURS[index % COLOURS.len()].into()),
            ("stroke-width", "2".into()),
            ("stroke-dasharray", DASHES[index % DASHES.len()].into()),
            ("points", (&points).into()),
        ];
        content.titled("polyline", &attributes, &series.name);
    }
    let mut out = Markup::svg(WIDTH, HEIGHT, label, content);
    out.append(legend(series));
    out
}

/// The names of lines, each after a piece of its line.
fn legend(series: &[Series]) -> Markup {
    let mut names = Markup::default();
    for (index, series) in series.iter().enumerate() {
        let mut line = Markup::default();
        let attributes = [
            ("x1", "0".into()),
            ("y1", "5".into()),
            ("x2", "34".into()),
            ("y2", "5".into()),
            ("stroke", COLOURS[index % COLOURS.len()].into()),
            ("stroke-width", "3".into()),
            ("stroke-dasharray", DASHES[index % DASHES.len()].into()),
        ];
        line.element("line", &attributes);
        let attributes = [
            ("class", "key".into()),
            ("viewBox", "0 0 34 10".into()),
            ("aria-hidden", "true".into()),
        ];
        let mut entry = Markup::default();
        entry.with("svg", &attributes, line);
        entry.plain(" ").plain(&series.name);
        names.with("span", &[], entry);
    }
    let mut out = Markup::default();
    out.with("p", &[("class", "legend".into())], names);
    out
}

/// Bars side by side, each `span` seconds wide.
pub fn bars(label: &str, unit: &str, span: f64, values: &[f64]) -> Markup {
    let most_x = span * values.len().max(1) as f64;
    let most_y = values.iter().copied().fold(1.0, f64::max);
    let (axes, mut content) = frame(most_x, most_y, unit);
    for (index, value) in values.iter().enumerate() {
        let from = index as f64 * span;
        let (start, end) = (axes.x(from), axes.x(from + span));
        let attributes = [
            ("x", start.into()),
            ("y", axes.y(*value).into()),
            ("width", (end - start - 1.0).max(0.5).into()),
            ("height", (axes.y(0.0) - axes.y(*value)).into()),
            ("fill", COLOURS[0].into()),
        ];
        let title = format!("{value:.0} {unit}, from {}", duration(from));
        content.titled("rect", &attributes, &title);
    }
    Markup::svg(WIDTH, HEIGHT, label, content)
}

/// A whole and its parts as one bar, with a line of words below.
pub fn parts(label: &str, parts: &[BarPart]) -> Markup {
    const BAR: f64 = 34.0;
    let all: u64 = parts.iter().map(|part| part.number).sum();
    let (mut bar, mut words) = (Markup::default(), Markup::default());
    let mut x = 0.0_f64;
    for part in parts.iter().filter(|part| part.number > 0) {
        let width = WIDTH * part.number as f64 / all as f64;
        let name = format!("{} {}", part.number, part.name);
        let attributes = [
            ("x", x.into()),
            ("y", "0".into()),
            ("width", width.into()),
            ("height", BAR.into()),
            ("fill", part.colour.into()),
        ];
        bar.titled("rect", &attributes, &name);
        let background = format!("background:{}", part.colour);
        let mut entry = Markup::default();
        entry.element("i", &[("style", (&background).into())]);
        entry.plain(" ").plain(&name);
        words.with("span", &[], entry);
        x += width;
    }
    let mut out = Markup::svg(WIDTH, BAR, label, bar);
    out.with("p", &[("class", "legend".into())], words);
    out
}

/// Rows of a name, a bar and words; the longest bar is the highest value.
pub fn rows(rows: &[(String, f64, String)]) -> Markup {
    let most = rows.iter().map(|(_, value, _)| *value).fold(0.0, f64::max);
    let mut table = Markup::default();
    for (name, value, words) in rows {
        let share = if most > 0.0 {
            100.0 * value / most
        } else {
            0.0
        };
        let style = format!("width:{share:.1}%;background:{}", COLOURS[0]);
        let mut bar = Markup::default();
        bar.element("i", &[("style", (&style).into())]);
        let mut row = Markup::default();
        row.text("th", &[("scope", "row".into())], name);
        row.with("td", &[("class", "bar".into())], bar);
        row.text("td", &[], words);
        table.with("tr", &[], row);
    }
    let mut out = Markup::default();
    out.with("table", &[("class", "rows".into())], table);
    out
}

/// Axes from 0 to at least these values, with their ticks.
fn frame(most_x: f64, most_y: f64, unit: &str) -> (Axes, Markup) {
    let step_y = round_step((most_y / 4.0).max(1.0));
    let steps = (most_y / step_y).ceil() as u32;
    let axes = Axes {
        width: WIDTH,
        height: HEIGHT,
        left: 56.0,
        right: 12.0,
        top: 14.0,
        bottom: 34.0,
        x: (0.0, most_x),
        y: (0.0, f64::from(steps) * step_y),
    };
    let mut out = Markup::default();
    for step in 0..=steps {
        let value = f64::from(step) * step_y;
        axes.grid_y(value, &mut out);
        // The top number carries the unit and stands above its line.
        let (x, y, anchor, words) = match step == steps {
            true => (0.0, axes.y(value) - 3.0, "start", format!("{value} {unit}")),
            false => (50.0, axes.y(value) + 4.0, "end", value.to_string()),
        };
        let place = [
            ("x", x.into()),
            ("y", y.into()),
            ("text-anchor", anchor.into()),
        ];
        out.text("text", &place, &words);
    }
    let step = time_step(most_x / 6.0);
    let ticks = (most_x / step + 1e-9) as u32;
    for at in (0..=ticks).map(|tick| f64::from(tick) * step) {
        let place = [
            ("x", axes.x(at).into()),
            ("y", (HEIGHT - 16.0).into()),
            ("text-anchor", "middle".into()),
        ];
        out.text("text", &place, &duration(at));
    }
    (axes, out)
}

fn time_step(least: f64) -> f64 {
    const STEPS: [f64; 15] = [
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0,
        14400.0,
    ];
    let fits = |step: &f64| *step >= least;
    let days = 86_400.0 * (least / 86_400.0).ceil();
    STEPS.into_iter().find(fits).unwrap_or(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers_above_the_highest_value() {
        let (axes, ticks) = frame(100.0, 87.0, "MiB");
        assert_eq!(axes.y, (0.0, 100.0));
        for tick in [">0<", ">50<", ">100 MiB<", ">1 min<"] {
            assert!(ticks.as_str().contains(tick), "{tick}: {}", ticks.as_str());
        }
        let (axes, _) = frame(100.0, 0.3, "MiB");
        assert_eq!(axes.y, (0.0, 1.0));
    }

    #[test]
    fn names_of_strangers_are_text_in_a_plot() {
        let part = BarPart {
            name: "<script>x</script>".into(),
            number: 1,
            colour: COLOURS[0],
        };
        let svg = parts("a\"b", &[part]);
        let svg = svg.as_str();
        assert!(
            !svg.contains("<script>") && svg.contains("&lt;script&gt;"),
            "{svg}"
        );
        assert!(svg.contains("aria-label=\"a&quot;b\""), "{svg}");
    }
}
