use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::test_data::begin;
use super::*;
use crate::domain::{
    self, Calibrated, Embedding, Failure, FieldEvidence, FieldLogprob, Reading, Reason, Record,
    Routing, SourceText, Status, Word,
};

pub(super) const LEASE: Duration = Duration::from_secs(60);
pub(super) const MADE_WITH: NewRecords<'static> = NewRecords {
    policy: "",
    chosen: &[],
    entries: &[],
    second_approval_from: None,
};

pub(super) struct Fixture {
    _dir: tempfile::TempDir,
    pub path: PathBuf,
    pub store: Store,
    pub run: RunId,
}

pub(super) async fn fixture() -> Fixture {
    let (dir, store, run) = test_data::store().await;
    Fixture {
        path: dir.path().join("docmill.db"),
        _dir: dir,
        store,
        run,
    }
}

impl Fixture {
    pub async fn add(&self, name: &str, pages: u32) -> DocumentId {
        let hash = format!("hash of {name}");
        let mut document = test_data::document(&hash, name, pages);
        document.info.warnings.push("w".into());
        self.store
            .add_document(self.run, &document, None)
            .await
            .unwrap()
    }

    pub async fn claim_for(&self, lease: Duration, most: u32) -> Option<Claim> {
        self.store
            .claim(self.run, &WantedPages::FIRST, lease, most)
            .await
            .unwrap()
    }

    pub async fn claim(&self) -> Option<Claim> {
        self.claim_for(LEASE, 10).await
    }

    /// Approves a record with these values. Returns the number of the new one and what
    /// became of it.
    pub async fn approve(
        &self,
        id: i64,
        changes: &[FieldChange],
        mut record: Record,
    ) -> (i64, Record) {
        record.status = Status::Accepted;
        let correction = Correction {
            changes,
            approve: true,
            by: "ann",
            reason: "seen",
            second_approval_from: None,
        };
        let made = self.store.correct(id, &mut record, correction).await;
        (made.unwrap().unwrap(), record)
    }

    /// Stores the record of a new document as a run does. Returns its number and what became
    /// of it.
    pub async fn add_record(
        &self,
        name: &str,
        record: Record,
        made_with: NewRecords<'_>,
    ) -> (i64, Record) {
        let document = self.add(name, 1).await;
        let claim = self.claim().await.unwrap();
        let completed = self.store.complete_page(&claim, &completion()).await;
        completed.unwrap();
        let pages = self.store.finished_pages(document).await.unwrap().unwrap();
        let mut records = [record];
        let made = self
            .store
            .finish_document(self.run, &pages, made_with, &mut records);
        let id = made.await.unwrap().unwrap().ids[0];
        let [record] = records;
        (id, record)
    }

    pub async fn finish(&self, document: DocumentId) -> Option<Vec<i64>> {
        let pages = self.store.finished_pages(document).await.unwrap()?;
        self.store
            .finish_document(self.run, &pages, MADE_WITH, &mut [record()])
            .await
            .unwrap()
            .map(|recorded| recorded.ids)
    }
}

pub(super) fn completion() -> PageCompletion {
    let reading = Reading {
        raw_text: "{\"total\":\"1.00\"}".into(),
        fields: json!({"total": "1.00"}).as_object().unwrap().clone(),
        logprobs: vec![],
        repetitions: vec![],
        prompt_tokens: 1,
        output_tokens: 1,
        ..Reading::default()
    };
    let embedding = Some(Embedding(vec![0.6, 0.8]));
    let routing = Routing {
        doc_type: Ok("receipt".into()),
        probabilities: vec![("receipt".into(), 1.0)],
        embedding,
        forced: false,
    };
    let word = Word {
        text: "1.00".into(),
        bbox: [0.1, 0.1, 0.2, 0.2],
    };
    PageCompletion {
        key: "k".into(),
        texts: vec![SourceText::of_text_layer(vec![word])],
        routing: Some(routing),
        clip_hash: Some("clip".into()),
        reading: Some(reading),
        ..PageCompletion::default()
    }
}

