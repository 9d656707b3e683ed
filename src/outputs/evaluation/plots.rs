//! Plots of an evaluation. Colours are the page's (CSS classes).

use std::collections::BTreeMap;

use crate::documents::acceptance::{Reliability, RiskPoint, percent};
use crate::domain::count;
use crate::outputs::markup::{Attribute, Axes, Markup, round_step};

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 320.0;
const NO_PROBABILITY: &str = "no value came with a probability";

/// Axes from 0 to these values.
fn axes(most_x: f64, most_y: f64) -> Axes {
    Axes {
        width: WIDTH,
        height: HEIGHT,
        left: 54.0,
        right: 24.0,
        top: 14.0,
        bottom: 44.0,
        x: (0.0, most_x),
        y: (0.0, most_y),
    }
}

/// Grid, ticks as percentages, and what the axes mean.
fn frame(axes: &Axes, x_label: &str, y_label: &str) -> Markup {
    let mut out = Markup::default();
    for value in ticks(axes.x.1) {
        axes.grid_x(value, &mut out);
        let (x, y) = (axes.x(value), HEIGHT - axes.bottom + 16.0);
        text(&mut out, "tick", x, y, "middle", &percent(value));
    }
    for value in ticks(axes.y.1) {
        axes.grid_y(value, &mut out);
        let (x, y) = (axes.left - 6.0, axes.y(value) + 4.0);
        text(&mut out, "tick", x, y, "end", &percent(value));
    }
    let middle = (axes.left + WIDTH - axes.right) / 2.0;
    text(&mut out, "label", middle, HEIGHT - 8.0, "middle", x_label);
    let half = (axes.top + HEIGHT - axes.bottom) / 2.0;
    let turned = format!("translate(12 {half:.1}) rotate(-90)");
    let attributes = [
        ("class", "label".into()),
        ("transform", (&turned).into()),
        ("text-anchor", "middle".into()),
    ];
    out.text("text", &attributes, y_label);
    out
}

/// Four to six round numbers from 0.
fn ticks(most: f64) -> impl Iterator<Item = f64> {
    let step = round_step(most / 5.0);
    (0..=(most / step + 1e-9) as u32).map(move |tick| f64::from(tick) * step)
}

fn text(out: &mut Markup, class: &str, x: f64, y: f64, anchor: &str, text: &str) {
    let attributes = [
        ("class", class.into()),
        ("x", x.into()),
        ("y", y.into()),
        ("text-anchor", anchor.into()),
    ];
    out.text("text", &attributes, text);
}

fn polyline(out: &mut Markup, axes: &Axes, class: &str, points: &[(f64, f64)]) {
    let points = axes.points(points);
    let attributes = [("class", class.into()), ("points", (&points).into())];
    out.element("polyline", &attributes);
}

fn rectangle(out: &mut Markup, class: &str, place: [f64; 4], more: &[(&str, &str)]) {
    let [x, y, width, height] = place;
    let mut attributes: Vec<(&str, Attribute)> = vec![
        ("class", class.into()),
        ("x", x.into()),
        ("y", y.into()),
        ("width", width.into()),
        ("height", height.into()),
    ];
    attributes.extend(more.iter().map(|(key, value)| (*key, (*value).into())));
    out.element("rect", &attributes);
}

/// Lines and what they stand for, one below the other from (`x`, `y`) on.
fn legend(out: &mut Markup, x: f64, y: f64, entries: &[(&str, String)]) {
    for (row, (class, name)) in entries.iter().enumerate() {
        let y = y + 17.0 * row as f64;
        let attributes = [
            ("class", (*class).into()),
            ("x1", x.into()),
            ("y1", y.into()),
            ("x2", (x + 22.0).into()),
            ("y2", y.into()),
        ];
        out.element("line", &attributes);
        text(out, "tick", x + 28.0, y + 4.0, "start", name);
    }
}

fn nothing(title: &str, why: &str) -> Markup {
    let mut out = Markup::default();
    let (x, y) = (WIDTH / 2.0, HEIGHT / 2.0);
    text(&mut out, "label", x, y, "middle", why);
    Markup::svg(WIDTH, HEIGHT, title, out)
}

