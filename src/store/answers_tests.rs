use serde_json::json;

use super::*;
use crate::store::RunOutcome;
use crate::store::tests::{completion, fixture};

fn answer(question: &str) -> StoredAnswer {
    StoredAnswer {
        name: "terms".into(),
        question: question.into(),
        model: "m".into(),
        answer: json!("30 days"),
        page: 0,
        place: Some([0.1, 0.2, 0.3, 0.4]),
        probability: Some(0.5),
    }
}

#[tokio::test]
async fn a_record_is_asked_once_for_each_question_and_reader() {
    let f = fixture().await;
    for name in ["/in/a.pdf", "/other/b.pdf"] {
        let document = f.add(name, 1).await;
        let claim = f.claim().await.unwrap();
        f.store.complete_page(&claim, &completion()).await.unwrap();
        f.finish(document).await.unwrap();
    }
    let all = PageFilter::default();
    let asked = "payment terms?";
    let left = f.store.records_to_ask(&all, "terms", asked, "m").await;
    let left = left.unwrap();
    assert_eq!(left.len(), 2);
    f.store
        .store_answer(&left[0], &answer(asked))
        .await
        .unwrap();
    let to_ask = async |filter: &PageFilter, name: &str, question: &str, model: &str| {
        let left = f.store.records_to_ask(filter, name, question, model).await;
        left.unwrap()
            .iter()
            .map(|record| record.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(to_ask(&all, "terms", asked, "m").await, [left[1].id]);
    for (name, question, model) in [
        ("other", asked, "m"),
        ("terms", "due?", "m"),
        ("terms", asked, "n"),
    ] {
        assert_eq!(to_ask(&all, name, question, model).await.len(), 2);
    }
    let below = PageFilter {
        path: Some("/other".into()),
        ..PageFilter::default()
    };
    assert_eq!(to_ask(&below, "new", asked, "m").await, [left[1].id]);

    let stored = f
        .store
        .answers(left[0].document_id, left[0].first_page)
        .await;
    assert_eq!(stored.unwrap(), [answer(asked)]);
    // Another question takes the column's place.
    f.store
        .store_answer(&left[0], &answer("due?"))
        .await
        .unwrap();
    let stored = f
        .store
        .answers(left[0].document_id, left[0].first_page)
        .await;
    assert_eq!(stored.unwrap()[0].question, "due?");
    let completed = RunOutcome::Completed;
    let end = f.store.finish_run(f.run, completed, &json!({})).await;
    end.unwrap();
    f.store.forget(&["/in".into()], false).await.unwrap();
    let stored = f
        .store
        .answers(left[0].document_id, left[0].first_page)
        .await;
    assert_eq!(stored.unwrap(), []);
}
