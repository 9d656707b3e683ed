use std::time::Duration;

use super::super::test_data::{begin, begin_with};
use super::super::tests::{Fixture, completion, fixture};
use super::super::{ModelInfo, NewRecords, PageCompletion, RunOutcome, WantedPages};
use super::*;
use crate::domain::{FindingCode, Reason};

const LEASE: Duration = Duration::from_secs(60);

async fn run_with(store: &Store, readers: &[&str]) -> RunId {
    let model = |hash: &&str| ModelInfo {
        hash: (*hash).to_owned(),
        role: "reader".into(),
        name: format!("reader {hash}"),
    };
    begin_with(store, readers.iter().map(model).collect()).await
}

fn to(reader: &str, pages: &[u32]) -> NewEscalation {
    NewEscalation {
        pages: pages.to_vec(),
        reader: reader.into(),
        reason: EscalationReason {
            code: FindingCode::SumMismatch,
            message: "it does not add up".into(),
        },
    }
}

fn wanted(readers: &[&str]) -> WantedPages {
    WantedPages {
        first: true,
        readers: readers.iter().map(|reader| (*reader).to_owned()).collect(),
    }
}

fn cost(cost: f64) -> PageCompletion {
    PageCompletion {
        model_hash: Some("b".into()),
        cost: Some(cost),
        currency: Some("EUR".into()),
        ..completion()
    }
}

impl Fixture {
    /// A document all of whose pages the first reader has read.
    async fn read(&self, name: &str, pages: u32) -> DocumentId {
        let document = self.add(name, pages).await;
        for _ in 0..pages {
            let claim = self.claim().await.unwrap();
            self.store
                .complete_page(&claim, &completion())
                .await
                .unwrap();
        }
        document
    }

    async fn escalate(
        &self,
        document: DocumentId,
        escalations: &[NewEscalation],
        most: u32,
    ) -> Vec<bool> {
        let pages = self.store.finished_pages(document).await.unwrap().unwrap();
        let since = self.store.budget_start(self.run).await.unwrap();
        self.store
            .escalate(self.run, since, &pages, escalations, most)
            .await
            .unwrap()
    }

    async fn finish_run(&self, outcome: RunOutcome) {
        let summary = serde_json::json!({});
        let finished = self.store.finish_run(self.run, outcome, &summary).await;
        finished.unwrap();
    }

    async fn claim_for_readers(&self, readers: &[&str]) -> Option<Claim> {
        let wanted = wanted(readers);
        self.store
            .claim(self.run, &wanted, LEASE, 10)
            .await
            .unwrap()
    }

    async fn with_readers() -> Fixture {
        let mut f = fixture().await;
        f.run = run_with(&f.store, &["b", "c"]).await;
        f
    }
}

#[tokio::test]
async fn an_escalated_page_is_claimed_for_its_reader_only_and_knows_its_type() {
    let f = Fixture::with_readers().await;
    let document = f.read("a.pdf", 2).await;
    assert_eq!(f.escalate(document, &[to("b", &[1])], 9).await, [true]);
    assert!(f.store.finished_pages(document).await.unwrap().is_none());
    assert!(f.claim().await.is_none(), "not for the first reader");
    assert!(f.claim_for_readers(&["c"]).await.is_none());
    let claim = f.claim_for_readers(&["b"]).await.unwrap();
    assert_eq!((claim.index, claim.attempt, claim.failures), (1, 1, 0));
    let escalation = claim.escalation.as_ref().unwrap();
    assert_eq!(escalation.reader, "b");
    assert_eq!(
        escalation.routing.as_ref().unwrap().doc_type,
        Ok("receipt".into())
    );
    let done = f.store.complete_page(&claim, &cost(0.25)).await.unwrap();
    assert!(done.document_complete);
    let attempts = f.store.attempts(document).await.unwrap();
    let made: Vec<_> = attempts
        .iter()
        .map(|attempt| (attempt.page, attempt.escalated, attempt.reader.as_deref()))
        .collect();
    assert_eq!(
        made,
        [(0, false, None), (1, false, None), (1, true, Some("b"))]
    );
    let rows = f.store.attempt_rows(document).await.unwrap();
    let last = rows.last().unwrap();
    assert_eq!(
        (last.cost, last.reader.as_deref(), last.counts),
        (Some(0.25), Some("reader b"), true)
    );
    assert_eq!(
        last.why.as_deref(),
        Some("sum_mismatch: it does not add up")
    );
    assert!(f.store.escalation_cost(f.run).await.unwrap() == 0.25);
}

#[tokio::test]
async fn pages_are_escalated_together_and_only_as_many_as_the_budget_allows() {
    let f = Fixture::with_readers().await;
    let document = f.read("a.pdf", 4).await;
    let escalations = [to("b", &[0, 1]), to("b", &[2, 3]), to("b", &[2])];
    assert_eq!(
        f.escalate(document, &escalations, 3).await,
        [true, false, true]
    );
}