/// Share of accepted values that is wrong against the share that is accepted;
/// the dashed line is the wanted error.
pub fn risk_coverage(
    calibrated: Option<&[RiskPoint]>,
    own: &[RiskPoint],
    max_error: f64,
) -> Markup {
    let title = "Risk against coverage";
    if own.is_empty() && calibrated.is_none_or(<[_]>::is_empty) {
        return nothing(title, NO_PROBABILITY);
    }
    let points = |curve: &[RiskPoint]| -> Vec<(f64, f64)> {
        curve.iter().map(|p| (p.coverage, p.risk)).collect()
    };
    let most = calibrated.unwrap_or_default().iter().chain(own);
    let most = most.map(|p| p.risk).fold(max_error * 2.0, f64::max);
    let axes = axes(1.0, most.clamp(0.02, 1.0));
    let mut out = frame(&axes, "accepted values", "wrong among them");
    let mut entries = Vec::new();
    if !own.is_empty() {
        polyline(&mut out, &axes, "own", &points(own));
        entries.push(("own", "by the model's own probability".to_owned()));
    }
    if let Some(curve) = calibrated {
        polyline(&mut out, &axes, "main", &points(curve));
        entries.push(("main", "by the calibrated probability".to_owned()));
    }
    let wanted = [(0.0, max_error), (1.0, max_error)];
    polyline(&mut out, &axes, "wanted", &wanted);
    entries.push(("wanted", format!("wanted: {}", percent(max_error))));
    legend(&mut out, axes.left + 10.0, axes.top + 14.0, &entries);
    Markup::svg(WIDTH, HEIGHT, title, out)
}

/// Share of right values against their probability. Dots are bins, as large as
/// the number of their values; lines are isotonic regressions.
pub fn reliability(calibrated: Option<&Reliability>, own: &Reliability) -> Markup {
    let title = "Reliability of the probabilities";
    if own.values == 0 && calibrated.is_none_or(|c| c.values == 0) {
        return nothing(title, NO_PROBABILITY);
    }
    let axes = axes(1.0, 1.0);
    let mut out = frame(&axes, "probability", "right");
    polyline(&mut out, &axes, "wanted", &[(0.0, 0.0), (1.0, 1.0)]);
    let mut entries = Vec::new();
    let curves = [
        ("own", "the model's own", Some(own)),
        ("main", "calibrated", calibrated),
    ];
    for (class, name, curve) in curves {
        let Some(curve) = curve.filter(|curve| curve.values > 0) else {
            continue;
        };
        polyline(&mut out, &axes, &format!("{class} thin"), &curve.isotonic);
        for bin in &curve.bins {
            let radius = 2.5 + 9.0 * (bin.values as f64 / curve.values as f64).sqrt();
            let class = format!("{class} dot");
            let attributes = [
                ("class", (&class).into()),
                ("cx", axes.x(bin.probability).into()),
                ("cy", axes.y(bin.right).into()),
                ("r", radius.into()),
            ];
            let title = format!(
                "{}, mean probability {:.3}, right {:.3}",
                count(bin.values, "value"),
                bin.probability,
                bin.right
            );
            out.titled("circle", &attributes, &title);
        }
        let text = format!("{name}: calibration error {:.3}", curve.ece);
        entries.push((class, text));
    }
    // The corner of overconfident values, which is the emptiest.
    let (x, y) = (WIDTH / 2.0 - 20.0, HEIGHT - axes.bottom - 34.0);
    legend(&mut out, x, y, &entries);
    Markup::svg(WIDTH, HEIGHT, title, out)
}

