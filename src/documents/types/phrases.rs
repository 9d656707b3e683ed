//! Finds the type of a page by phrases of its text, where CLIP's lead is small.

use super::DocTypes;
use crate::documents::values;
use crate::domain::Routing;

/// Phrases by which the best type must lead the second.
const LEAD: usize = 2;
/// Lead in probability (0 to 1) of CLIP's best type from which the text is not used.
const SURE: f32 = 0.9;

impl DocTypes {
    /// CLIP's routing. Where CLIP's lead is small and one type has clearly more phrases
    /// than all others, the type becomes that one. The probabilities stay CLIP's.
    pub fn confirm_by_text<'a>(
        &self,
        routing: Routing,
        lines: impl IntoIterator<Item = &'a str>,
    ) -> Routing {
        if routing.forced || lead(&routing) >= SURE {
            return routing;
        }
        match self.type_of_text(lines) {
            Some(name) => Routing {
                doc_type: Ok(name.to_owned()),
                ..routing
            },
            None => routing,
        }
    }

    fn type_of_text<'a>(&self, lines: impl IntoIterator<Item = &'a str>) -> Option<&str> {
        let text: Vec<&str> = lines.into_iter().collect();
        let text = values::folded_words(&text.join(" "));
        let mut counts: Vec<(&str, usize)> = self
            .readable()
            .map(|doc_type| {
                let printed = doc_type
                    .phrases
                    .iter()
                    .filter(|phrase| text.contains(&values::folded_words(phrase)));
                (doc_type.name.as_str(), printed.count())
            })
            .collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let second = counts.get(1).map_or(0, |(_, count)| *count);
        let (best, count) = counts.first()?;
        (*count >= second + LEAD).then_some(*best)
    }
}

/// Lead in probability (0 to 1) of CLIP's best type.
fn lead(routing: &Routing) -> f32 {
    match routing.probabilities.as_slice() {
        [(_, best), (_, second), ..] => best - second,
        [(_, best)] => *best,
        [] => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLIP: [&str; 4] = [
        "TAX INVOICE",
        "CASH  20.00",
        "Change: 1.35",
        "Thank you, please come again",
    ];
    const BILL: [&str; 3] = [
        "Invoice to: ACME",
        "Due date 2024-05-01",
        "IBAN DE89 3704 0044 0532 0130 00",
    ];

    fn routing(probabilities: [f32; 3]) -> Routing {
        let names = ["invoice", "receipt", "screenshot"];
        Routing {
            doc_type: Ok("invoice".to_owned()),
            probabilities: names
                .map(str::to_owned)
                .into_iter()
                .zip(probabilities)
                .collect(),
            embedding: None,
            forced: false,
        }
    }

    #[test]
    fn the_text_decides_where_clip_is_unsure() {
        let types = DocTypes::load(None).unwrap();
        let unsure = || routing([0.6, 0.3, 0.1]);
        let confirmed = |routing, lines: &[&str]| {
            let lines = lines.iter().copied();
            types.confirm_by_text(routing, lines).doc_type.unwrap()
        };
        assert_eq!(confirmed(unsure(), &SLIP), "receipt");
        assert_eq!(confirmed(unsure(), &BILL), "invoice");
        let paid = ["Payment successful", "Recipient  Tan", "Transaction ID 123"];
        assert_eq!(confirmed(unsure(), &paid), "screenshot");
        assert_eq!(confirmed(routing([0.98, 0.01, 0.01]), &SLIP), "invoice");
        // One phrase, or as many of each.
        assert_eq!(confirmed(unsure(), &["CASH 20.00"]), "invoice");
        assert_eq!(
            confirmed(unsure(), &[&SLIP[..], &BILL[..]].concat()),
            "invoice"
        );
    }

    #[test]
    fn phrases_are_whole_words_whatever_their_accents() {
        let types = DocTypes::load(None).unwrap();
        assert_eq!(
            types.type_of_text(["CASHMERE CHANGED", "exchange", "cashew nuts"]),
            None
        );
    }
}
