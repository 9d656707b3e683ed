//! Captures of one document side by side, as one HTML page without external files.

use std::collections::BTreeMap;

use minijinja::{Value, context};

use crate::archive::{CapturedRecord, Duplicates, SameBy};
use crate::outputs::{markup, thumbnail};

const PAGE_TEMPLATE: &str = include_str!("duplicates.html");

/// JPEG files of first pages, by record.
pub type Thumbnails = BTreeMap<i64, Vec<u8>>;

/// The page.
pub fn html(found: &Duplicates, thumbnails: &Thumbnails) -> anyhow::Result<String> {
    let groups: Vec<Value> = found
        .groups
        .iter()
        .map(|group| {
            let by: Vec<_> = group.by.iter().map(|by| by_words(*by)).collect();
            context! { by => by.join(", "), members => members(&group.members, thumbnails) }
        })
        .collect();
    let undecided: Vec<Value> = found
        .undecided
        .iter()
        .map(|pair| {
            context! { differences => &pair.differences, members => members(&pair.members, thumbnails) }
        })
        .collect();
    let values = context! { groups, undecided, siblings => found.siblings };
    Ok(markup::environment().render_str(PAGE_TEMPLATE, values)?)
}

pub fn by_words(by: SameBy) -> &'static str {
    match by {
        SameBy::Bytes => "same bytes",
        SameBy::Pixels => "same pixels",
        SameBy::Values => "same values",
    }
}

fn members(members: &[CapturedRecord], thumbnails: &Thumbnails) -> Vec<Value> {
    let member = |member: &CapturedRecord| {
        let image = thumbnails.get(&member.record);
        let image = image.map(|jpeg| thumbnail::embedded(jpeg));
        let paths: Vec<_> = member
            .paths
            .iter()
            .map(|path| path.to_string_lossy().into_owned())
            .collect();
        context! {
            record => member.record, image, paths, total => &member.total,
            party => member.party.as_deref().unwrap_or("-"),
            date => member.date.as_deref().unwrap_or("-"),
            number => member.number.as_deref().unwrap_or("-"),
        }
    };
    members.iter().map(member).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::archive::{Group, UndecidedPair};
    use crate::domain::PageImage;

    fn member(record: i64) -> CapturedRecord {
        CapturedRecord {
            record,
            doc_type: None,
            paths: vec![format!("/in/<{record}>.png").into()],
            pages: vec![0],
            party: Some("A & B".into()),
            date: None,
            total: "7.40 GBP".into(),
            number: None,
        }
    }

    #[test]
    fn groups_and_pairs_are_shown_with_their_pages_and_escaped() {
        let group = Group {
            members: vec![member(1), member(2)],
            by: BTreeSet::from([SameBy::Pixels]),
        };
        let pair = UndecidedPair {
            members: [member(3), member(4)],
            differences: vec!["number <b> and c".into()],
        };
        let found = Duplicates {
            groups: vec![group],
            undecided: vec![pair],
            siblings: 9,
        };
        let image = PageImage::new(600, 800, vec![200; 600 * 800 * 3]).unwrap();
        let small = thumbnail::jpeg(&image).unwrap();
        let page = html(&found, &Thumbnails::from([(1, small)])).unwrap();
        assert_eq!(page.matches("<figure>").count(), 4);
        assert_eq!(page.matches("data:image/jpeg;base64,").count(), 1);
        for text in [
            "same pixels",
            "A &amp; B",
            "number &lt;b&gt; and c",
            "&lt;3&gt;.png",
        ] {
            assert!(page.contains(text), "{text} is not in {page}");
        }
    }
}
