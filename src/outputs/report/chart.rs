//! Plots as inline SVG: no script, no font or style from elsewhere. Text takes
//! the page's colour, so that a plot is readable on dark and light.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
/// Room for the axes' numbers.
const LEFT: f64 = 56.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 34.0;
/// Okabe and Ito's colours, which people who see colours otherwise can tell
/// apart; lines differ in their dashes as well.
pub const COLOURS: [&str; 6] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
];
const DASHES: [&str; 4] = ["", "7 3", "2 3", "9 3 2 3"];

/// A named line of points.
pub struct Series {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// One part of a whole.
pub struct Part {
    pub name: String,
    pub number: u64,
    pub colour: &'static str,
}

/// Lines over time (x in seconds).
pub fn lines(label: &str, unit: &str, series: &[Series]) -> String {
    let points = || series.iter().flat_map(|series| &series.points);
    let most_x = points().map(|(x, _)| *x).fold(1.0, f64::max);
    let most_y = points().map(|(_, y)| *y).fold(1.0, f64::max);
    let frame = Frame::new(most_x, most_y);
    let mut svg = frame.open(label, unit);
    for (index, series) in series.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let dash = DASHES[index % DASHES.len()];
        let path: Vec<String> = (series.points.iter())
            .map(|(x, y)| format!("{:.1},{:.1}", frame.x(*x), frame.y(*y)))
            .collect();
        let name = escape(&series.name);
        let _ = write!(
            svg,
            r#"<polyline fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}" points="{}"><title>{name}</title></polyline>"#,
            path.join(" ")
        );
    }
    svg + "</svg>" + &legend(series)
}

/// The names of lines, each after a piece of its line.
fn legend(series: &[Series]) -> String {
    let mut html = String::from(r#"<p class="legend">"#);
    for (index, series) in series.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let dash = DASHES[index % DASHES.len()];
        let _ = write!(
            html,
            r#"<span><svg class="key" viewBox="0 0 34 10" aria-hidden="true"><line x1="0" y1="5" x2="34" y2="5" stroke="{colour}" stroke-width="3" stroke-dasharray="{dash}"/></svg> {}</span> "#,
            escape(&series.name)
        );
    }
    html + "</p>"
}

/// Bars side by side, each `span` seconds wide.
pub fn bars(label: &str, unit: &str, span: f64, values: &[f64]) -> String {
    let most_x = span * values.len().max(1) as f64;
    let most_y = values.iter().copied().fold(1.0, f64::max);
    let frame = Frame::new(most_x, most_y);
    let mut svg = frame.open(label, unit);
    for (index, value) in values.iter().enumerate() {
        let (start, end) = (
            frame.x(index as f64 * span),
            frame.x((index + 1) as f64 * span),
        );
        let _ = write!(
            svg,
            r#"<rect x="{start:.1}" y="{:.1}" width="{:.1}" height="{:.1}" fill="{}"><title>{value:.0} {}, from {}</title></rect>"#,
            frame.y(*value),
            (end - start - 1.0).max(0.5),
            frame.y(0.0) - frame.y(*value),
            COLOURS[0],
            escape(unit),
            duration(index as f64 * span),
        );
    }
    svg + "</svg>"
}

