//! Corrects the names of seller and buyer.

use serde_json::Value;

use super::lines::{is_contact, is_postal, is_street};
use super::on_pages::{NameMention, OnPages, PartyRole, PostalAddress, contains, is_same, text};
use crate::documents::validation::cells::TextCell;
use crate::domain::{Fields, Finding};

/// Adds a finding for each change.
pub fn correct(on_pages: &OnPages, fields: &mut Fields, findings: &mut Vec<Finding>) {
    findings.extend(on_pages.name_above_address(fields, PartyRole::Seller));
    findings.extend(on_pages.name_above_address(fields, PartyRole::Buyer));
    findings.extend(on_pages.exchange(fields));
    findings.extend(on_pages.name_of_other_address(fields, PartyRole::Buyer));
    findings.extend(on_pages.name_of_other_address(fields, PartyRole::Seller));
}

impl<'a> OnPages<'a> {
    /// Sets a street or place that was read as a name to the name above it.
    fn name_above_address(&self, fields: &mut Fields, role: PartyRole) -> Option<Finding> {
        let (party, other) = self.sides(fields, role);
        let read = text(fields, &party.name)?;
        if !is_street(read) && !is_postal(read) {
            return None;
        }
        let mentions = self.mentions(read);
        let names: Vec<&TextCell> = mentions
            .iter()
            .filter_map(|mention| {
                let address = self.addresses.iter().find(|address| address.has(mention))?;
                let head = address.head(other)?;
                (head < mention.line).then(|| &mention.block.lines[head])
            })
            .collect();
        let name = only(&names)?.to_owned();
        let message = format!(
            "the reader copied `{read}`, a line of an address; set to `{name}`, the name above it"
        );
        fields.insert(party.name.clone(), Value::String(name));
        Some(self.finding(&party.name, message))
    }

    /// Exchanges the names where labels, or contact details in the addresses, show that
    /// one was read for the other.
    fn exchange(&self, fields: &mut Fields) -> Option<Finding> {
        let (seller, buyer) = (&self.rules.seller.name, &self.rules.buyer.name);
        let read_seller = text(fields, seller)?.to_owned();
        let read_buyer = text(fields, buyer).map(str::to_owned);
        let of_seller = self.labels_of(&read_seller);
        let of_buyer = read_buyer.as_deref().map(|name| self.labels_of(name));
        let is_exchanged = match of_buyer {
            Some(of_buyer) if (of_seller, of_buyer) == (0, 0) => {
                let heads = (
                    self.contacts_of(&read_seller),
                    self.contacts_of(read_buyer.as_deref()?),
                );
                matches!(heads, (Some(false), Some(true)))
            }
            Some(of_buyer) => of_buyer > of_seller,
            None => of_seller < 0,
        };
        if !is_exchanged {
            return None;
        }
        let message = match &read_buyer {
            Some(name) => format!(
                "the reader took `{name}` for the buyer; the page's labels or contact details show that it is the seller"
            ),
            None => format!("the reader copied `{read_seller}`, which is labelled as the buyer"),
        };
        fields.insert(seller.clone(), Value::from(read_buyer));
        fields.insert(buyer.clone(), Value::String(read_seller));
        Some(self.finding(seller, message))
    }

    /// Sets a name that is neither labelled nor over an address to that of the only
    /// other address.
    fn name_of_other_address(&self, fields: &mut Fields, role: PartyRole) -> Option<Finding> {
        let (party, other) = self.sides(fields, role);
        let read = text(fields, &party.name);
        if read.is_some_and(|read| self.is_credible(read, role, other)) {
            return None;
        }
        let candidates = self.candidates(role, other);
        let labelled: Vec<&TextCell> = candidates
            .iter()
            .filter(|(is_labelled, _)| *is_labelled)
            .map(|(_, cell)| *cell)
            .collect();
        let any: Vec<&TextCell> = candidates.iter().map(|(_, cell)| *cell).collect();
        let name = only(&labelled).or_else(|| only(&any).filter(|_| read.is_some()));
        let name = name
            .filter(|name| !read.is_some_and(|read| is_same(read, name)))?
            .to_owned();
        let read = read.map_or_else(|| "nothing".to_owned(), |read| format!("`{read}`"));
        let message = format!(
            "the reader copied {read}; set to `{name}`, the name over the only address that is labelled so or is not the other party's"
        );
        fields.insert(party.name.clone(), Value::String(name));
        Some(self.finding(&party.name, message))
    }

    /// The names over addresses that may be the party's, and whether a label says so. A
    /// seller's needs one: its name often stands in a letterhead, without an address.
    fn candidates(&self, role: PartyRole, other: Option<&str>) -> Vec<(bool, &'a TextCell)> {
        let candidate = |address: &PostalAddress<'a>| {
            let head = address.head(other)?;
            let label = self.role(address.page, address.block, head);
            let is_of_seller = |cell: &TextCell| {
                is_contact(&cell.text) || other.is_some_and(|name| contains(&cell.text, name))
            };
            let may_be = match label {
                Some(label) => label == role,
                None => role == PartyRole::Buyer && !address.lines().iter().any(is_of_seller),
            };
            may_be.then(|| (label.is_some(), &address.block.lines[head]))
        };
        self.addresses.iter().filter_map(candidate).collect()
    }

    fn is_credible(&self, name: &str, role: PartyRole, other: Option<&str>) -> bool {
        let mentions = self.mentions(name);
        let is_labelled = mentions
            .iter()
            .any(|m| self.role(m.page, m.block, m.line) == Some(role));
        let is_over_address = || {
            let is_head = |m: &NameMention, address: &PostalAddress| {
                address.has(m) && address.head(other) == Some(m.line)
            };
            let heads = |m| self.addresses.iter().any(|address| is_head(m, address));
            mentions.iter().any(heads)
        };
        is_labelled || is_over_address()
    }

    /// More than 0: labels say that the name is the seller's; less: the buyer's.
    fn labels_of(&self, name: &str) -> i32 {
        let roles = self
            .mentions(name)
            .into_iter()
            .filter_map(|m| self.role(m.page, m.block, m.line));
        roles
            .map(|role| if role == PartyRole::Seller { 1 } else { -1 })
            .sum::<i32>()
            .signum()
    }

    /// Whether contact details stand with the address under the name; `None` where it
    /// is over no address.
    fn contacts_of(&self, name: &str) -> Option<bool> {
        let mentions = self.mentions(name);
        let mut addresses = self
            .addresses
            .iter()
            .filter(|address| mentions.iter().any(|m| address.has(m)))
            .peekable();
        addresses.peek()?;
        let mut lines = addresses.flat_map(|address| address.lines());
        Some(lines.any(|cell| is_contact(&cell.text) || cell.bbox[1] > FOOTER))
    }
}

/// An address whose top is at this share of a page's height (0 to 1, from above) or lower is
/// in the footer, which is the seller's.
const FOOTER: f32 = 0.8;

/// The text of the cells, if it is one.
fn only<'a>(cells: &[&'a TextCell]) -> Option<&'a str> {
    let first = cells.first()?;
    let same = |cell: &&TextCell| is_same(&cell.text, &first.text);
    cells.iter().all(same).then_some(first.text.as_str())
}
