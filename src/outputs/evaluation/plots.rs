//! Plots as SVG, to stand in a page of HTML: colours and fonts are the page's
//! (CSS classes), nothing is fetched.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::documents::acceptance::{Reliability, RiskPoint, percent};

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 44.0;

/// Where values of both axes lie.
struct Axes {
    x: (f64, f64),
    y: (f64, f64),
}

impl Axes {
    fn x(&self, value: f64) -> f64 {
        let share = (value - self.x.0) / (self.x.1 - self.x.0);
        LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value - self.y.0) / (self.y.1 - self.y.0);
        HEIGHT - BOTTOM - share.clamp(0.0, 1.0) * (HEIGHT - TOP - BOTTOM)
    }

    fn line(&self, points: &[(f64, f64)]) -> String {
        let points = points.iter();
        let coordinates: Vec<String> = points
            .map(|(x, y)| format!("{:.1},{:.1}", self.x(*x), self.y(*y)))
            .collect();
        coordinates.join(" ")
    }

    /// Grid, ticks as percentages, and what the axes mean.
    fn frame(&self, x_label: &str, y_label: &str) -> String {
        let mut out = String::new();
        for (low, high, is_x) in [(self.x.0, self.x.1, true), (self.y.0, self.y.1, false)] {
            let step = step(high - low);
            for tick in 0..=((high - low) / step + 1e-9) as u32 {
                let value = low + f64::from(tick) * step;
                let label = percent(value);
                let (x, y) = (self.x(value), self.y(value));
                let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
                let _ = match is_x {
                    true => write!(
                        out,
                        r#"<line class="grid" x1="{x:.1}" y1="{TOP}" x2="{x:.1}" y2="{bottom}"/><text class="tick" x="{x:.1}" y="{:.1}" text-anchor="middle">{label}</text>"#,
                        bottom + 16.0
                    ),
                    false => write!(
                        out,
                        r#"<line class="grid" x1="{LEFT}" y1="{y:.1}" x2="{right}" y2="{y:.1}"/><text class="tick" x="{:.1}" y="{:.1}" text-anchor="end">{label}</text>"#,
                        LEFT - 6.0,
                        y + 4.0
                    ),
                };
            }
        }
        let middle = (LEFT + WIDTH - RIGHT) / 2.0;
        let half = (TOP + HEIGHT - BOTTOM) / 2.0;
        let _ = write!(
            out,
            r#"<text class="label" x="{middle:.1}" y="{:.1}" text-anchor="middle">{x_label}</text><text class="label" transform="translate(12 {half:.1}) rotate(-90)" text-anchor="middle">{y_label}</text>"#,
            HEIGHT - 8.0
        );
        out
    }
}

/// Four to six ticks at round numbers.
fn step(range: f64) -> f64 {
    let rough = (range / 5.0).max(1e-6);
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0];
    let fitting = factor.into_iter().find(|f| f * power >= rough * 0.999);
    fitting.unwrap_or(10.0) * power
}

fn svg(width: f64, height: f64, title: &str, body: &str) -> String {
    format!(
        r#"<svg style="max-width: {width:.0}px" viewBox="0 0 {width:.0} {height:.0}" role="img" aria-label="{title}"><title>{title}</title>{body}</svg>"#
    )
}

/// Lines and what they stand for, one below the other from (`x`, `y`) on.
fn legend(x: f64, y: f64, entries: &[(&str, String)]) -> String {
    let mut out = String::new();
    for (row, (class, text)) in entries.iter().enumerate() {
        let y = y + 17.0 * row as f64;
        let _ = write!(
            out,
            r#"<line class="{class}" x1="{:.1}" y1="{y:.1}" x2="{:.1}" y2="{y:.1}"/><text class="tick" x="{:.1}" y="{:.1}">{text}</text>"#,
            x,
            x + 22.0,
            x + 28.0,
            y + 4.0
        );
    }
    out
}

fn nothing(title: &str, why: &str) -> String {
    let text = format!(
        r#"<text class="label" x="{:.0}" y="{:.0}" text-anchor="middle">{why}</text>"#,
        WIDTH / 2.0,
        HEIGHT / 2.0
    );
    svg(WIDTH, HEIGHT, title, &text)
}

