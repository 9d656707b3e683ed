use serde_json::json;

use super::super::store_tests::{Archive, Made};
use super::*;

const WEBER: &str = "Weber Druck GmbH Lindenstrasse Rechnung Nummer Datum Menge Preis Betrag Summe \
    zahlbar binnen vierzehn Tagen Sparkasse";
const HARROW: &str = "Harrow Foods Limited Station Road receipt till cashier item quantity price total \
    cash change thank you";

/// A page with each word at its share (0 to 1) of the width.
fn sketch(words: &[(&str, f32)]) -> Sketch {
    let words = words.iter().map(|(word, place)| (hash(word), *place));
    Sketch {
        words: words.collect(),
        embedding: None,
    }
}

fn placed(text: &str, shift: f32) -> Vec<(&str, f32)> {
    let place = |(index, word)| (word, (index % 4) as f32 * 0.2 + shift);
    text.split_whitespace().enumerate().map(place).collect()
}

#[test]
fn words_at_their_places_make_a_layout_and_items_of_their_own_do_not_matter() {
    let mut layouts = Layouts::default();
    layouts.add(1, sketch(&placed(WEBER, 0.0)));
    let mut longer = placed(WEBER, 0.02);
    let items = [
        "Papier", "Tinte", "Toner", "Umschlag", "Stempel", "Ordner", "Karten", "Heft",
    ];
    longer.extend(items.iter().map(|item| (*item, 0.1)));
    assert_eq!(layouts.nearest(&sketch(&longer)), Some(1));
    assert_eq!(
        layouts.nearest(&sketch(&placed(WEBER, 0.2))),
        None,
        "other columns"
    );
    assert_eq!(layouts.nearest(&sketch(&placed(HARROW, 0.0))), None);
}

#[test]
fn only_words_that_recur_make_the_template() {
    let mut layouts = Layouts::default();
    for item in ["alpha", "beta", "gamma", "delta"] {
        let mut words = placed(WEBER, 0.0);
        let names: Vec<String> = (0..40).map(|n| format!("{item}{n}")).collect();
        words.extend(names.iter().map(|name| (name.as_str(), 0.5)));
        layouts.add(1, sketch(&words));
    }
    let template = &layouts.templates[0];
    assert_eq!(template.similarity(&sketch(&placed(WEBER, 0.0))), 1.0);
    // Nothing but an item in common.
    let words: Vec<String> = (0..40).map(|n| format!("alpha{n}")).collect();
    let words: Vec<_> = words.iter().map(|word| (word.as_str(), 0.5)).collect();
    assert_eq!(template.similarity(&sketch(&words)), 0.0);
}

#[test]
fn pages_with_few_words_are_compared_by_their_looks_of_one_clip() {
    let page = |model: &str, vector: Vec<f32>| Sketch {
        words: HashMap::new(),
        embedding: Some((model.to_owned(), Embedding(vector))),
    };
    let mut layouts = Layouts::default();
    layouts.add(1, page("clip", vec![1.0, 0.0]));
    assert_eq!(layouts.nearest(&page("clip", vec![0.99, 0.141])), Some(1));
    assert_eq!(layouts.nearest(&page("clip", vec![0.0, 1.0])), None);
    assert_eq!(layouts.nearest(&page("other", vec![1.0, 0.0])), None);
}

#[tokio::test]
async fn layouts_are_named_by_their_oldest_page_and_survive_new_ones() {
    let archive = Archive::new().await;
    let add = async |path: &str, text: &str| {
        let (fields, vector) = (json!({"total": "1.00"}), vec![1.0, 0.0]);
        let made = Made {
            path,
            text,
            fields,
            vector,
        };
        archive.add(made).await;
    };
    add("/in/weber-1.pdf", WEBER).await;
    add("/in/harrow.pdf", HARROW).await;
    let store = &archive.store;
    assert_eq!(update_layouts(store).await.unwrap(), [1, 2]);
    add("/in/weber-2.pdf", &format!("{WEBER} Papier 12,00")).await;
    assert_eq!(update_layouts(store).await.unwrap(), [] as [i64; 0]);
    let listed = async || {
        let layouts = store.layouts(Some("receipt")).await.unwrap().into_iter();
        layouts
            .map(|layout| (layout.layout, layout.records))
            .collect::<Vec<_>>()
    };
    assert_eq!(listed().await, [(2, 1), (1, 2)]);
    assert_eq!(store.records_of_layout(1).await.unwrap(), [1, 3]);
    assert!(store.layouts(Some("invoice")).await.unwrap().is_empty());
    // All at once they are the same.
    store.delete_layouts().await.unwrap();
    assert_eq!(update_layouts(store).await.unwrap(), [1, 2]);
    assert_eq!(listed().await, [(2, 1), (1, 2)]);
    // The words of known pages are not read again.
    archive.number("UPDATE page_text SET words = '[]'").await;
    // The next oldest page gives its id.
    add("/in/weber-3.pdf", &format!("{WEBER} Tinte 7,00")).await;
    assert_eq!(update_layouts(store).await.unwrap(), [] as [i64; 0]);
    archive.end_run().await;
    let gone = ["/in/weber-1.pdf".into()];
    store.forget(&gone, false).await.unwrap();
    let templates = "SELECT count(*) FROM layout_templates";
    assert_eq!(
        archive.number(templates).await,
        Some(1),
        "no word of a forgotten page stays"
    );
    assert_eq!(update_layouts(store).await.unwrap(), [] as [i64; 0]);
    assert_eq!(listed().await, [(3, 2), (2, 1)]);
}
