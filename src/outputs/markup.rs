//! HTML pages and SVG plots. All text is escaped here, since names and values come from
//! untrusted files.

use std::fmt::Write;

use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use crate::documents::acceptance::percent;
use crate::domain::{count, noun};

/// Okabe and Ito's colours, which people with colour vision deficiencies can
/// distinguish.
pub const COLOURS: [&str; 6] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
];

/// The environment of page templates: text is escaped, unknown names are errors.
pub fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_filter("percent", |share: f64| format!("{:.1} %", share * 100.0));
    environment.add_filter("rate", percent);
    environment.add_filter("counted", |number: u64, one: &str| count(number, one));
    environment.add_filter("noun", |number: u64, one: &str| noun(number, one));
    environment.add_filter("seconds", |value: f64| format!("{value:.2} s"));
    environment.add_filter("figure", |value: Option<f64>| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
    });
    environment
}

/// Text for elements and for attributes in double quotes.
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

/// Value of an attribute. Numbers have one decimal place.
pub enum Attribute<'a> {
    Text(&'a str),
    Number(f64),
}

impl<'a> From<&'a str> for Attribute<'a> {
    fn from(text: &'a str) -> Attribute<'a> {
        Attribute::Text(text)
    }
}

impl<'a> From<&'a String> for Attribute<'a> {
    fn from(text: &'a String) -> Attribute<'a> {
        Attribute::Text(text)
    }
}

impl From<f64> for Attribute<'_> {
    fn from(number: f64) -> Attribute<'static> {
        Attribute::Number(number)
    }
}

/// A sequence of elements.
#[derive(Default)]
pub struct Markup(String);

impl Markup {
    /// Escaped text between elements.
    pub fn plain(&mut self, text: &str) -> &mut Self {
        self.0.push_str(&escape(text));
        self
    }

    /// An element with escaped text.
    pub fn text(&mut self, name: &str, attributes: &[(&str, Attribute)], text: &str) -> &mut Self {
        self.with(name, attributes, Markup(escape(text)))
    }

    /// An element without content.
    pub fn element(&mut self, name: &str, attributes: &[(&str, Attribute)]) -> &mut Self {
        self.with(name, attributes, Markup::default())
    }

    /// An element with a tooltip.
    pub fn titled(
        &mut self,
        name: &str,
        attributes: &[(&str, Attribute)],
        title: &str,
    ) -> &mut Self {
        let mut content = Markup::default();
        content.text("title", &[], title);
        self.with(name, attributes, content)
    }

    /// An element around others.
    pub fn with(
        &mut self,
        name: &str,
        attributes: &[(&str, Attribute)],
        content: Markup,
    ) -> &mut Self {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "<{name}");
        for (key, value) in attributes {
            let _ = match value {
                Attribute::Text(text) => write!(self.0, r#" {key}="{}""#, escape(text)),
                Attribute::Number(number) => write!(self.0, r#" {key}="{number:.1}""#),
            };
        }
        let _ = write!(self.0, ">{}</{name}>", content.0);
        self
    }

    /// An SVG image of this size in pixels, which shrinks with the page.
    pub fn svg(width: f64, height: f64, label: &str, content: Markup) -> Markup {
        let view_box = format!("0 0 {width:.0} {height:.0}");
        let style = format!("max-width: {width:.0}px");
        let mut out = Markup::default();
        out.with(
            "svg",
            &[
                ("style", (&style).into()),
                ("viewBox", (&view_box).into()),
                ("role", "img".into()),
                ("aria-label", label.into()),
            ],
            content,
        );
        out
    }

    pub fn append(&mut self, other: Markup) -> &mut Self {
        self.0.push_str(&other.0);
        self
    }

    /// A value for page templates, which do not escape it again.
    pub fn into_value(self) -> minijinja::Value {
        minijinja::Value::from_safe_string(self.0)
    }

    #[cfg(test)]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Axes of a plot, which map values to pixels.
pub struct Axes {
    /// Width of the image in pixels.
    pub width: f64,
    /// Height of the image in pixels.
    pub height: f64,
    /// Margins for ticks and labels in pixels.
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    /// Lowest and highest value of each axis.
    pub x: (f64, f64),
    pub y: (f64, f64),
}

impl Axes {
    /// Position of a value in pixels; a value outside of the axis is at its end.
    pub fn x(&self, value: f64) -> f64 {
        let share = (value - self.x.0) / (self.x.1 - self.x.0);
        self.left + share.clamp(0.0, 1.0) * (self.width - self.left - self.right)
    }

    pub fn y(&self, value: f64) -> f64 {
        let share = (value - self.y.0) / (self.y.1 - self.y.0);
        self.height - self.bottom - share.clamp(0.0, 1.0) * (self.height - self.top - self.bottom)
    }

    /// The `points` attribute of a polyline.
    pub fn points(&self, points: &[(f64, f64)]) -> String {
        let point = |(x, y): &(f64, f64)| format!("{:.1},{:.1}", self.x(*x), self.y(*y));
        points.iter().map(point).collect::<Vec<_>>().join(" ")
    }

    /// A horizontal line of the grid.
    pub fn grid_y(&self, value: f64, out: &mut Markup) {
        let y = self.y(value);
        let ends = [
            ("class", "grid".into()),
            ("x1", self.left.into()),
            ("y1", y.into()),
            ("x2", (self.width - self.right).into()),
            ("y2", y.into()),
        ];
        out.element("line", &ends);
    }

    /// A vertical line of the grid.
    pub fn grid_x(&self, value: f64, out: &mut Markup) {
        let x = self.x(value);
        let ends = [
            ("class", "grid".into()),
            ("x1", x.into()),
            ("y1", self.top.into()),
            ("x2", x.into()),
            ("y2", (self.height - self.bottom).into()),
        ];
        out.element("line", &ends);
    }
}

/// 1, 2 or 5 times a power of ten: the smallest such step that is not below
/// `least`.
pub fn round_step(least: f64) -> f64 {
    let least = least.max(1e-6);
    let power = 10f64.powf(least.log10().floor());
    let fits = |factor: &f64| factor * power >= least * 0.999;
    [1.0, 2.0, 5.0, 10.0].into_iter().find(fits).unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_strangers_is_escaped_in_elements_and_attributes() {
        let mut markup = Markup::default();
        markup.text("b", &[("title", "a\"b".into())], "<script>x</script>");
        let expected = r#"<b title="a&quot;b">&lt;script&gt;x&lt;/script&gt;</b>"#;
        assert_eq!(markup.as_str(), expected);
        let page = environment().render_str("{{ x }}", minijinja::context! { x => "<i>" });
        assert_eq!(page.unwrap(), "&lt;i&gt;");
    }

    #[test]
    fn steps_between_ticks_are_round_numbers() {
        let cases = [
            (0.2, 0.2),
            (0.004, 0.005),
            (0.074, 0.1),
            (21.0, 50.0),
            (1999.0, 2000.0),
        ];
        for (least, expected) in cases {
            let step = round_step(least);
            assert!((step - expected).abs() < 1e-9, "{least}: {step}");
        }
    }

    #[test]
    fn a_value_outside_the_axes_is_drawn_at_their_end() {
        let axes = Axes {
            width: 100.0,
            height: 50.0,
            left: 10.0,
            right: 10.0,
            top: 5.0,
            bottom: 5.0,
            x: (0.0, 2.0),
            y: (0.0, 1.0),
        };
        assert_eq!((axes.x(1.0), axes.x(9.0)), (50.0, 90.0));
        assert_eq!((axes.y(0.0), axes.y(1.0), axes.y(2.0)), (45.0, 5.0, 5.0));
    }
}
