//! Search over a real database.

use serde_json::{Value, json};

use super::*;
use crate::domain::{Embedding, PageResult, Routing, SourceText, Status, Word, test_data};
use crate::store::{
    self, NewRecords, PageCompletion, PageFilter, RunId, RunOutcome, Store, WantedPages,
};

/// An archive in a folder of its own.
pub struct Archive {
    dir: tempfile::TempDir,
    pub store: Store,
    run: RunId,
}

/// A document of one page.
pub struct Made<'a> {
    pub path: &'a str,
    pub text: &'a str,
    pub fields: Value,
    pub vector: Vec<f32>,
}

impl Archive {
    pub async fn new() -> Archive {
        let (dir, store, run) = store::test_data::store().await;
        Archive { dir, store, run }
    }

    /// A number that the database gives, or changes.
    pub async fn number(&self, query: &'static str) -> Option<i64> {
        let options =
            sqlx::sqlite::SqliteConnectOptions::new().filename(self.dir.path().join("docmill.db"));
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        sqlx::query_scalar(query)
            .fetch_optional(&pool)
            .await
            .unwrap()
    }

    /// Takes a document in, with its record, as a run does.
    pub async fn add(&self, made: Made<'_>) {
        let hash = blake3::hash(made.path.as_bytes()).to_hex();
        let document = store::test_data::document(&hash, made.path, 1);
        let id = self.store.add_document(self.run, &document, None);
        let id = id.await.unwrap();
        let minute = std::time::Duration::from_secs(60);
        let claim = self
            .store
            .claim(self.run, &WantedPages::FIRST, minute, 10)
            .await;
        let claim = claim.unwrap().unwrap();
        let routing = Routing {
            doc_type: Ok("receipt".into()),
            probabilities: vec![],
            embedding: Some(Embedding(made.vector)),
            forced: false,
        };
        let completion = PageCompletion {
            texts: vec![SourceText::of_text_layer(words(made.text))],
            routing: Some(routing),
            clip_hash: Some("clip".into()),
            ..PageCompletion::default()
        };
        self.store.complete_page(&claim, &completion).await.unwrap();
        let pages = self.store.finished_pages(id).await.unwrap().unwrap();
        let mut records = [test_data::record("receipt", made.fields)];
        let entries = entries(&pages.results, &records);
        let made_with = NewRecords {
            policy: "",
            chosen: &[],
            entries: &entries,
            second_approval_from: None,
        };
        let stored = self
            .store
            .finish_document(self.run, &pages, made_with, &mut records);
        stored.await.unwrap().unwrap();
    }

    pub async fn end_run(&self) {
        let (run, summary) = (self.run, json!({}));
        let ended = self.store.finish_run(run, RunOutcome::Completed, &summary);
        ended.await.unwrap();
    }

    async fn find(&self, query: &str, filter: PageFilter) -> Vec<RankedPage> {
        let request = SearchRequest {
            query: Query::parse(query),
            filter,
            most: 20,
            look: None,
        };
        search(&self.store, request).await.unwrap()
    }

    async fn paths(&self, query: &str) -> Vec<String> {
        names(&self.find(query, PageFilter::default()).await)
    }
}

fn names(found: &[RankedPage]) -> Vec<String> {
    let name = |found: &RankedPage| found.page.path.display().to_string();
    found.iter().map(name).collect()
}

/// One word beside the other, one line below the other.
fn words(text: &str) -> Vec<Word> {
    let lines = text.lines().enumerate();
    let words = lines.flat_map(|(row, line)| {
        line.split(' ').enumerate().map(move |(column, text)| {
            let (left, top) = (column as f32 * 0.1, row as f32 * 0.05);
            Word {
                text: text.to_owned(),
                bbox: [left, top, left + 0.08, top + 0.03],
            }
        })
    });
    words.collect()
}

async fn shop() -> Archive {
    let archive = Archive::new().await;
    archive
        .add(Made {
            path: "/in/march/bakery.png",
            text: "Bäckerei Weber\nBrötchen 1.234,50\nSumme EUR 1.234,50\n14.03.2024",
            fields: json!({"merchant_name": "Bäckerei Weber", "date": "2024-03-14", "total": "1234.50", "currency": "EUR"}),
            vector: vec![1.0, 0.0],
        })
        .await;
    archive
        .add(Made {
            path: "/in/april/grocer.png",
            text: "HARROW FOODS LTD\nWh0lemilk 7.40\nBakery bread 2.00",
            fields: json!({"merchant_name": "HARROW FOODS LTD", "date": "2024-04-02", "total": "7.40", "currency": "GBP"}),
            vector: vec![0.0, 1.0],
        })
        .await;
    archive
}

#[tokio::test]
async fn a_page_is_found_by_words_numbers_dates_and_its_file() {
    let archive = shop().await;
    for query in [
        "weber",
        "BACKEREI",
        "\"bäckerei weber\"",
        "1,234.50",
        "1 234,50",
        "1'234.5",
        "2024-03-14",
        "March 14, 2024",
        "summe 1234.50",
    ] {
        assert_eq!(
            archive.paths(query).await,
            ["/in/march/bakery.png"],
            "{query}"
        );
    }
    // By the file's name alone, and by a word of both.
    assert_eq!(archive.paths("grocer").await, ["/in/april/grocer.png"]);
    assert_eq!(archive.paths("bakery").await.len(), 2);
    assert!(archive.paths("nothing of this").await.is_empty());
}

