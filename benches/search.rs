//! Measures the duration of searches and of the comparison of records in an archive of
//! 100,000 generated pages, which are stored first:
//!
//! ```text
//! cargo bench --bench search
//! ```

use std::time::{Duration, Instant};

use docmill::archive::{Query, SearchRequest, TextVector, duplicates, search};
use docmill::domain::{Embedding, number_token};
use docmill::store::{PageFilter, Store};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

const PAGES: i64 = 100_000;
const WORDS_OF_A_PAGE: usize = 120;
const DIMENSIONS: usize = 512;

/// A reproducible pseudorandom sequence (xorshift, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    /// A word; the square of a uniform number makes some words more frequent.
    fn word(&mut self) -> String {
        const SYLLABLES: [&str; 16] = [
            "ba", "ren", "tol", "ki", "mus", "da", "wer", "lin", "so", "gra", "pe", "tum", "ha",
            "ros", "ne", "fil",
        ];
        let share = self.roll(1000) as f64 / 1000.0;
        let mut rank = (share * share * 60_000.0) as u64;
        let mut word = String::new();
        for _ in 0..4 {
            word.push_str(SYLLABLES[(rank % 16) as usize]);
            rank /= 16;
        }
        word
    }

    fn amount(&mut self) -> String {
        format!("{}.{:02}", self.roll(5000), self.roll(100))
    }
}

/// Fills the tables as runs do, in one transaction.
async fn fill(pool: &SqlitePool) -> sqlx::Result<()> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut tx = pool.begin().await?;
    for statement in [
        "INSERT INTO runs (id, started_at, pid, process_start, boot_id, version, settings) VALUES (1, 0, 0, 0, '', '', '')",
    ] {
        sqlx::query(statement).execute(&mut *tx).await?;
    }
    for id in 1..=PAGES {
        let merchant = format!("{} {}", dice.word(), dice.word());
        let (total, day) = (
            dice.amount(),
            format!(
                "20{:02}-{:02}-{:02}",
                dice.roll(25),
                1 + dice.roll(12),
                1 + dice.roll(28)
            ),
        );
        let mut words: Vec<String> = (0..WORDS_OF_A_PAGE).map(|_| dice.word()).collect();
        let amounts: Vec<String> = (0..10).map(|_| dice.amount()).collect();
        words.extend(amounts.iter().cloned());
        let numbers: Vec<String> = amounts
            .iter()
            .chain([&total])
            .map(|a| number_token(a.parse().unwrap()))
            .collect();
        let vector: Vec<f32> = (0..DIMENSIONS)
            .map(|_| dice.roll(2001) as f32 / 1000.0 - 1.0)
            .collect();
        let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
        let vector = Embedding(vector.iter().map(|v| v / length).collect());
        sqlx::query("INSERT INTO documents (id, blake3, bytes, media_type, pages, attachments, warnings, added_at, run_id) VALUES (?1, ?1, 1, 'image/png', 1, '[]', '[]', 0, 1)")
            .bind(id).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO sources (path, path_text, document_id, run_id, seen_at) VALUES (CAST(?1 AS BLOB), ?1, ?2, 1, 0)")
            .bind(format!("/in/{}/{id}.png", id / 1000)).bind(id).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO pages (id, document_id, page_index, state, doc_type) VALUES (?1, ?1, 0, 'done', 'receipt')")
            .bind(id).execute(&mut *tx).await?;
        let fields = serde_json::json!({"merchant_name": merchant, "date": day, "total": total});
        sqlx::query("INSERT INTO records (id, document_id, ordinal, doc_type, status, source, fields, field_confidence, logprobs, evidence, run_id, created_at) VALUES (?1, ?1, 0, 'receipt', 'accepted', 'model', ?2, '[]', '[]', '[]', 1, 0)")
            .bind(id).bind(fields.to_string()).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO record_pages (record_id, page_index) VALUES (?, 0)")
            .bind(id)
            .execute(&mut *tx)
            .await?;
        let units: f64 = total.parse().unwrap();
        sqlx::query(
            "INSERT INTO record_facts (record_id, party, day, total_units) VALUES (?, ?, ?, ?)",
        )
        .bind(id)
        .bind(&merchant)
        .bind(&day)
        .bind((units * 10_000.0) as i64)
        .execute(&mut *tx)
        .await?;
        sqlx::query("INSERT INTO page_search (page_id, names, fields, body, numbers) VALUES (?, ?, ?, ?, ?)")
            .bind(id).bind(format!("{id}.png")).bind(format!("{merchant}\n{day}\n{total}"))
            .bind(words.join(" ")).bind(numbers.join(" ")).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO page_embeddings (page_id, model, vector) VALUES (?, 'clip', ?)")
            .bind(id)
            .bind(vector.to_half_bytes())
            .execute(&mut *tx)
            .await?;
        for word in words.iter().take(WORDS_OF_A_PAGE) {
            sqlx::query("INSERT OR IGNORE INTO vocabulary (word) VALUES (?)")
                .bind(word)
                .execute(&mut *tx)
                .await?;
        }
    }
    tx.commit().await
}

async fn timed(
    store: &Store,
    query: &str,
    filter: PageFilter,
    look: Option<TextVector>,
) -> (Duration, usize) {
    let mut times = Vec::new();
    let mut found = 0;
    for _ in 0..5 {
        let request = SearchRequest {
            query: Query::parse(query),
            filter: filter.clone(),
            most: 20,
            look: look.clone(),
        };
        let start = Instant::now();
        found = search(store, request).await.unwrap().len();
        times.push(start.elapsed());
    }
    times.sort();
    (times[times.len() / 2], found)
}

#[tokio::main]
async fn main() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let store = Store::open(&path).await.unwrap();
    let start = Instant::now();
    let options = SqliteConnectOptions::new().filename(&path);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    fill(&pool).await.unwrap();
    pool.close().await;
    let bytes = std::fs::metadata(&path).unwrap().len() / (1 << 20);
    println!("filled in {:.0?}, {bytes} MiB", start.elapsed());
    let start = Instant::now();
    let captures = store.captures().await.unwrap();
    let loaded = start.elapsed();
    let found = duplicates(&captures, &Default::default());
    println!(
        "captures: loaded in {loaded:.1?}, compared in {:.1?}, {} groups",
        start.elapsed() - loaded,
        found.groups.len()
    );
    let mut dice = Dice(7);
    let (frequent, word) = ("babababa", dice.word());
    let queries = [
        word.clone(),
        frequent.to_owned(),
        format!("{word} {frequent}"),
        "1.234,50".to_owned(),
        format!("{}x", &word[..word.len() - 1]),
        "2014-03-14".to_owned(),
    ];
    let march = PageFilter {
        from: Some(jiff::civil::date(2014, 3, 1)),
        to: Some(jiff::civil::date(2014, 3, 31)),
        ..PageFilter::default()
    };
    let look = TextVector {
        model: "clip".into(),
        embedding: Embedding(vec![1.0 / (DIMENSIONS as f32).sqrt(); DIMENSIONS]),
        least: Some(0.0),
    };
    for query in &queries {
        let words = timed(&store, query, PageFilter::default(), None).await;
        let filtered = timed(&store, query, march.clone(), None).await;
        let looks = timed(&store, query, PageFilter::default(), Some(look.clone())).await;
        println!("{query}: words {words:.1?}, in a month {filtered:.1?}, with looks {looks:.1?}");
        assert!(words.0 < Duration::from_secs(2), "{query} took {words:?}");
    }
}
