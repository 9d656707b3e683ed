//! Amounts that pages print between a sum and the amount to pay, for which most
//! document types have no field.

use rust_decimal::Decimal;

use crate::documents::values;
use crate::documents::values::number::{self, NumberRole};

/// A printed amount that a sum may include.
#[derive(Clone, Debug, PartialEq)]
pub struct Extra {
    /// As on the page.
    pub caption: String,
    pub kind: ExtraKind,
    /// With its printed sign.
    pub amount: Decimal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtraKind {
    /// Added: a tip, a service charge, delivery, a deposit.
    Charge,
    /// Deducted, with either printed sign: a discount or a voucher.
    Allowance,
    /// Rounding to the smallest coin, which some print with the wrong sign.
    Rounding,
}

#[rustfmt::skip]
const CAPTIONS: [(ExtraKind, &str); 3] = [
    (ExtraKind::Charge,
        "tip|tips|gratuity|service charge|service chg|serv charge|svc chg|svc charge|svc|service fee|booking fee|delivery|delivery fee|\
         shipping|postage|surcharge|platform fee|trinkgeld|bedienung|bedienungsgeld|versand|versandkosten|porto|pourboire|frais de port|\
         livraison|propina|envio|mancia|coperto|spedizione|fooi|bediening|bezorgkosten|verzendkosten|dricks|drikkepenge|frakt|juomaraha|\
         toimitus|napiwek|dostawa|spropitne|borravalo|szervizdij|felszolgalasi dij|gorjeta|taxa de servico|bahsis|servis ucreti|caj servis|\
         caj perkhidmatan|サービス料|服务费|服務費|小费|봉사료"),
    (ExtraKind::Allowance,
        "discount|voucher|coupon|rabatt|nachlass|gutschein|skonto|remise|reduction|bon d'achat|descuento|cupon|sconto|korting|kortingsbon|\
         rabat|sleva|zlava|kedvezmeny|alennus|desconto|indirim|diskaun|割引|値引|折扣|할인"),
    (ExtraKind::Rounding,
        "rounding|round off|roundoff|rounding adj|rounding adjustment|rounded|cash rounding|rundung|rundungsdifferenz|arrondi|arrondissement|redondeo|\
         arrotondamento|afronding|avrundning|oresavrundning|oreavrunding|avrunding|afrunding|oreafrunding|pyoristys|ummardamine|umardamine|apvalinimas|\
         zaokraglenie|zaokrouhleni|zaokruhlenie|kerekites|arredondamento|rotunjire|yuvarlama|pelarasan|pelarasan bundar|penggenapan|pembundaran|端数"),
];

/// Words of lines that are no extras: amounts that the customer may choose, and totals.
#[rustfmt::skip]
const NO_EXTRAS: &str = "suggested|after|nach|apres|suggestion|recommended|guide|guideline|optional|not included|inklusive|included|incl|inclus|incluido|before|excluding|excl|\
    total|subtotal|sub total|rounded total|grand total|gesamt|summe|balance|amount due";

/// Whether a text of folded words has one of these phrases.
fn has_any(words: &str, phrases: &str) -> bool {
    phrases
        .split('|')
        .any(|phrase| values::has_phrase(words, phrase))
}

/// Whether one of the phrases comes first, apart from numbers: `10 % service charge`.
/// Names of goods may have such words later (`oil service`).
fn begins_with_any(words: &str, phrases: &str) -> bool {
    let has_no_letter = |word: &&str| word.chars().all(|c| !c.is_alphabetic());
    let rest: Vec<&str> = words.split_whitespace().skip_while(has_no_letter).collect();
    let rest = format!(" {} ", rest.join(" "));
    let mut phrases = phrases.split('|').map(values::folded_words);
    phrases.any(|phrase| rest.starts_with(&phrase))
}

/// The charge, allowance or rounding of a line: the last amount on it.
pub fn of_line(line: &str) -> Option<Extra> {
    let words = values::folded_words(line);
    if has_any(&words, NO_EXTRAS) {
        return None;
    }
    let is_of = |(kind, phrases): &&(ExtraKind, &str)| match kind {
        ExtraKind::Charge => begins_with_any(&words, phrases),
        _ => has_any(&words, phrases),
    };
    let (kind, _) = CAPTIONS.iter().find(is_of)?;
    let numbers = number::scan(line);
    let span = numbers
        .iter()
        .rfind(|span| span.role == NumberRole::Plain && !span.is_part)?;
    let amount = span.reading.only()?;
    let caption = line[..span.whole.start].trim();
    (!caption.is_empty() && !amount.is_zero()).then(|| Extra {
        caption: caption.trim_end_matches([':', '.']).trim().to_owned(),
        kind: *kind,
        amount,
    })
}

/// Most extras that are tried together.
const MOST: usize = 6;

/// The fewest extras, with their signs, whose sum is `difference`. `None` where there
/// are none.
pub fn explain(extras: &[Extra], difference: Decimal) -> Option<Vec<(&Extra, Decimal)>> {
    let extras = &extras[..extras.len().min(MOST)];
    // Digits in base 3: left out, as printed, with the other sign.
    let choices = 3usize.pow(extras.len() as u32);
    let mut best: Option<Vec<(&Extra, Decimal)>> = None;
    for choice in 1..choices {
        let chosen = extras.iter().enumerate().filter_map(|(index, extra)| {
            let amount = match (choice / 3usize.pow(index as u32) % 3, extra.kind) {
                (1, ExtraKind::Rounding) => extra.amount,
                (1, ExtraKind::Charge) => extra.amount.abs(),
                (1, ExtraKind::Allowance) => -extra.amount.abs(),
                (2, ExtraKind::Rounding) => -extra.amount,
                _ => return None,
            };
            Some((extra, amount))
        });
        let chosen: Vec<(&Extra, Decimal)> = chosen.collect();
        let sum = chosen.iter().map(|(_, amount)| *amount);
        let sum = sum
            .into_iter()
            .try_fold(Decimal::ZERO, Decimal::checked_add);
        let is_less = best.as_ref().is_none_or(|best| chosen.len() < best.len());
        if !chosen.is_empty() && is_less && sum == Some(difference) {
            best = Some(chosen);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<(ExtraKind, String)> {
        of_line(line).map(|extra| (extra.kind, extra.amount.to_string()))
    }

    #[test]
    fn a_line_has_one_extra_its_last_amount() {
        use ExtraKind::{Allowance, Charge, Rounding};
        for (line, expected) in [
            ("Service charge 10%      2.52", Some((Charge, "2.52"))),
            ("Trinkgeld: 3,00 €", Some((Charge, "3.00"))),
            ("Propina legal 10%  100.00", Some((Charge, "100.00"))),
            ("Öresavrundning    -0,40", Some((Rounding, "-0.40"))),
            ("Rounding Adj. 0.02", Some((Rounding, "0.02"))),
            ("Rabatt 10 %   -1,20", Some((Allowance, "-1.20"))),
            ("Suggested tip 18% 4.50", None),
            ("Tip: ________", None),
            ("Total incl. service 25.20", None),
            ("10% Service Charge 2.52", Some((Charge, "2.52"))),
            ("Oil service 80.00", None),
            ("After discount: 30.05", None),
            ("Green tea 2.00", None),
        ] {
            let expected = expected.map(|(kind, amount)| (kind, amount.to_owned()));
            assert_eq!(of(line), expected, "{line}");
        }
    }

    #[test]
    fn the_fewest_extras_that_make_the_difference_are_named() {
        let lines = ["Tip 5.00", "Discount 2.00", "Rounding 0.02"];
        let extras: Vec<Extra> = lines.iter().filter_map(|line| of_line(line)).collect();
        let captions = |difference: &str| {
            let explained = explain(&extras, difference.parse().unwrap())?;
            let captions = explained.iter().map(|(extra, _)| extra.caption.as_str());
            Some(captions.collect::<Vec<_>>())
        };
        assert_eq!(captions("5.00"), Some(vec!["Tip"]));
        assert_eq!(captions("-0.02"), Some(vec!["Rounding"]));
        assert_eq!(captions("2.98"), Some(vec!["Tip", "Discount", "Rounding"]));
        assert_eq!(captions("-5.00"), None);
        assert_eq!(captions("1.00"), None);
        assert_eq!(explain(&[], Decimal::ONE), None);
    }
}