pub(super) fn record() -> Record {
    Record {
        confidence: Some(0.5),
        field_confidence: vec![("total".into(), 0.5)],
        logprobs: vec![FieldLogprob {
            field: "total".into(),
            sum: -0.5,
            min: -0.5,
            tokens: 1,
        }],
        calibrated: Some(Calibrated {
            calibration: "c".into(),
            max_error: 0.005,
            threshold: Some(0.97),
            fields: vec![("total".into(), 0.625)],
        }),
        evidence: vec![FieldEvidence::model_only("total")],
        ..domain::test_data::record("receipt", json!({"total": "1.00"}))
    }
}

#[tokio::test]
async fn what_was_stored_comes_back() {
    let f = fixture().await;
    let document = f.add("a.pdf", 1).await;
    let claim = f.claim().await.unwrap();
    f.store.complete_page(&claim, &completion()).await.unwrap();
    let pages = f.store.finished_pages(document).await.unwrap().unwrap();
    assert_eq!(
        (pages.path.as_path(), pages.warnings.as_slice()),
        (Path::new("a.pdf"), ["w".to_owned()].as_slice())
    );
    assert_eq!(
        pages.results[0].reading.as_ref().unwrap().as_ref(),
        completion().reading.as_ref()
    );
    assert_eq!(
        pages.results[0].routing.as_ref().unwrap().doc_type,
        Ok("receipt".into())
    );
    assert_eq!(pages.results[0].words[0].text, "1.00");
    let ids = f.finish(document).await.unwrap();
    let stored = f.store.record(ids[0]).await.unwrap().unwrap();
    assert_eq!((&stored.record, stored.paths.len()), (&record(), 1));
    assert_eq!(
        f.store.records_at(Path::new("a.pdf")).await.unwrap(),
        [stored]
    );
    let vectors = f.store.page_vectors("clip").await.unwrap();
    let embedding = Embedding::from_half_bytes(&vectors[0].vector);
    assert!(embedding.similarity(&Embedding(vec![0.6, 0.8])) > 0.999);
    assert!(f.store.page_vectors("other").await.unwrap().is_empty());
}

#[tokio::test]
async fn the_same_content_is_one_document_with_two_paths() {
    let f = fixture().await;
    let document = f.add("a.pdf", 1).await;
    let known = f.store.lookup("hash of a.pdf").await.unwrap().unwrap();
    assert_eq!(
        known,
        DocumentRow {
            id: document,
            pages: 1,
        }
    );
    f.store
        .add_source(f.run, Path::new("copy.pdf"), Some(document), None)
        .await
        .unwrap();
    f.store
        .add_source(f.run, Path::new("copy.pdf"), Some(document), None)
        .await
        .unwrap();
    assert_eq!(f.claim().await.unwrap().paths.len(), 2);
}

#[tokio::test]
async fn a_rejected_file_is_listed_until_it_is_taken_in() {
    let f = fixture().await;
    let failure = Failure::new(Reason::Corrupt, "broken");
    for _ in 0..2 {
        f.store
            .add_source(f.run, Path::new("a.pdf"), None, Some(&failure))
            .await
            .unwrap();
    }
    let expected = RejectedRow {
        path: "a.pdf".into(),
        reason: "corrupt".into(),
        message: "broken".into(),
    };
    assert_eq!(f.store.rejected().await.unwrap(), [expected]);
    f.add("a.pdf", 1).await;
    assert_eq!(f.store.rejected().await.unwrap(), []);
}

