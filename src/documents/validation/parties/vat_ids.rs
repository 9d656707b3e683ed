//! Whose a VAT identifier is.

use std::collections::BTreeSet;

use serde_json::Value;

use super::on_pages::{OnPages, PartyPage, PartyRole, contains, text};
use crate::documents::validation::cells::text_of;
use crate::documents::validation::evidence::{Span, ValueKind, fold, occurrences};
use crate::documents::validation::identifiers::{self, IdentifierCheck};
use crate::documents::verbatim::Pieces;
use crate::domain::{Fields, Finding, PartyRule};

/// `Your VAT ID` in English, German, French, Spanish, Italian and Dutch.
const YOUR: [&str; 9] = [
    "your", "ihre", "ihr", "votre", "vos", "su", "vostra", "vs", "uw",
];

/// Moves a VAT identifier to the party in whose block or beside whose label it stands.
/// The other party gets what stood there, or the only other identifier of the pages
/// that is not the first party's.
pub fn assign(on_pages: &OnPages, fields: &mut Fields) -> Option<Finding> {
    let field = |role| on_pages.rule(role).vat_id.as_ref();
    let owned = |role: PartyRole| {
        let id = text(fields, field(role)?)?.to_owned();
        let owner = on_pages.owner(fields, &id)?;
        Some((id, owner))
    };
    let (read_seller, read_buyer) = (owned(PartyRole::Seller), owned(PartyRole::Buyer));
    let is = |read: &Option<(String, PartyRole)>, role| matches!(read, Some((_, owner)) if *owner == role);
    let (to, id) = if is(&read_seller, PartyRole::Buyer) && !is(&read_buyer, PartyRole::Buyer) {
        (PartyRole::Buyer, read_seller?.0)
    } else if is(&read_buyer, PartyRole::Seller) && !is(&read_seller, PartyRole::Seller) {
        (PartyRole::Seller, read_buyer?.0)
    } else {
        return None;
    };
    let (from, to_field) = (field(to.other())?, field(to)?);
    let replaced = fields.insert(to_field.clone(), Value::String(id.clone()));
    let kept = replaced.filter(|value| !value.is_null() && *value != Value::String(id.clone()));
    let left = kept.or_else(|| on_pages.only_other_id(fields, &id, to).map(Value::String));
    fields.insert(from.clone(), left.unwrap_or_default());
    let message =
        format!("`{id}` stands with this party on the page; the reader gave it to the other one");
    Some(on_pages.finding(to_field, message))
}

impl OnPages<'_> {
    /// The party in whose block, or beside whose label, all places of the identifier
    /// are.
    fn owner(&self, fields: &Fields, id: &str) -> Option<PartyRole> {
        let mut owners = Vec::new();
        for page in self.pages {
            for span in occurrences(page.text, ValueKind::VatId, &Value::from(id)) {
                owners.push(self.owner_at(fields, page, span)?);
            }
        }
        let first = *owners.first()?;
        owners.iter().all(|owner| *owner == first).then_some(first)
    }

    /// By the line's own label, by the label over its block, by the name in it.
    fn owner_at(&self, fields: &Fields, page: &PartyPage, span: Span) -> Option<PartyRole> {
        let (block, line) = page.cells.place(span)?;
        let above = || block.lines[..line].iter().rev();
        let name = |role| text(fields, &self.rule(role).name);
        let named = || {
            above().find_map(|cell| {
                let roles = [PartyRole::Seller, PartyRole::Buyer].into_iter();
                let has =
                    |role: &PartyRole| name(*role).is_some_and(|name| contains(&cell.text, name));
                roles.into_iter().find(has)
            })
        };
        let of_line = self.named_in_label(&block.lines[line].text);
        let of_block = || above().find_map(|cell| self.label(&cell.text));
        of_line.or_else(of_block).or_else(named)
    }

    /// The party that a line's own label names: `Buyer VAT number: DE123456789`.
    fn named_in_label(&self, line: &str) -> Option<PartyRole> {
        let (label, _) = line.split_once(':')?;
        let label: Vec<Vec<char>> = label.split_whitespace().map(fold).collect();
        let has = |word: &str| label.contains(&fold(word));
        let names = |party: &PartyRule| party.labels.iter().any(|word| has(word));
        if YOUR.into_iter().any(has) || names(&self.rules.buyer) {
            return Some(PartyRole::Buyer);
        }
        names(&self.rules.seller).then_some(PartyRole::Seller)
    }

    /// The only VAT identifier of the pages beside `id` that is not its party's.
    fn only_other_id(&self, fields: &Fields, id: &str, party: PartyRole) -> Option<String> {
        let rows = self.pages.iter().flat_map(|page| &page.cells.rows);
        let lines: Vec<String> = rows.map(|row| text_of(row)).collect();
        let printed = Pieces::of(&lines, &[]).vat_ids;
        let others: BTreeSet<String> = printed
            .iter()
            .map(|printed| identifiers::vat_id(printed))
            .filter(|(_, check)| !matches!(check, IdentifierCheck::Invalid(..)))
            .map(|(id, _)| id)
            .filter(|other| !contains(id, other) && !contains(other, id))
            .filter(|other| self.owner(fields, other) != Some(party))
            .collect();
        others.iter().next().filter(|_| others.len() == 1).cloned()
    }
}