/// How often documents of a type (rows) were classified as one (columns).
pub fn confusion(routing: &BTreeMap<String, BTreeMap<String, u64>>) -> Markup {
    const LABEL: f64 = 96.0;
    const CELL_WIDTH: f64 = 84.0;
    const CELL_HEIGHT: f64 = 46.0;
    const HEAD: f64 = 46.0;
    let columns = columns(routing);
    let mut out = Markup::default();
    text(&mut out, "tick", LABEL, 16.0, "start", "classified as");
    for (at, name) in columns.iter().enumerate() {
        let x = LABEL + CELL_WIDTH * (at as f64 + 0.5);
        let name = if *name == "-" { "none" } else { name };
        text(&mut out, "label", x, 36.0, "middle", name);
    }
    for (row, (truth, classified)) in routing.iter().enumerate() {
        let y = HEAD + CELL_HEIGHT * row as f64;
        let all: u64 = classified.values().sum();
        let middle = y + CELL_HEIGHT / 2.0;
        text(&mut out, "label", LABEL - 8.0, middle + 4.0, "end", truth);
        for (at, name) in columns.iter().enumerate() {
            let count = classified.get(*name).copied().unwrap_or(0);
            let share = count as f64 / all.max(1) as f64;
            let tint = if count == 0 { 0.0 } else { 0.15 + 0.7 * share };
            let tint = format!("{tint:.2}");
            let class = if name == truth {
                "cell right"
            } else {
                "cell wrong"
            };
            let x = LABEL + CELL_WIDTH * at as f64;
            let place = [x + 2.0, y + 2.0, CELL_WIDTH - 4.0, CELL_HEIGHT - 4.0];
            rectangle(
                &mut out,
                class,
                place,
                &[("rx", "4"), ("fill-opacity", &tint)],
            );
            let x = x + CELL_WIDTH / 2.0;
            text(
                &mut out,
                "count",
                x,
                middle + 5.0,
                "middle",
                &count.to_string(),
            );
        }
    }
    let title = "Routing: documents of a type, and what they were classified as";
    let width = LABEL + CELL_WIDTH * columns.len() as f64 + 8.0;
    let height = HEAD + CELL_HEIGHT * routing.len() as f64 + 8.0;
    Markup::svg(width, height, title, out)
}

/// The true types, then others that documents were classified as, then none.
fn columns(routing: &BTreeMap<String, BTreeMap<String, u64>>) -> Vec<&str> {
    let mut columns: Vec<&str> = routing.keys().map(String::as_str).collect();
    let classified = routing.values().flat_map(BTreeMap::keys);
    for name in classified.map(String::as_str) {
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    columns.sort_by_key(|name| *name == "-");
    columns
}

/// Seconds by stage, summed over pages; the longest bar fills the width.
pub fn stages(seconds: &BTreeMap<String, f64>, pages: u64) -> Markup {
    const ROW: f64 = 40.0;
    /// In the order in which a page meets them; others after them.
    const ORDER: [&str; 6] = ["rasterize", "route", "wait", "prefill", "decode", "read"];
    let title = "Time by stage";
    let most = seconds.values().copied().fold(0.0, f64::max);
    if most == 0.0 {
        return nothing(title, "no page was processed");
    }
    let place = |stage: &str| ORDER.iter().position(|known| *known == stage);
    let mut seconds: Vec<(&str, f64)> = seconds.iter().map(|(s, t)| (s.as_str(), *t)).collect();
    seconds.sort_by_key(|(stage, _)| place(stage).unwrap_or(ORDER.len()));
    let height = ROW * seconds.len() as f64 + 12.0;
    let mut out = Markup::default();
    for (at, (stage, sum)) in seconds.into_iter().enumerate() {
        let y = 6.0 + ROW * at as f64;
        let width = (WIDTH - 250.0) * sum / most;
        text(&mut out, "label", 84.0, y + 21.0, "end", stage);
        let class = if stage == "wait" { "bar idle" } else { "bar" };
        let place = [92.0, y + 5.0, width.max(1.0), 22.0];
        rectangle(&mut out, class, place, &[("rx", "3")]);
        let words = format!("{sum:.1} s, {:.2} s per page", sum / pages.max(1) as f64);
        text(&mut out, "tick", 100.0 + width, y + 20.0, "start", &words);
    }
    Markup::svg(WIDTH, height, title, out)
}

#[cfg(test)]
mod tests {
    use quick_xml::Reader;
    use quick_xml::events::Event;

    use super::*;
    use crate::documents::acceptance::{reliability as measured, risk_coverage as curve};

    /// Well-formed XML whose every coordinate lies on the canvas; how often
    /// each element occurs.
    fn elements(svg: &Markup) -> BTreeMap<String, usize> {
        let svg = svg.as_str();
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
        let predictions = [(0.9, true), (0.8, false), (0.2, true)];
        let (points, measured) = (curve(&predictions), measured(&predictions));
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
    fn ticks_are_round_numbers_up_to_the_end_of_the_axis() {
        for (most, expected) in [(1.0, 5), (0.02, 4), (0.37, 3)] {
            assert_eq!(ticks(most).count(), expected + 1, "{most}");
        }
    }
}