#[tokio::test]
async fn only_stale_pages_are_queued_again_and_old_records_stay() {
    let f = fixture().await;
    let document = f.add("a.pdf", 1).await;
    let claim = f.claim().await.unwrap();
    f.store.complete_page(&claim, &completion()).await.unwrap();
    let old = f.finish(document).await.unwrap();
    assert_eq!(
        f.store
            .requeue_stale(document, &|page| page.key != "k")
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        f.store
            .requeue_stale(document, &|page| page.key != "another")
            .await
            .unwrap(),
        1
    );
    assert!(f.finish(document).await.is_none(), "a page is to do");
    let claim = f.claim().await.unwrap();
    f.store.complete_page(&claim, &completion()).await.unwrap();
    let new = f.finish(document).await.unwrap();
    assert_ne!(old, new);
    let current: Vec<i64> = f
        .store
        .records_after(0, 10)
        .await
        .unwrap()
        .into_iter()
        .map(|r| r.id)
        .collect();
    assert_eq!(current, new);
    let all: i64 = sqlx::query_scalar("SELECT count(*) FROM records")
        .fetch_one(&f.store.pool)
        .await
        .unwrap();
    assert_eq!(all, 2);
}

#[tokio::test]
async fn records_made_from_pages_that_changed_meanwhile_are_not_stored() {
    let f = fixture().await;
    let document = f.add("a.pdf", 1).await;
    let claim = f.claim().await.unwrap();
    f.store.complete_page(&claim, &completion()).await.unwrap();
    let stale = f.store.finished_pages(document).await.unwrap().unwrap();
    f.store
        .requeue(RunId(0), document, true, Some("invoice"), &|_| true)
        .await
        .unwrap();
    let claim = f.claim().await.unwrap();
    assert_eq!(claim.forced_type.as_deref(), Some("invoice"));
    f.store.complete_page(&claim, &completion()).await.unwrap();
    assert_eq!(
        f.store
            .finish_document(f.run, &stale, MADE_WITH, &mut [record()])
            .await
            .unwrap(),
        None
    );
    assert!(f.finish(document).await.is_some());
}

#[tokio::test]
async fn a_run_that_reads_everything_again_reads_a_document_of_two_paths_once() {
    let f = fixture().await;
    let document = f.add("a.pdf", 1).await;
    let claim = f.claim().await.unwrap();
    f.store.complete_page(&claim, &completion()).await.unwrap();
    let again = async |run, forced_type| {
        let requeued = f.store.requeue(run, document, true, forced_type, &|_| true);
        requeued.await
    };
    assert_eq!(again(f.run, None).await.unwrap(), 0);
    assert_eq!(again(RunId(0), None).await.unwrap(), 1);
}

#[tokio::test]
async fn another_programs_database_is_not_changed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("places.sqlite");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(options.create_if_missing(true))
        .await
        .unwrap();
    sqlx::query("CREATE TABLE places (name TEXT)")
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
    let before = std::fs::read(&path).unwrap();
    let Err(error) = Store::open(&path).await else {
        panic!("it was opened as a docmill database");
    };
    assert!(
        error.to_string().contains("is not a docmill database"),
        "{error}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn what_is_deleted_is_overwritten() {
    let f = fixture().await;
    let secure: i64 = sqlx::query_scalar("PRAGMA secure_delete")
        .fetch_one(&f.store.pool)
        .await
        .unwrap();
    assert_eq!(secure, 1);
}

#[tokio::test]
async fn retry_takes_failed_pages_or_those_of_given_records() {
    let f = fixture().await;
    let document = f.add("a.pdf", 1).await;
    let claim = f.claim().await.unwrap();
    f.store.complete_page(&claim, &completion()).await.unwrap();
    let ids = f.finish(document).await.unwrap();
    assert_eq!(f.store.retry(&[], None, &[]).await.unwrap(), Ok(0));
    assert_eq!(
        f.store
            .retry(&ids, Some("invoice"), &["invoice".into()])
            .await
            .unwrap(),
        Ok(1)
    );
    assert_eq!(
        f.claim().await.unwrap().forced_type.as_deref(),
        Some("invoice")
    );
}

