//! Where names stand on the pages, and whose the page says they are.

use super::lines::{has_label, is_attention, is_contact, is_name, is_postal};
use crate::documents::validation::cells::{PageCells, TextBlock, TextCell};
use crate::documents::validation::evidence::{EvidencePage, fold};
use crate::documents::validation::words;
use crate::domain::{DocType, Fields, Finding, FindingCode, Parties, PartyRule};

/// A page's text with its blocks.
pub struct PartyPage<'a> {
    pub text: &'a EvidencePage,
    pub cells: PageCells,
}

impl<'a> PartyPage<'a> {
    pub fn of(text: &'a EvidencePage) -> PartyPage<'a> {
        PartyPage {
            text,
            cells: PageCells::of(text),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartyRole {
    Seller,
    Buyer,
    /// Where goods are delivered.
    Recipient,
}

impl PartyRole {
    pub fn other(self) -> PartyRole {
        match self {
            PartyRole::Buyer => PartyRole::Seller,
            _ => PartyRole::Buyer,
        }
    }
}

/// Where a name stands.
pub struct NameMention<'a> {
    pub page: &'a PartyPage<'a>,
    pub block: &'a TextBlock,
    /// In the block, from 0.
    pub line: usize,
}

/// Lines of a block from a name to a postcode with its place.
pub struct PostalAddress<'a> {
    pub page: &'a PartyPage<'a>,
    pub block: &'a TextBlock,
    /// In the block, from 0.
    top: usize,
    place: usize,
}

/// Most lines of an address.
const MAX_LINES: usize = 7;
/// How much farther a line above an address is than its lines from each other.
const WIDER: f32 = 1.6;

impl<'a> PostalAddress<'a> {
    /// The line (from 0 in the block) that names the party, which is not `other`: a line
    /// above the address may name the sender.
    pub fn head(&self, other: Option<&str>) -> Option<usize> {
        let is_head = |line: &usize| {
            let text = &self.block.lines[*line].text;
            is_name(text)
                && !other.is_some_and(|other| contains(text, other) || contains(other, text))
        };
        (self.top..self.place).find(is_head)
    }

    pub fn has(&self, mention: &NameMention) -> bool {
        std::ptr::eq(self.block, mention.block) && (self.top..=self.place).contains(&mention.line)
    }

    /// Its lines and those directly below it.
    pub fn lines(&self) -> &'a [TextCell] {
        let end = self.block.lines.len().min(self.place + 1 + MAX_LINES);
        &self.block.lines[self.top..end]
    }
}

/// The parties of a record and its pages.
pub struct OnPages<'a> {
    pub doc_type: &'a DocType,
    pub rules: &'a Parties,
    pub pages: &'a [PartyPage<'a>],
    pub addresses: Vec<PostalAddress<'a>>,
}

impl<'a> OnPages<'a> {
    /// `None` for a type without parties.
    pub fn of(doc_type: &'a DocType, pages: &'a [PartyPage<'a>]) -> Option<OnPages<'a>> {
        let rules = doc_type.read.as_ref()?.parties.as_ref()?;
        let mut on_pages = OnPages {
            doc_type,
            rules,
            pages,
            addresses: Vec::new(),
        };
        on_pages.addresses = on_pages.find_addresses();
        Some(on_pages)
    }

    pub fn rule(&self, role: PartyRole) -> &'a PartyRule {
        match role {
            PartyRole::Buyer => &self.rules.buyer,
            _ => &self.rules.seller,
        }
    }

    /// The party's rule and the other's name as read.
    pub fn sides<'f>(
        &self,
        fields: &'f Fields,
        role: PartyRole,
    ) -> (&'a PartyRule, Option<&'f str>) {
        let other = self.rule(role.other());
        (self.rule(role), text(fields, &other.name))
    }

    pub fn finding(&self, field: &str, message: String) -> Finding {
        let message = format!("{}: {message}", words::field(self.doc_type, field));
        Finding::new(FindingCode::PartyCorrected, Some(field), message)
    }
}