#[tokio::test]
async fn damaged_and_partial_words_are_found_behind_whole_ones() {
    let archive = shop().await;
    let found = archive.find("wholemilk", PageFilter::default()).await;
    assert_eq!(names(&found), ["/in/april/grocer.png"]);
    assert!(found[0].why[0].is_near, "{:?}", found[0].why);
    assert_eq!(archive.paths("rötch").await, ["/in/march/bakery.png"]);
}

#[tokio::test]
async fn every_hit_says_why_and_where() {
    let archive = shop().await;
    let found = archive.find("1,234.50", PageFilter::default()).await;
    let why = &found[0].why;
    let field = FoundIn::Field {
        field: "total".into(),
        value: "1234.50".into(),
    };
    assert_eq!(why[0].found_in, field);
    let FoundIn::Page { text, bbox } = &why[1].found_in else {
        panic!("{why:?}");
    };
    assert_eq!(text, "1.234,50");
    assert!((bbox[0] - 0.1).abs() < 1e-6 && (bbox[1] - 0.05).abs() < 1e-6);
    let file = archive.find("grocer", PageFilter::default()).await;
    let name = FoundIn::FileName {
        name: "grocer.png".into(),
    };
    assert_eq!(file[0].why[0].found_in, name);
}

#[tokio::test]
async fn filters_leave_only_what_they_let_through() {
    let archive = shop().await;
    let grocer = ["/in/april/grocer.png".to_owned()];
    let filters = [
        PageFilter {
            from: Some(jiff::civil::date(2024, 4, 1)),
            ..PageFilter::default()
        },
        PageFilter {
            max_total: Some(100_000),
            ..PageFilter::default()
        },
        PageFilter {
            party: Some("harrow foods".into()),
            ..PageFilter::default()
        },
        PageFilter {
            path: Some("/in/april".into()),
            ..PageFilter::default()
        },
    ];
    for filter in filters {
        assert_eq!(
            names(&archive.find("bakery", filter.clone()).await),
            grocer,
            "{filter:?}"
        );
        assert_eq!(names(&archive.find("", filter).await), grocer);
    }
    let none = PageFilter {
        path: Some("/in/apr".into()),
        ..PageFilter::default()
    };
    assert!(archive.find("bakery", none).await.is_empty());
    let rejected = PageFilter {
        status: Some(Status::Failed),
        ..PageFilter::default()
    };
    assert!(archive.find("bakery", rejected).await.is_empty());
}

#[tokio::test]
async fn a_page_is_found_by_its_look() {
    let archive = shop().await;
    for other in 0..20 {
        let path = format!("/in/other/{other}.png");
        archive
            .add(Made {
                path: &path,
                text: "unrelated",
                fields: json!({}),
                vector: vec![0.0, 1.0],
            })
            .await;
    }
    let found = async |text: &str, least: Option<f32>| {
        let request = SearchRequest {
            query: Query::parse(text),
            filter: PageFilter::default(),
            most: 20,
            look: Some(TextVector {
                model: "clip".into(),
                embedding: Embedding(vec![1.0, 0.0]),
                least,
            }),
        };
        search(&archive.store, request).await.unwrap()
    };
    let pages = found("picture of bread", Some(0.5)).await;
    assert_eq!(
        names(&pages),
        ["/in/march/bakery.png", "/in/april/grocer.png"],
        "a page that looks so comes before one with one of the words"
    );
    let look = FoundIn::Look { similarity: 1.0 };
    assert_eq!(pages[0].why[0].found_in, look);
    let pages = found("bread", Some(0.5)).await;
    assert_eq!(
        names(&pages)[0],
        "/in/april/grocer.png",
        "a page with every word comes first"
    );
    // A CLIP whose least similarity is not known is asked where no word is found.
    assert_eq!(found("bread", None).await.len(), 1);
    let pages = found("picture", None).await;
    assert_eq!(names(&pages)[0], "/in/march/bakery.png");
    assert_eq!(pages.len(), 20);
}

#[tokio::test]
async fn words_of_a_forgotten_file_are_gone() {
    let archive = shop().await;
    let paths = ["/in/march/bakery.png".into()];
    let run = archive.run;
    let completed = crate::store::RunOutcome::Completed;
    let nothing = json!({});
    let done = archive.store.finish_run(run, completed, &nothing);
    done.await.unwrap();
    archive.store.forget(&paths, false).await.unwrap();
    assert!(archive.paths("weber").await.is_empty());
    assert!(archive.paths("brotch").await.is_empty());
    let words = archive.store.words_matching("\"web\"", 10).await.unwrap();
    assert!(words.is_empty(), "{words:?}");
    assert_eq!(archive.paths("bakery").await, ["/in/april/grocer.png"]);
}

/// A run's results of an unread page are searched as well.
#[test]
fn a_page_without_a_record_is_found_by_its_words() {
    let page = PageResult {
        index: 3,
        part: 0,
        routing: None,
        words: words("Terms of sale 12.50"),
        reading: Ok(None),
        ocr: vec![],
        findings: vec![],
    };
    let entry = entries(&[page], &[]).remove(0);
    assert_eq!(
        (entry.page, entry.body.as_str()),
        (3, "Terms of sale 12.50")
    );
    assert!(entry.fields.is_empty() && entry.numbers.contains("n12d5"));
}