#[tokio::test]
async fn only_its_owner_can_read_the_database_and_another_file_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let f = fixture().await;
    let mode = std::fs::metadata(&f.path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let other = f.path.with_file_name("text.db");
    std::fs::write(&other, "this is a text file, not a database, and longer than a header of one hundred bytes, as it must be").unwrap();
    let error = format!("{:#}", Store::open(&other).await.err().unwrap());
    assert!(
        error.contains("text.db") && error.contains("not a database"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn runs_that_start_at_once_on_a_new_database_all_open_it() {
    for _ in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("docmill.db");
        let opening: Vec<_> = (0..6)
            .map(|_| {
                let path = path.clone();
                tokio::spawn(async move { Store::open(&path).await.map(drop) })
            })
            .collect();
        for task in opening {
            task.await.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn a_copy_changes_no_records_path_and_the_file_is_looked_for_where_it_is_now() {
    let f = fixture().await;
    let document = f.add("b", 1).await;
    let see = async |run, path: &str| {
        let seen = f
            .store
            .add_source(run, Path::new(path), Some(document), None);
        seen.await.unwrap();
    };
    see(f.run, "a copy").await;
    let second = begin(&f.store).await;
    see(second, "a copy").await;
    see(second, "moved").await;
    let claim = f.claim().await.unwrap();
    assert_eq!(claim.paths[..2], [Path::new("a copy"), Path::new("moved")]);
    f.store.complete_page(&claim, &completion()).await.unwrap();
    f.finish(document).await.unwrap();
    let paths = async || f.store.records_of(document).await.unwrap().remove(0).paths;
    let all = ["b", "a copy", "moved"].map(PathBuf::from);
    assert_eq!(paths().await, all);
    see(begin(&f.store).await, "a copy").await;
    assert_eq!(paths().await, all);
}

#[tokio::test]
async fn a_forgotten_document_takes_all_that_was_made_of_it_and_its_number() {
    let f = fixture().await;
    let document = f.add("/in/a.pdf", 1).await;
    let claim = f.claim().await.unwrap();
    f.store.complete_page(&claim, &completion()).await.unwrap();
    let ids = f.finish(document).await.unwrap();
    let completed = RunOutcome::Completed;
    f.store
        .finish_run(f.run, completed, &json!({}))
        .await
        .unwrap();
    let forgotten = f.store.forget(&["/in".into()], false).await.unwrap();
    assert_eq!((forgotten.documents, forgotten.records), (1, 1));
    let tables = "SELECT (SELECT count(*) FROM documents) + (SELECT count(*) FROM sources)
        + (SELECT count(*) FROM pages) + (SELECT count(*) FROM page_text) + (SELECT count(*) FROM readings)
        + (SELECT count(*) FROM records) + (SELECT count(*) FROM record_pages)";
    let left: i64 = sqlx::query_scalar(tables)
        .fetch_one(&f.store.pool)
        .await
        .unwrap();
    assert_eq!(left, 0);
    let document = f.add("/in/b.pdf", 1).await;
    let claim = f.claim().await.unwrap();
    f.store.complete_page(&claim, &completion()).await.unwrap();
    let next = f.finish(document).await.unwrap();
    assert!(next > ids, "numbers are given once");
}

#[tokio::test]
async fn a_stored_value_that_does_not_decode_is_an_error() {
    let f = fixture().await;
    let document = f.add("a.pdf", 1).await;
    let claim = f.claim().await.unwrap();
    f.store.complete_page(&claim, &completion()).await.unwrap();
    let ids = f.finish(document).await.unwrap();
    for change in ["fields = 'x'", "evidence = '[1]'"] {
        let sql = format!("UPDATE records SET {change}");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .execute(&f.store.pool)
            .await
            .unwrap();
        assert!(f.store.record(ids[0]).await.is_err(), "{change}");
    }
}