#[tokio::test]
async fn the_budget_outlives_a_run_that_ended_early_and_is_new_after_one_that_did_not() {
    let mut f = Fixture::with_readers().await;
    let document = f.read("a.pdf", 1).await;
    assert_eq!(f.escalate(document, &[to("b", &[0])], 1).await, [true]);
    let first = f.run;
    // Killed: the next goes on with its budget; one that was stopped as well.
    f.run = begin(&f.store).await;
    assert!(f.store.budget_start(f.run).await.unwrap() <= first);
    f.finish_run(RunOutcome::Interrupted).await;
    f.run = begin(&f.store).await;
    assert!(f.store.budget_start(f.run).await.unwrap() <= first);
    let other = f.read("b.pdf", 1).await;
    assert_eq!(f.escalate(other, &[to("b", &[0])], 1).await, [false]);
    f.finish_run(RunOutcome::Completed).await;
    f.run = begin(&f.store).await;
    assert_eq!(f.store.budget_start(f.run).await.unwrap(), f.run);
    assert_eq!(f.escalate(other, &[to("b", &[0])], 1).await, [true]);
}

#[tokio::test]
async fn a_skipped_escalation_leaves_the_page_as_it_was_and_costs_nothing() {
    let f = Fixture::with_readers().await;
    let document = f.read("a.pdf", 1).await;
    let before = f.store.finished_pages(document).await.unwrap().unwrap();
    f.escalate(document, &[to("b", &[0])], 1).await;
    let claim = f.claim_for_readers(&["b"]).await.unwrap();
    let skipped = f.store.skip_escalation(&claim).await.unwrap();
    assert!(skipped.owned && skipped.document_complete);
    let after = f.store.finished_pages(document).await.unwrap().unwrap();
    assert_eq!(after.results, before.results);
    assert_eq!(f.escalate(document, &[to("b", &[0])], 1).await, [true]);
    let late = f.store.skip_escalation(&claim).await.unwrap();
    assert!(!late.owned, "its lease is gone");
}

#[tokio::test]
async fn escalations_of_a_dead_run_to_a_reader_that_is_gone_are_skipped() {
    let f = Fixture::with_readers().await;
    let document = f.read("a.pdf", 2).await;
    f.escalate(document, &[to("b", &[0]), to("c", &[1])], 9)
        .await;
    let next = begin(&f.store).await;
    let readers = ["c".to_owned()];
    assert_eq!(
        f.store
            .skip_escalations_without(next, &readers)
            .await
            .unwrap(),
        0,
        "it lives"
    );
    sqlx::query("UPDATE runs SET process_start = process_start - 1 WHERE id = ?")
        .bind(f.run.0)
        .execute(&f.store.pool)
        .await
        .unwrap();
    assert_eq!(
        f.store
            .skip_escalations_without(next, &readers)
            .await
            .unwrap(),
        1
    );
    let claim = f.claim_for_readers(&["b", "c"]).await.unwrap();
    assert_eq!(
        (claim.index, claim.escalation.unwrap().reader.as_str()),
        (1, "c")
    );
    assert!(f.claim_for_readers(&["b", "c"]).await.is_none());
}

#[tokio::test]
async fn the_chosen_attempt_makes_the_record_and_a_requeue_begins_anew() {
    let f = Fixture::with_readers().await;
    let document = f.read("a.pdf", 1).await;
    f.escalate(document, &[to("b", &[0])], 1).await;
    let claim = f.claim_for_readers(&["b"]).await.unwrap();
    let failure = Failure::new(Reason::OutputRefused, "no");
    f.store
        .fail_page(&claim, &failure, false, &cost(0.5))
        .await
        .unwrap();
    let pages = f.store.finished_pages(document).await.unwrap().unwrap();
    assert!(pages.escalated && pages.results[0].reading.is_err());
    let attempts = f.store.attempts(document).await.unwrap();
    let chosen = [(0, attempts[0].reading_id)];
    let made_with = NewRecords {
        policy: "",
        chosen: &chosen,
        entries: &[],
        second_approval_from: None,
    };
    f.store
        .finish_document(
            f.run,
            &pages,
            made_with,
            &mut [super::super::tests::record()],
        )
        .await
        .unwrap()
        .unwrap();
    let counts = f.store.counts().await.unwrap();
    assert_eq!(counts.pages["done"], 1, "{counts:?}");
    assert!(f.store.attempt_rows(document).await.unwrap()[0].counts);
    assert!(
        f.store.pages_in_review(document).await.unwrap().is_none(),
        "its record is accepted"
    );
    assert_eq!(
        f.store
            .requeue(RunId(0), document, true, None, &|_| true)
            .await
            .unwrap(),
        1
    );
    assert!(f.store.attempts(document).await.unwrap().is_empty());
    assert!(f.claim().await.unwrap().escalation.is_none());
}

#[tokio::test]
async fn an_escalation_that_kills_the_program_leaves_a_failed_attempt() {
    let f = Fixture::with_readers().await;
    let document = f.read("a.pdf", 1).await;
    f.escalate(document, &[to("b", &[0])], 1).await;
    let wanted = wanted(&["b"]);
    for _ in 0..2 {
        let claim = f.store.claim(f.run, &wanted, Duration::ZERO, 2).await;
        assert!(claim.unwrap().is_some());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let none = f.store.claim(f.run, &wanted, LEASE, 2).await.unwrap();
    assert!(none.is_none());
    let attempts = f.store.attempts(document).await.unwrap();
    let failed = attempts.last().unwrap();
    assert!(failed.escalated && failed.reader.as_deref() == Some("b"));
    assert_eq!(
        failed.result.as_ref().unwrap_err().reason,
        Reason::WorkerDied
    );
}