impl<'a> OnPages<'a> {
    /// The places of a name, by pages.
    pub fn mentions(&self, name: &str) -> Vec<NameMention<'a>> {
        let of_page = |page: &'a PartyPage<'a>| {
            let spans = page.text.find(name).into_iter();
            spans.filter_map(move |span| {
                let (block, line) = page.cells.place(span)?;
                Some(NameMention { page, block, line })
            })
        };
        self.pages.iter().flat_map(of_page).collect()
    }

    /// Whose label a line is, or begins with.
    pub fn label(&self, text: &str) -> Option<PartyRole> {
        let labels = [
            (PartyRole::Seller, &self.rules.seller.labels),
            (PartyRole::Buyer, &self.rules.buyer.labels),
            (PartyRole::Recipient, &self.rules.recipient_labels),
        ];
        let found = labels
            .into_iter()
            .find(|(_, labels)| has_label(text, labels));
        found.map(|(role, _)| role)
    }

    /// Whose label stands over a line of a block, before it on its line, or to its left.
    pub fn role(&self, page: &PartyPage, block: &TextBlock, line: usize) -> Option<PartyRole> {
        let over = |block: &TextBlock, line: usize| {
            let above = block.lines[..=line].iter().rev();
            above.filter_map(|cell| self.label(&cell.text)).next()
        };
        over(block, line).or_else(|| {
            let (block, line) = page.cells.left_of(&block.lines[line])?;
            // Of a form, whose labels stand below each other: `Buyer`, `Name:`.
            let is_label = block.lines[line].text.ends_with(':') || line + 1 == block.lines.len();
            is_label.then(|| over(block, line)).flatten()
        })
    }

    /// The addresses of a page's block, from top to bottom.
    fn addresses_of(
        &self,
        page: &'a PartyPage<'a>,
        block: &'a TextBlock,
    ) -> Vec<PostalAddress<'a>> {
        let mut addresses = Vec::new();
        let mut from = 0;
        for (place, cell) in block.lines.iter().enumerate() {
            if !is_postal(&cell.text) {
                continue;
            }
            let mut top = place;
            while top > from && self.continues_upwards(block, top, place) {
                top -= 1;
            }
            from = place + 1;
            if top < place {
                addresses.push(PostalAddress {
                    page,
                    block,
                    top,
                    place,
                });
            }
        }
        addresses
    }

    /// Whether the line above `line` is of the same address, which ends with `place`: no
    /// label, no other value, and no farther away than the lines below it from each other.
    fn continues_upwards(&self, block: &TextBlock, line: usize, place: usize) -> bool {
        let above = &block.lines[line - 1];
        let top = |line: usize| block.lines[line].bbox[1];
        let is_near = match line == place {
            true => true,
            false => {
                top(line) - top(line - 1) < WIDER * (top(place) - top(line)) / (place - line) as f32
            }
        };
        is_near
            && place - line < MAX_LINES
            && self.label(&above.text).is_none()
            && !self.is_caption(&above.text)
            && !is_contact(&above.text)
            && (!above.text.contains(':') || is_attention(&above.text))
    }

    /// The addresses of the pages.
    fn find_addresses(&self) -> Vec<PostalAddress<'a>> {
        let blocks = self.pages.iter().flat_map(|page| {
            let blocks = page.cells.blocks.iter();
            blocks.map(move |block| (page, block))
        });
        blocks
            .flat_map(|(page, block)| self.addresses_of(page, block))
            .collect()
    }

    /// Whether a line is what pages print beside one of the type's values.
    fn is_caption(&self, text: &str) -> bool {
        let rules = self.doc_type.read.iter();
        let captions = rules.flat_map(|rules| rules.captions.values().flatten());
        captions
            .chain(&self.doc_type.phrases)
            .any(|caption| is_same(caption, text))
    }
}

/// A field that is a text.
pub fn text<'a>(fields: &'a Fields, field: &str) -> Option<&'a str> {
    fields.get(field)?.as_str()
}

/// Whether a text has a name in it, letters and digits compared.
pub fn contains(text: &str, name: &str) -> bool {
    let (text, name) = (fold(text), fold(name));
    !name.is_empty() && text.windows(name.len()).any(|part| part == name)
}

pub fn is_same(a: &str, b: &str) -> bool {
    fold(a) == fold(b)
}
