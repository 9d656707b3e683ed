//! Where names stand on the pages, and whose the page says they are.

use super::OnPages;
use super::lines::{has_label, is_attention, is_contact, is_name, is_postal};
use crate::documents::validation::evidence::{PageText, fold};
use crate::documents::validation::layout::{Block, Cell, Layout};

/// A page's text with its blocks.
pub struct Page<'a> {
    pub text: &'a PageText,
    pub layout: Layout,
}

impl<'a> Page<'a> {
    pub fn of(text: &'a PageText) -> Page<'a> {
        Page {
            text,
            layout: Layout::of(text),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Seller,
    Buyer,
    /// Where goods are delivered.
    Recipient,
}

impl Role {
    pub fn other(self) -> Role {
        match self {
            Role::Buyer => Role::Seller,
            _ => Role::Buyer,
        }
    }
}

/// Where a name stands.
pub struct Mention<'a> {
    pub page: &'a Page<'a>,
    pub block: &'a Block,
    /// In the block, from 0.
    pub line: usize,
}

/// Lines of a block from a name to a postcode with its place.
pub struct Address<'a> {
    pub page: &'a Page<'a>,
    pub block: &'a Block,
    /// In the block, from 0.
    top: usize,
    place: usize,
}

/// Most lines of an address.
const MAX_LINES: usize = 7;
/// How much farther a line above an address is than its lines from each other.
const WIDER: f32 = 1.6;

impl<'a> Address<'a> {
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

    pub fn has(&self, mention: &Mention) -> bool {
        std::ptr::eq(self.block, mention.block) && (self.top..=self.place).contains(&mention.line)
    }

    /// Its lines and those directly below it.
    pub fn lines(&self) -> &'a [Cell] {
        let end = self.block.lines.len().min(self.place + 1 + MAX_LINES);
        &self.block.lines[self.top..end]
    }
}

impl<'a> OnPages<'a> {
    /// The places of a name, by pages.
    pub fn mentions(&self, name: &str) -> Vec<Mention<'a>> {
        let of_page = |page: &'a Page<'a>| {
            let spans = page.text.find(name).into_iter();
            spans.filter_map(move |span| {
                let (block, line) = page.layout.place(span)?;
                Some(Mention { page, block, line })
            })
        };
        self.pages.iter().flat_map(of_page).collect()
    }

    /// Whose label a line is, or begins with.
    pub fn label(&self, text: &str) -> Option<Role> {
        let labels = [
            (Role::Seller, &self.rules.seller.labels),
            (Role::Buyer, &self.rules.buyer.labels),
            (Role::Recipient, &self.rules.recipient_labels),
        ];
        let found = labels
            .into_iter()
            .find(|(_, labels)| has_label(text, labels));
        found.map(|(role, _)| role)
    }

    /// Whose label stands over a line of a block, before it on its line, or to its left.
    pub fn role(&self, page: &Page, block: &Block, line: usize) -> Option<Role> {
        let over = |block: &Block, line: usize| {
            let above = block.lines[..=line].iter().rev();
            above.filter_map(|cell| self.label(&cell.text)).next()
        };
        over(block, line).or_else(|| {
            let (block, line) = page.layout.left_of(&block.lines[line])?;
            // Of a form, whose labels stand below each other: `Buyer`, `Name:`.
            let is_label = block.lines[line].text.ends_with(':') || line + 1 == block.lines.len();
            is_label.then(|| over(block, line)).flatten()
        })
    }

    /// The addresses of a page's block, from top to bottom.
    fn addresses_of(&self, page: &'a Page<'a>, block: &'a Block) -> Vec<Address<'a>> {
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
                addresses.push(Address {
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
    fn continues_upwards(&self, block: &Block, line: usize, place: usize) -> bool {
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
    pub fn addresses(&self) -> Vec<Address<'a>> {
        let blocks = self.pages.iter().flat_map(|page| {
            let blocks = page.layout.blocks.iter();
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

/// Whether a text has a name in it, letters and digits compared.
pub fn contains(text: &str, name: &str) -> bool {
    let (text, name) = (fold(text), fold(name));
    !name.is_empty() && text.windows(name.len()).any(|part| part == name)
}

pub fn is_same(a: &str, b: &str) -> bool {
    fold(a) == fold(b)
}
