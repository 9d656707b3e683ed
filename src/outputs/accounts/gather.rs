//! Gathers the records that may be exported, and the receipts and payments that may show
//! that they are paid.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::bill::Bill;
use super::double_payment::{compare, supplier_words};
use super::hold::HoldCode;
use super::plan::{Held, OtherPaper};
use super::target::Candidate;
use super::target_name::TargetName;
use crate::domain::{EInvoice, Fields, Paper, PaymentKey, Source, Status};
use crate::outputs::export::{self, Exported};
use crate::store::{BillId, Store, StoredRecord};

/// Records fetched at once.
const CHUNK: u32 = 500;

/// All current records, prepared for an export.
#[derive(Default)]
pub struct Gathered {
    /// Accepted bills, in the order in which their documents were taken in.
    pub candidates: Vec<Candidate>,
    /// Accepted bills without a value that every target needs.
    pub held: Vec<Held>,
    /// Receipts and payments.
    pub papers: Vec<OtherPaper>,
    /// Number of bills that need review or failed.
    pub not_accepted: usize,
    /// Number of records that a person rejected or found to be no bill.
    pub set_aside: usize,
}

/// Gathers all current records. `buyer_country`: ISO 3166-1 alpha-2, for UBL files of
/// invoices that do not state it.
pub async fn gather(
    store: &Store,
    target: TargetName,
    buyer_country: Option<&str>,
) -> anyhow::Result<Gathered> {
    let mut gathered = Gathered::default();
    let mut after = 0;
    loop {
        let records = store.records_after(after, CHUNK).await?;
        let Some(last) = records.last() else { break };
        after = last.id;
        for stored in records {
            let ubl = match target == TargetName::Ubl && stored.record.status == Status::Accepted {
                true => Some(export::ubl(store, &stored, buyer_country).await?),
                false => None,
            };
            let has_xml = stored.record.source == Source::EmbeddedXml;
            let stated = match has_xml && stored.record.status == Status::Accepted {
                true => export::stated_invoice(store, &stored).await?,
                false => None,
            };
            let stored = Exported::of(store, stored).await?.stored;
            gathered.add(&stored, stated.as_ref(), ubl);
        }
    }
    let order = |candidate: &Candidate| (candidate.document, candidate.bill.id.pages.clone());
    gathered.candidates.sort_by_key(order);
    Ok(gathered)
}

impl Gathered {
    /// `stated`: its e-invoice.
    fn add(
        &mut self,
        stored: &StoredRecord,
        stated: Option<&EInvoice>,
        ubl: Option<export::UblResult>,
    ) {
        self.set_aside += usize::from(stored.record.status.is_set_aside());
        // A rejected document does not prove a payment.
        if stored.record.status == Status::Rejected {
            return;
        }
        if let Some(payment) = payment(stored) {
            self.papers.push(payment);
        }
        if stored.record.status == Status::NotABill {
            return;
        }
        let Some(mut bill) = Bill::of(stored) else {
            return;
        };
        if let (Ok(bill), Some(invoice)) = (&mut bill, stated) {
            bill.add_stated(invoice);
        }
        if let Ok(bill) = &bill
            && bill.number.is_none()
        {
            self.papers.push(OtherPaper {
                record: stored.id,
                id: bill.id.clone(),
                payment: bill.payment_key(),
            });
        }
        if stored.record.status != Status::Accepted {
            self.not_accepted += 1;
            return;
        }
        let path = stored.paths.first();
        let path = path
            .map(|path| path.to_string_lossy().into_owned())
            .unwrap_or_default();
        match bill {
            Ok(bill) => self.candidates.push(Candidate {
                bill,
                document: stored.document_id,
                path,
                paths: stored.paths.clone(),
                file: None,
                ubl,
            }),
            Err(hold) => self.held.push(Held {
                record: stored.id,
                path,
                hold,
            }),
        }
    }
}

/// Whether two records are the same bill, which is never exported twice.
pub async fn is_same_bill(store: &Store, a: StoredRecord, b: StoredRecord) -> anyhow::Result<bool> {
    let [a, b] = [Exported::of(store, a).await?, Exported::of(store, b).await?];
    let key = |exported: &Exported| Some(Bill::of(&exported.stored)?.ok()?.payment_key());
    let keys = key(&a).zip(key(&b));
    Ok(keys.is_some_and(|(a, b)| compare(&a, &b) == Some(HoldCode::SameBill)))
}

/// The payment of a screenshot; `None` where it is not one that was made.
fn payment(stored: &StoredRecord) -> Option<OtherPaper> {
    let record = &stored.record;
    if record.doc_type.as_deref() != Some("screenshot") {
        return None;
    }
    let text = |name: &str| record.fields.get(name).and_then(|value| value.as_str());
    let is_open = matches!(text("status"), Some("pending" | "failed" | "cancelled"));
    if is_open || text("kind") == Some("refund") {
        return None;
    }
    Some(OtherPaper {
        record: stored.id,
        id: BillId {
            blake3: stored.blake3.clone(),
            pages: record.pages.clone(),
        },
        payment: PaymentKey {
            paper: Paper::Screenshot,
            supplier: text("counterparty").map(supplier_words).unwrap_or_default(),
            vat_id: None,
            number: None,
            is_number_unsure: false,
            currency: text("currency")?.to_owned(),
            gross: amount(&record.fields)?,
            date: text("date")?.parse::<Date>().ok()?,
            is_date_unsure: false,
            due_date: None,
        },
    })
}

/// The amount without its sign, since apps print payments with and without a minus.
fn amount(fields: &Fields) -> Option<Decimal> {
    let amount = fields.get("amount")?.as_str()?;
    Some(Decimal::from_str_exact(amount).ok()?.abs().normalize())
}
