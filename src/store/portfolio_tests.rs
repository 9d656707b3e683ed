//! A PDF portfolio: one document of several parts.

use super::tests::{Fixture, MADE_WITH, completion, fixture, record};
use super::*;
use crate::domain::{BusinessKey, Record, Status, XmlFile, XmlPlace};

/// A portfolio of an e-invoice, a scan of two pages and a PDF with
/// one attached.
async fn portfolio(f: &Fixture) -> DocumentId {
    let xml = |part, name: Option<&str>| XmlFile {
        part,
        name: name.map(str::to_owned),
        bytes: format!("<invoice{part}/>").into(),
    };
    let mut document = test_data::document("hash", "portfolio.pdf", 4);
    document.info.parts = vec![1, 2, 1];
    document.einvoices = vec![xml(0, None), xml(2, Some("factur-x.xml"))];
    let added = f.store.add_document(f.run, &document, None);
    added.await.unwrap()
}

#[tokio::test]
async fn each_part_of_a_portfolio_has_its_own_e_invoice() {
    let f = fixture().await;
    let document = portfolio(&f).await;
    let places = [Some(XmlPlace::Whole), None, None, Some(XmlPlace::Attached)];
    for place in places {
        let claim = f.claim().await.unwrap();
        assert_eq!(claim.xml, place, "page {}", claim.index);
        f.store.complete_page(&claim, &completion()).await.unwrap();
    }
    let pages = f.store.finished_pages(document).await.unwrap().unwrap();
    let parts: Vec<u32> = pages.results.iter().map(|page| page.part).collect();
    assert_eq!(parts, [0, 1, 1, 2]);
    let parts: Vec<u32> = pages.einvoices.iter().map(|file| file.part).collect();
    assert_eq!(parts, [0, 2]);
    let einvoice = async |page| f.store.einvoice(document, page).await.unwrap();
    assert_eq!(einvoice(0).await.unwrap().bytes, b"<invoice0/>");
    assert_eq!(einvoice(2).await, None);
    let attached = einvoice(3).await.unwrap();
    assert_eq!(attached.name.as_deref(), Some("factur-x.xml"));
    // Another type changes what a model reads, and nothing else.
    f.finish(document).await.unwrap();
    let asks_model = |xml: Option<XmlPlace>| xml.is_none();
    let requeued = f
        .store
        .requeue(RunId(0), document, false, Some("receipt"), &asks_model);
    assert_eq!(requeued.await.unwrap(), 2);
    let seen = std::sync::Mutex::new(Vec::new());
    let note = |page: PageKey<'_>| {
        seen.lock().unwrap().push(page.xml);
        false
    };
    f.store.requeue_stale(document, &note).await.unwrap();
    assert_eq!(
        seen.into_inner().unwrap(),
        [Some(XmlPlace::Whole), Some(XmlPlace::Attached)]
    );
}

#[tokio::test]
async fn the_same_invoice_in_two_parts_is_a_possible_duplicate() {
    let f = fixture().await;
    let document = portfolio(&f).await;
    let of_page = |page: u32, key: &str| Record {
        pages: vec![page],
        keys: vec![BusinessKey {
            key: key.into(),
            words: "invoice number A-1".into(),
        }],
        ..record()
    };
    // Twice, since records are made again.
    for _ in 0..2 {
        while let Some(claim) = f.claim().await {
            f.store.complete_page(&claim, &completion()).await.unwrap();
        }
        let pages = f.store.finished_pages(document).await.unwrap().unwrap();
        // Pages 2 and 3 are of one part, where two records of one invoice are
        // nothing new: a page had no number.
        let mut records = [
            of_page(0, "a"),
            of_page(1, "b"),
            of_page(2, "b"),
            of_page(3, "a"),
        ];
        let stored = f
            .store
            .finish_document(f.run, &pages, MADE_WITH, &mut records);
        stored.await.unwrap().unwrap();
        let statuses: Vec<_> = records.iter().map(|record| record.status).collect();
        use Status::{Accepted, NeedsReview};
        assert_eq!(statuses, [Accepted, Accepted, Accepted, NeedsReview]);
        assert_eq!(
            records[3].findings[0].message,
            "possible duplicate payment: invoice number A-1 are those of page 1 of the same file"
        );
        let all = |_: Option<XmlPlace>| true;
        let requeued = f.store.requeue(RunId(0), document, true, None, &all);
        assert_eq!(requeued.await.unwrap(), 4);
    }
}