/// A whole and its parts as one bar, with a line of words below.
pub fn parts(label: &str, parts: &[Part]) -> String {
    let all: u64 = parts.iter().map(|part| part.number).sum();
    let mut svg = format!(
        r#"<svg class="parts" viewBox="0 0 {WIDTH} 34" preserveAspectRatio="none" role="img" aria-label="{}">"#,
        escape(label)
    );
    let mut words = String::from(r#"<p class="legend">"#);
    let mut x = 0.0;
    for part in parts.iter().filter(|part| part.number > 0) {
        let width = WIDTH * part.number as f64 / all as f64;
        let (name, number, colour) = (escape(&part.name), part.number, part.colour);
        let _ = write!(
            svg,
            r#"<rect x="{x:.1}" y="0" width="{width:.1}" height="34" fill="{colour}"><title>{number} {name}</title></rect>"#
        );
        let _ = write!(
            words,
            r#"<span><i style="background:{colour}"></i> {number} {name}</span> "#
        );
        x += width;
    }
    svg + "</svg>" + &words + "</p>"
}

/// Rows of a name, a bar and words; the longest bar is the highest value.
pub fn rows(rows: &[(String, f64, String)]) -> String {
    let most = rows.iter().map(|(_, value, _)| *value).fold(0.0, f64::max);
    let mut html = String::from(r#"<table class="rows">"#);
    for (name, value, words) in rows {
        let share = if most > 0.0 {
            100.0 * value / most
        } else {
            0.0
        };
        let _ = write!(
            html,
            r#"<tr><th scope="row">{}</th><td class="bar"><i style="width:{share:.1}%;background:{}"></i></td><td>{}</td></tr>"#,
            escape(name),
            COLOURS[0],
            escape(words)
        );
    }
    html + "</table>"
}

/// Axes from 0 to round numbers, and where a value lies between them.
struct Frame {
    most_x: f64,
    most_y: f64,
    step_y: f64,
}

impl Frame {
    fn new(most_x: f64, most_y: f64) -> Frame {
        let step_y = round_step(most_y / 4.0);
        Frame {
            most_x,
            most_y: (most_y / step_y).ceil() * step_y,
            step_y,
        }
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (value / self.most_x).clamp(0.0, 1.0)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value / self.most_y).clamp(0.0, 1.0)
    }

    /// The start of an SVG with both axes.
    fn open(&self, label: &str, unit: &str) -> String {
        let mut svg = format!(
            r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{}">"#,
            escape(label)
        );
        let mut value = 0.0;
        while value <= self.most_y * 1.0001 {
            let y = self.y(value);
            let words = if value + self.step_y > self.most_y * 1.0001 {
                format!("{value} {unit}")
            } else {
                format!("{value}")
            };
            // The top number carries the unit and stands above its line.
            let _ = write!(
                svg,
                r#"<line class="grid" x1="{LEFT}" y1="{y:.1}" x2="{:.1}" y2="{y:.1}"/><text x="{:.1}" y="{:.1}" text-anchor="{}">{}</text>"#,
                WIDTH - RIGHT,
                if words.contains(' ') { 0.0 } else { LEFT - 6.0 },
                if words.contains(' ') {
                    y - 3.0
                } else {
                    y + 4.0
                },
                if words.contains(' ') { "start" } else { "end" },
                escape(&words)
            );
            value += self.step_y;
        }
        let step = time_step(self.most_x / 6.0);
        let mut at = 0.0;
        while at <= self.most_x {
            let x = self.x(at);
            let _ = write!(
                svg,
                r#"<text x="{x:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
                HEIGHT - BOTTOM + 18.0,
                duration(at)
            );
            at += step;
        }
        svg
    }
}

/// 1, 2 or 5 times a power of ten, not below `least`, and whole.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.max(1.0).log10().floor());
    let fits = |factor: &f64| factor * power >= least;
    [1.0, 2.0, 5.0, 10.0].into_iter().find(fits).unwrap_or(10.0) * power
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

/// `40 s`, `2 min`, `2 min 30 s`, `3 h`, `3 h 20 min`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round().max(0.0) as u64;
    let two = |number: u64, unit: &str, rest: u64, small: &str| match rest {
        0 => format!("{number} {unit}"),
        rest => format!("{number} {unit} {rest} {small}"),
    };
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => two(whole / 60, "min", whole % 60, "s"),
        _ => two(whole / 3600, "h", whole % 3600 / 60, "min"),
    }
}

/// Text for HTML and for attributes in double quotes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers_above_the_highest_value() {
        let frame = Frame::new(100.0, 87.0);
        assert_eq!((frame.most_y, frame.step_y), (100.0, 50.0));
        assert_eq!(frame.y(0.0), HEIGHT - BOTTOM);
        assert_eq!(frame.y(100.0), TOP);
        assert_eq!(round_step(0.25), 1.0);
        assert_eq!(round_step(21.0), 50.0);
        assert_eq!(round_step(1999.0), 2000.0);
    }

    #[test]
    fn durations_are_told_in_the_units_that_people_use() {
        let told = [0.4, 59.6, 150.0, 3600.0, 12_000.0].map(duration);
        assert_eq!(told, ["0 s", "1 min", "2 min 30 s", "1 h", "3 h 20 min"]);
    }

    #[test]
    fn names_of_strangers_are_text_in_a_plot() {
        let part = |name: &str| Part {
            name: name.into(),
            number: 1,
            colour: COLOURS[0],
        };
        let svg = parts("a\"b", &[part("<script>x</script>")]);
        assert!(
            !svg.contains("<script>") && svg.contains("&lt;script&gt;"),
            "{svg}"
        );
        assert!(svg.contains("aria-label=\"a&quot;b\""), "{svg}");
    }
}
