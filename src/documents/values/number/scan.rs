//! Finds the numbers of a text.

use std::ops::Range;

use super::super::chars::{self, Glyph, Sign};
use super::super::currency::{self, Candidates};
use super::super::date;
use super::marks::{Marked, Marker};
use super::phones;
use super::run::{self, DigitRun, Joined};
use super::types::{NumberReading, NumberRole, NumberSpan, Repair};

/// Every number of a text, in the order of its start, the longest first. A number with blanks
/// between its groups, or after its minus, is given complete and in parts, since only the
/// columns of the page distinguish one number `1 234` from two. Dates, times, phone
/// numbers and codes are left out.
pub fn scan(text: &str) -> Vec<NumberSpan> {
    let glyphs = chars::glyphs(text);
    let runs = run::runs(&glyphs);
    let elsewhere = taken(text, &glyphs);
    let scanner = NumberScanner {
        text,
        glyphs: &glyphs,
    };
    let is_taken = |run: &DigitRun| {
        let bytes = scanner.bytes(&(run.first..run.end));
        elsewhere
            .iter()
            .any(|taken| taken.start < bytes.end && bytes.start < taken.end)
    };
    let joined = run::joined(&glyphs, &runs);
    let joined: Vec<_> = joined
        .into_iter()
        .filter(|joined| !is_taken(&joined.run) && !joined.run.readings(false).is_empty())
        .collect();
    let mut spans = Vec::new();
    for run in runs.iter().filter(|run| !is_taken(run)) {
        let wholes = covering(&joined, run, None);
        if !wholes.iter().any(|whole| whole.is_tight) {
            scanner.push(&mut spans, run, !wholes.is_empty(), None);
        }
    }
    for (index, whole) in joined.iter().enumerate() {
        let longer = covering(&joined, &whole.run, Some(index));
        if !longer.iter().any(|longer| longer.is_tight) {
            let repair = whole.is_repaired.then_some(Repair::Blank);
            scanner.push(&mut spans, &whole.run, !longer.is_empty(), repair);
        }
    }
    spans.sort_by_key(|span| (span.range.start, std::cmp::Reverse(span.range.end)));
    spans
}

/// The joined numbers that contain a run, without the one with the index `but`. `joined` is
/// sorted by first glyphs.
fn covering<'a>(joined: &'a [Joined], run: &DigitRun, but: Option<usize>) -> Vec<&'a Joined> {
    /// Most joined numbers that begin at the runs of the longest one.
    const NEAR: usize = 64;
    let end = joined.partition_point(|whole| whole.run.first <= run.first);
    let near = end.saturating_sub(NEAR)..end;
    let others = near.filter(|at| Some(*at) != but).map(|at| &joined[at]);
    others.filter(|whole| whole.run.end >= run.end).collect()
}

/// Byte ranges of dates with marks and of phone numbers.
fn taken(text: &str, glyphs: &[Glyph]) -> Vec<Range<usize>> {
    let dates = date::scan(text, None).into_iter();
    let mut taken: Vec<_> = dates
        .filter(|span| span.is_marked)
        .map(|span| span.range)
        .collect();
    taken.extend(phones::phones(glyphs));
    taken
}

struct NumberScanner<'a> {
    text: &'a str,
    glyphs: &'a [Glyph],
}

impl NumberScanner<'_> {
    fn bytes(&self, glyphs: &Range<usize>) -> Range<usize> {
        let start = self.glyphs[glyphs.start].start;
        start..self.glyphs[glyphs.end - 1].end
    }

    /// Adds the number of a run, with and without a separate sign.
    fn push(
        &self,
        spans: &mut Vec<NumberSpan>,
        run: &DigitRun,
        is_part: bool,
        repair: Option<Repair>,
    ) {
        for detached in [false, true] {
            let marker = Marker {
                text: self.text,
                glyphs: self.glyphs,
                detached,
            };
            let Ok(marked) = marker.marked(run) else {
                continue;
            };
            if detached && marked.repair.is_none() {
                return;
            }
            spans.extend(self.span(run, &marked, is_part, repair));
        }
    }

    fn span(
        &self,
        run: &DigitRun,
        marked: &Marked,
        is_part: bool,
        repair: Option<Repair>,
    ) -> Option<NumberSpan> {
        let mut readings = run.readings(marked.no_cents);
        if marked.may_lead {
            let mut led = run.clone();
            led.groups.insert(0, String::new());
            led.signs.insert(0, Sign::Point);
            readings.extend(led.readings(false));
        }
        if marked.may_be_negative {
            let minus = readings.iter().map(|reading| reading.negated());
            readings.extend(minus.collect::<Vec<_>>());
        } else if marked.negative {
            for reading in &mut readings {
                *reading = reading.negated();
            }
        }
        readings.dedup_by(|a, b| a.value == b.value);
        let currency = self.currency(marked);
        // `₩10,000` has one meaning, since the won has no decimals.
        let first = currency.as_ref().and_then(|all| all.all().first().copied());
        if first.is_some_and(|first| !currency::has_decimals(first)) && readings.len() > 1 {
            readings.retain(|reading| reading.convention.decimal.is_none());
        }
        let mut readings = readings.into_iter();
        let reading = NumberReading {
            first: readings.next()?,
            second: readings.next(),
            repair: repair.or(marked.repair),
        };
        let role = match &marked.unit {
            _ if marked.percent => NumberRole::Percent,
            Some(unit) => NumberRole::Quantity(unit.clone()),
            None => NumberRole::Plain,
        };
        Some(NumberSpan {
            range: self.bytes(&marked.own),
            whole: self.bytes(&marked.whole),
            reading,
            role,
            currency,
            is_part,
            is_loose: marked.is_loose,
        })
    }

    fn currency(&self, marked: &Marked) -> Option<Candidates> {
        let of = |bytes: &Option<Range<usize>>| {
            let form = bytes.clone().map(|bytes| &self.text[bytes])?;
            currency::parse(form.trim_end_matches('.'))
                .or_else(|_| currency::parse(form))
                .ok()
        };
        match (of(&marked.before), of(&marked.after)) {
            (Some(before), Some(after)) => before.and(&after).or(Some(before)),
            (before, after) => before.or(after),
        }
    }
}