/// Share of accepted values that is wrong against the share that is accepted;
/// the dashed line is the wanted error.
pub fn risk_coverage(
    calibrated: Option<&[RiskPoint]>,
    own: &[RiskPoint],
    max_error: f64,
) -> String {
    let title = "Risk against coverage";
    if own.is_empty() && calibrated.is_none_or(<[_]>::is_empty) {
        return nothing(title, "no value came with a probability");
    }
    let points = |curve: &[RiskPoint]| -> Vec<(f64, f64)> {
        curve.iter().map(|p| (p.coverage, p.risk)).collect()
    };
    let most = calibrated.unwrap_or_default().iter().chain(own);
    let most = most.map(|p| p.risk).fold(max_error * 2.0, f64::max);
    let axes = Axes {
        x: (0.0, 1.0),
        y: (0.0, most.clamp(0.02, 1.0)),
    };
    let mut body = axes.frame("accepted values", "wrong among them");
    let mut entries = Vec::new();
    if !own.is_empty() {
        let _ = write!(
            body,
            r#"<polyline class="own" points="{}"/>"#,
            axes.line(&points(own))
        );
        entries.push(("own", "by the model&#39;s own probability".to_owned()));
    }
    if let Some(curve) = calibrated {
        let _ = write!(
            body,
            r#"<polyline class="main" points="{}"/>"#,
            axes.line(&points(curve))
        );
        entries.push(("main", "by the calibrated probability".to_owned()));
    }
    let wanted = axes.line(&[(0.0, max_error), (1.0, max_error)]);
    let _ = write!(body, r#"<polyline class="wanted" points="{wanted}"/>"#);
    entries.push(("wanted", format!("wanted: {}", percent(max_error))));
    body += &legend(LEFT + 10.0, TOP + 14.0, &entries);
    svg(WIDTH, HEIGHT, title, &body)
}

/// Share of right values against their probability. Dots are bins, as large as
/// what they hold; lines are isotonic regressions.
pub fn reliability(calibrated: Option<&Reliability>, own: &Reliability) -> String {
    let title = "Reliability of the probabilities";
    if own.values == 0 && calibrated.is_none_or(|c| c.values == 0) {
        return nothing(title, "no value came with a probability");
    }
    let axes = Axes {
        x: (0.0, 1.0),
        y: (0.0, 1.0),
    };
    let mut body = axes.frame("probability", "right");
    let diagonal = axes.line(&[(0.0, 0.0), (1.0, 1.0)]);
    let _ = write!(body, r#"<polyline class="wanted" points="{diagonal}"/>"#);
    let mut entries = Vec::new();
    let curves = [
        ("own", "the model&#39;s own", Some(own)),
        ("main", "calibrated", calibrated),
    ];
    for (class, name, curve) in curves {
        let Some(curve) = curve.filter(|curve| curve.values > 0) else {
            continue;
        };
        let _ = write!(
            body,
            r#"<polyline class="{class} thin" points="{}"/>"#,
            axes.line(&curve.isotonic)
        );
        for bin in &curve.bins {
            let radius = 2.5 + 9.0 * (bin.values as f64 / curve.values as f64).sqrt();
            let _ = write!(
                body,
                r#"<circle class="{class} dot" cx="{:.1}" cy="{:.1}" r="{radius:.1}"><title>{} values, mean probability {:.3}, right {:.3}</title></circle>"#,
                axes.x(bin.probability),
                axes.y(bin.right),
                bin.values,
                bin.probability,
                bin.right
            );
        }
        let text = format!("{name}: calibration error {:.3}", curve.ece);
        entries.push((class, text));
    }
    // Where right values are fewer than said: the emptiest corner.
    body += &legend(WIDTH / 2.0 - 20.0, HEIGHT - BOTTOM - 34.0, &entries);
    svg(WIDTH, HEIGHT, title, &body)
}

/// How often documents of a type (rows) were taken for one (columns).
pub fn confusion(routing: &BTreeMap<String, BTreeMap<String, u64>>) -> String {
    let title = "Routing: documents of a type, and what they were taken for";
    let mut columns: Vec<&str> = routing.keys().map(String::as_str).collect();
    let taken = routing.values().flat_map(BTreeMap::keys);
    for name in taken.map(String::as_str) {
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    // "None" stands last.
    columns.sort_by_key(|name| *name == "-");
    let (label, cell_width, cell_height) = (96.0, 84.0, 46.0);
    let width = label + cell_width * columns.len() as f64 + 8.0;
    let height = 46.0 + cell_height * routing.len() as f64 + 8.0;
    let mut body = String::new();
    for (at, name) in columns.iter().enumerate() {
        let x = label + cell_width * (at as f64 + 0.5);
        let name = if *name == "-" { "none" } else { name };
        let _ = write!(
            body,
            r#"<text class="label" x="{x:.1}" y="36" text-anchor="middle">{}</text>"#,
            escaped(name)
        );
    }
    let _ = write!(
        body,
        r#"<text class="tick" x="{label}" y="16">taken for</text>"#
    );
    for (row, (truth, taken)) in routing.iter().enumerate() {
        let y = 46.0 + cell_height * row as f64;
        let all: u64 = taken.values().sum();
        let _ = write!(
            body,
            r#"<text class="label" x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
            label - 8.0,
            y + cell_height / 2.0 + 4.0,
            escaped(truth)
        );
        for (at, name) in columns.iter().enumerate() {
            let count = taken.get(*name).copied().unwrap_or(0);
            let share = count as f64 / all.max(1) as f64;
            let class = if name == truth { "right" } else { "wrong" };
            let x = label + cell_width * at as f64;
            let tint = if count == 0 { 0.0 } else { 0.15 + 0.7 * share };
            let _ = write!(
                body,
                r#"<rect class="cell {class}" x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" rx="4" fill-opacity="{tint:.2}"/><text class="count" x="{:.1}" y="{:.1}" text-anchor="middle">{count}</text>"#,
                x + 2.0,
                y + 2.0,
                cell_width - 4.0,
                cell_height - 4.0,
                x + cell_width / 2.0,
                y + cell_height / 2.0 + 5.0
            );
        }
    }
    svg(width, height, title, &body)
}

/// Seconds by stage, summed over pages; the longest bar fills the width.
pub fn stages(seconds: &BTreeMap<String, f64>, pages: u64) -> String {
    let title = "Time by stage";
    let most = seconds.values().copied().fold(0.0, f64::max);
    if most == 0.0 {
        return nothing(title, "no page was worked on");
    }
    // In the order in which a page meets them; others after them.
    const ORDER: [&str; 6] = ["rasterize", "route", "wait", "prefill", "decode", "read"];
    let place = |stage: &str| ORDER.iter().position(|known| *known == stage);
    let mut seconds: Vec<(&str, f64)> = seconds.iter().map(|(s, t)| (s.as_str(), *t)).collect();
    seconds.sort_by_key(|(stage, _)| place(stage).unwrap_or(ORDER.len()));
    let row = 40.0;
    let height = row * seconds.len() as f64 + 12.0;
    let mut body = String::new();
    for (at, (stage, sum)) in seconds.into_iter().enumerate() {
        let y = 6.0 + row * at as f64;
        let width = (WIDTH - 250.0) * sum / most;
        let _ = write!(
            body,
            r#"<text class="label" x="84" y="{:.1}" text-anchor="end">{}</text><rect class="bar {}" x="92" y="{:.1}" width="{:.1}" height="22" rx="3"/><text class="tick" x="{:.1}" y="{:.1}">{sum:.1} s, {:.2} s a page</text>"#,
            y + 21.0,
            escaped(stage),
            if stage == "wait" { "idle" } else { "" },
            y + 5.0,
            width.max(1.0),
            100.0 + width,
            y + 20.0,
            sum / pages.max(1) as f64
        );
    }
    svg(WIDTH, height, title, &body)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use quick_xml::Reader;
    use quick_xml::events::Event;

    use super::*;
    use crate::documents::acceptance::{reliability as measured, risk_coverage as curve};

    /// Well-formed XML whose every coordinate lies on the canvas; how often
    /// each element occurs.
    fn elements(svg: &str) -> BTreeMap<String, usize> {
        let mut found = BTreeMap::new();
        let mut reader = Reader::from_str(svg);
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => return found,
                Event::Start(e) | Event::Empty(e) => {
                    let name = e.name().as_ref().to_owned();
                    for attribute in e.attributes() {
                        let attribute = attribute.unwrap();
                        let (key, value) = (attribute.key, attribute.value.into_owned());
                        if ["x", "y", "cx", "cy", "x1", "x2", "y1", "y2"]
                            .iter()
                            .any(|name| *name == key.as_ref())
                        {
                            let at: f64 = value.parse().unwrap();
                            assert!((0.0..=800.0).contains(&at), "{svg}");
                        }
                        assert!(!value.contains("NaN"), "{svg}");
                    }
                    *found.entry(name).or_default() += 1;
                }
                _ => {}
            }
        }
    }

    #[test]
    fn plots_are_well_formed_and_hold_what_they_are_given() {
        let claims = [(0.9, true), (0.8, false), (0.2, true)];
        let (points, measured) = (curve(&claims), measured(&claims));
        let risk = elements(&risk_coverage(Some(&points), &points, 0.005));
        assert_eq!(risk["polyline"], 3);
        let diagram = elements(&reliability(Some(&measured), &measured));
        assert_eq!(diagram["circle"], 2 * measured.bins.len());
        let taken = BTreeMap::from([("receipt".to_owned(), 3), ("-".to_owned(), 1)]);
        let routing = BTreeMap::from([("<b>".to_owned(), taken)]);
        assert_eq!(elements(&confusion(&routing))["rect"], 3);
        let seconds = BTreeMap::from([("read".to_owned(), 2.0), ("route".to_owned(), 0.0)]);
        assert_eq!(elements(&stages(&seconds, 2))["rect"], 2);
    }

    #[test]
    fn nothing_measured_is_said_and_not_drawn() {
        let empty = Reliability::default();
        for svg in [
            risk_coverage(None, &[], 0.005),
            reliability(None, &empty),
            stages(&BTreeMap::new(), 0),
            confusion(&BTreeMap::new()),
        ] {
            assert!(!elements(&svg).contains_key("polyline"));
        }
    }

    #[test]
    fn ticks_fall_on_round_numbers() {
        for (range, expected) in [(1.0, 0.2), (0.02, 0.005), (0.37, 0.1)] {
            assert!(
                (step(range) - expected).abs() < 1e-9,
                "{range} {}",
                step(range)
            );
        }
    }
}
