//! What of a page's measures is reported, and what to do about it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::domain::{Finding, FindingCode, PageQuality};

const SHIPPED: &str = include_str!("../../../schemas/quality.json");
/// Name of the file in a folder of document types, or in its `schemas`.
const FILE: &str = "quality.json";

/// The criteria of pages. Every one that holds makes a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criteria {
    criteria: Vec<Criterion>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Criterion {
    finding: FindingCode,
    /// All of them hold.
    when: BTreeMap<Measure, CriterionBounds>,
    /// What was found and what to do.
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CriterionBounds {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    above: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    below: Option<f32>,
}

/// A number of [`PageQuality`] that criteria may name.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumIter,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Measure {
    Ink,
    Words,
    /// Blur as a share of the text's height.
    RelativeBlur,
    /// Blur in pixels.
    Blur,
    TextHeight,
    Lightest,
    Contrast,
    Clipped,
    Skew,
    Turned,
    CutLines,
    Blocks,
}

impl Measure {
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// `None`: the page has nothing to measure it by.
    pub fn of(self, quality: &PageQuality) -> Option<f32> {
        match self {
            Measure::Ink => Some(quality.ink),
            Measure::Words => Some(quality.words as f32),
            Measure::RelativeBlur => quality.relative_blur(),
            Measure::Blur => quality.blur,
            Measure::TextHeight => quality.text_height,
            Measure::Lightest => Some(quality.lightest),
            Measure::Contrast => Some(quality.contrast),
            Measure::Clipped => Some(quality.clipped),
            Measure::Skew => quality.skew,
            Measure::Turned => Some(quality.turned as f32),
            Measure::CutLines => Some(quality.cut_lines as f32),
            Measure::Blocks => Some(quality.blocks as f32),
        }
    }
}

impl Criteria {
    /// Those that docmill ships.
    pub fn shipped() -> Criteria {
        parse(SHIPPED).expect("the shipped criteria are right")
    }

    /// Those of a folder of document types, where it has some, else the shipped
    /// ones.
    pub fn load(types: Option<&Path>) -> anyhow::Result<Criteria> {
        let mut places = types.into_iter().flat_map(|folder| {
            let inside = folder.join("schemas").join(FILE);
            [folder.join(FILE), inside]
        });
        let Some(path) = places.find(|path| path.is_file()) else {
            return Ok(Criteria::shipped());
        };
        let about = || format!("the quality criteria of {}", path.display());
        let text = std::fs::read_to_string(&path).with_context(about)?;
        parse(&text).with_context(about)
    }

    /// Changes when pages may be judged otherwise.
    pub fn key(&self) -> String {
        let json = serde_json::to_vec(self).expect("criteria are plain data");
        blake3::hash(&json).to_hex().to_string()
    }

    /// Whether there is nothing to read on the page.
    pub fn is_blank(&self, quality: &PageQuality) -> bool {
        self.of(quality).any(|c| c.finding == FindingCode::Blank)
    }

    /// What is to be said about page `index` (from 0), in the order of the
    /// criteria, each code once. Of a blank page nothing else is said.
    pub fn judge(&self, index: u32, quality: &PageQuality) -> Vec<Finding> {
        let is_blank = self.is_blank(quality);
        let mut findings: Vec<Finding> = Vec::new();
        for criterion in self.of(quality) {
            let is_known = findings.iter().any(|f| f.code == criterion.finding);
            if is_known || is_blank && criterion.finding != FindingCode::Blank {
                continue;
            }
            findings.push(criterion.finding(index, quality));
        }
        findings
    }

    /// The criteria that hold. Nobody reads the pixels of a page with a text
    /// layer.
    fn of<'a>(&'a self, quality: &'a PageQuality) -> impl Iterator<Item = &'a Criterion> {
        let criteria = self.criteria.iter().filter(|_| !quality.text_layer);
        criteria.filter(|criterion| criterion.holds(quality))
    }
}

impl Criterion {
    fn holds(&self, quality: &PageQuality) -> bool {
        self.when.iter().all(|(measure, bounds)| {
            let value = measure.of(quality);
            value.is_some_and(|value| {
                bounds.above.is_none_or(|least| value > least)
                    && bounds.below.is_none_or(|most| value < most)
            })
        })
    }

    fn finding(&self, index: u32, quality: &PageQuality) -> Finding {
        let measures = self.when.keys().filter_map(|measure| {
            let value = measure.of(quality)?;
            Some(format!("{} {}", measure.as_str(), rounded(value)))
        });
        let measures: Vec<String> = measures.collect();
        let message = format!(
            "page {}: {} ({})",
            index + 1,
            self.message,
            measures.join(", ")
        );
        Finding::new(self.finding, None, message)
    }
}

/// Three significant digits at most.
pub fn rounded(value: f32) -> String {
    let digits = match value.abs() {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        value if value >= 0.1 => 2,
        _ => 4,
    };
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

fn parse(text: &str) -> anyhow::Result<Criteria> {
    let criteria: Criteria = serde_json::from_str(text)?;
    for Criterion {
        finding,
        when,
        message,
    } in &criteria.criteria
    {
        ensure!(
            finding.is_about_quality(),
            "`{finding}` is no finding about the quality of a page: use one of {}",
            quality_codes()
        );
        ensure!(
            !when.is_empty(),
            "`{finding}` has no condition: name a measure in `when`"
        );
        ensure!(
            !message.trim().is_empty(),
            "`{finding}` has no message: say what to do"
        );
        for (measure, bounds) in when {
            ensure!(
                bounds.above.is_some() || bounds.below.is_some(),
                "`{finding}`: {} needs `above` or `below`",
                measure.as_str()
            );
        }
    }
    Ok(criteria)
}

fn quality_codes() -> String {
    let codes = FindingCode::all().filter(|code| code.is_about_quality());
    let names: Vec<&str> = codes.map(FindingCode::as_str).collect();
    names.join(", ")
}

#[cfg(test)]
#[path = "criteria_tests.rs"]
mod tests;
