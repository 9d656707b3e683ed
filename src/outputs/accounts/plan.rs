//! Plans a batch: the files of the candidates, and the bills that are held.

use rust_decimal::Decimal;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::bill::Bill;
use super::double_payment::compare;
use super::hold::{Hold, HoldCode};
use super::settings::Accounts;
use super::target::{BatchHeader, Candidate, Documents, Target, TargetFile, iso};
use super::target_name::TargetName;
use super::{beancount, datev, firefly, gnucash, hledger, odoo, quickbooks, sage, ubl, xero, xlsx};
use crate::domain::time::rfc3339;
use crate::domain::{PaymentKey, money};
use crate::store::{BatchDocument, BillId, DistinctPair, ExportFile, Ledger, NewBatch, NewLine};

/// A bill that is not in the batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    pub record: i64,
    pub path: String,
    pub hold: Hold,
}

/// An exported bill whose amount due (BT-115) is not its gross total, as after a prepayment.
#[derive(Clone, Debug, PartialEq)]
pub struct PartlyDue {
    pub record: i64,
    pub amount_due: Decimal,
    pub gross: Decimal,
    /// ISO 4217.
    pub currency: String,
}

/// A known receipt or payment that is not a candidate.
#[derive(Clone, Debug)]
pub struct OtherPaper {
    pub record: i64,
    pub id: BillId,
    pub payment: PaymentKey,
}

/// The input of a plan.
pub struct BatchInput<'a> {
    pub target: TargetName,
    pub candidates: &'a [Candidate],
    pub papers: &'a [OtherPaper],
    pub accounts: &'a Accounts,
    pub ledger: &'a Ledger,
    /// Unix milliseconds.
    pub now: i64,
    pub user: &'a str,
    /// Absolute.
    pub folder: &'a Path,
}

/// A batch for the export ledger; without lines there is nothing to export.
pub struct BatchPlan {
    pub batch: NewBatch,
    pub held: Vec<Held>,
    pub partly_due: Vec<PartlyDue>,
    /// Number of bills that this target has already.
    pub exported_before: usize,
}

pub fn plan(input: &BatchInput) -> anyhow::Result<BatchPlan> {
    let accounts = input.accounts;
    match input.target {
        TargetName::Xlsx => plan_for(input, &xlsx::Xlsx),
        TargetName::Xero => plan_for(input, &xero::Xero(accounts)),
        TargetName::Quickbooks => plan_for(input, &quickbooks::QuickBooks(accounts)),
        TargetName::Datev => plan_for(input, &datev::Datev(accounts)),
        TargetName::Hledger => plan_for(input, &hledger::Hledger(accounts)),
        TargetName::Beancount => plan_for(input, &beancount::Beancount(accounts)),
        TargetName::Gnucash => plan_for(input, &gnucash::GnuCash(accounts)),
        TargetName::Firefly => plan_for(input, &firefly::Firefly(accounts)),
        TargetName::Sage => plan_for(input, &sage::Sage(accounts)),
        TargetName::Odoo => plan_for(input, &odoo::Odoo),
        TargetName::Ubl => plan_for(input, &ubl::Ubl),
    }
}

fn plan_for<T: Target>(input: &BatchInput, target: &T) -> anyhow::Result<BatchPlan> {
    let exported = exported_pages(input.ledger, input.target.as_str());
    let (mut held, mut exported_before) = (Vec::new(), 0);
    let mut entries: Vec<(&Bill, T::Entry)> = Vec::new();
    let mut documents = Documents::new();
    let mut known = known_papers(input);
    for candidate in input.candidates {
        let bill = &candidate.bill;
        let mut pages = bill.id.pages.iter();
        if pages.any(|page| exported.contains(&(bill.id.blake3.as_str(), *page))) {
            exported_before += 1;
            continue;
        }
        let payment = bill.payment_key();
        let entry =
            check_double_payment(bill, &payment, &known, &input.ledger.distinct).and_then(|()| {
                target.entry(
                    candidate,
                    input
                        .accounts
                        .supplier(&bill.supplier, bill.vat_id.as_deref()),
                )
            });
        match entry {
            Ok(entry) => {
                entries.push((bill, entry));
                if let Some(file) = &candidate.file {
                    documents.insert(bill.record, file.clone());
                }
                known.push(Known {
                    record: bill.record,
                    id: &bill.id,
                    payment: Cow::Owned(payment),
                    place: "in this export".to_owned(),
                });
            }
            Err(hold) => held.push(Held {
                record: bill.record,
                path: candidate.path.clone(),
                hold,
            }),
        }
    }
    let header = BatchHeader {
        id: input.ledger.version.next_batch(),
        created_at: input.now,
    };
    target.place_documents(&mut documents, &header);
    let files = match entries.is_empty() {
        true => Vec::new(),
        false => target.files(&entries, &header)?,
    };
    let bills: Vec<&Bill> = entries.iter().map(|(bill, _)| *bill).collect();
    Ok(BatchPlan {
        batch: new_batch(input, &header, &bills, files, &documents)?,
        held,
        partly_due: bills.iter().filter_map(|bill| partly_due(bill)).collect(),
        exported_before,
    })
}

fn partly_due(bill: &Bill) -> Option<PartlyDue> {
    Some(PartlyDue {
        record: bill.record,
        amount_due: bill.amount_due?,
        gross: bill.gross,
        currency: bill.currency.clone(),
    })
}

fn exported_pages<'a>(ledger: &'a Ledger, target: &str) -> BTreeSet<(&'a str, u32)> {
    let of_target = ledger.pages.iter().filter(|page| page.target == target);
    of_target
        .map(|page| (page.blake3.as_str(), page.page_index))
        .collect()
}

/// A document that a bill is compared with.
struct Known<'a> {
    record: i64,
    id: &'a BillId,
    payment: Cow<'a, PaymentKey>,
    /// Its place in words.
    place: String,
}

/// Bills that were exported for any target, and receipts and payments that were read.
fn known_papers<'a>(input: &'a BatchInput) -> Vec<Known<'a>> {
    let exported = input.ledger.lines.iter().map(|line| Known {
        record: line.record,
        id: &line.bill,
        payment: Cow::Borrowed(&line.payment),
        place: format!("in batch {}", line.batch),
    });
    let read = input.papers.iter().map(|paper| Known {
        record: paper.record,
        id: &paper.id,
        payment: Cow::Borrowed(&paper.payment),
        place: "read".to_owned(),
    });
    exported.chain(read).collect()
}

fn check_double_payment(
    bill: &Bill,
    payment: &PaymentKey,
    known: &[Known],
    distinct: &[DistinctPair],
) -> Result<(), Hold> {
    for other in known {
        let Some(code) = compare(payment, &other.payment) else {
            continue;
        };
        let is_itself = other.id.blake3 == bill.id.blake3
            && other
                .id
                .pages
                .iter()
                .any(|page| bill.id.pages.contains(page));
        // A person may decide that two documents are two payments, but not export one bill
        // twice.
        let is_distinct =
            code != HoldCode::SameBill && distinct.contains(&DistinctPair::of(&bill.id, other.id));
        // Of two receipts that were not exported, either may be.
        let is_peer = other.place == "read" && other.payment.paper == payment.paper;
        if !is_itself && !is_distinct && !is_peer {
            return Err(double(code, bill, other));
        }
    }
    Ok(())
}

fn double(code: HoldCode, bill: &Bill, other: &Known) -> Hold {
    let (record, place, payment) = (other.record, &other.place, &other.payment);
    let new = bill.record;
    let what = match code {
        HoldCode::SameBill => "is the same bill: supplier, number and amount",
        HoldCode::OtherAmount => "has its supplier and number, and another amount",
        HoldCode::OtherNumber => "has its supplier, amount and date, and another number",
        HoldCode::LookAlike => "has its supplier and amount, and a number that looks alike",
        HoldCode::UnsureNumber => "has its supplier and amount, and a number may be misread",
        _ => "is a receipt, payment or invoice of the same debt",
    };
    let reject = format!("`docmill decide reject {new} --reason …`");
    let remedy = match code {
        HoldCode::SameBill => format!("{reject}, or reverse record {record} first"),
        HoldCode::UnsureNumber => format!(
            "correct number and date if they are misread (`docmill correct {new} invoice_number=…`), `docmill export distinct {new} {record} --reason …` if both are to be booked, else {reject}"
        ),
        _ => format!(
            "`docmill export distinct {new} {record} --reason …` if both are to be booked, else {reject}"
        ),
    };
    Hold::new(
        code,
        format!(
            "record {record} ({place}, {} {} of {}) {what}",
            money(payment.gross),
            payment.currency,
            iso(payment.date)
        ),
        remedy,
    )
}

/// The manifest beside the files of a batch, for checking their import.
#[derive(Serialize)]
struct ExportManifest<'a> {
    batch: i64,
    target: &'a str,
    /// RFC 3339, UTC.
    created: String,
    created_by: &'a str,
    documents: usize,
    /// Gross totals by currency.
    sums: BTreeMap<&'a str, String>,
    files: Vec<ManifestFile<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    document_files: Vec<ManifestDocument<'a>>,
    bills: Vec<ManifestBill<'a>>,
}

/// A source file; several bills may be of one.
#[derive(Serialize)]
struct ManifestDocument<'a> {
    name: &'a str,
    sha256: &'a str,
}

#[derive(Serialize)]
struct ManifestFile<'a> {
    name: &'a str,
    sha256: String,
    documents: usize,
    sums: BTreeMap<&'a str, String>,
}

#[derive(Serialize)]
struct ManifestBill<'a> {
    record: i64,
    document: &'a str,
    /// From 1.
    pages: Vec<u32>,
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    document_file: Option<&'a str>,
    supplier: &'a str,
    number: String,
    date: String,
    currency: &'a str,
    gross: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_due: Option<String>,
}

fn new_batch(
    input: &BatchInput,
    header: &BatchHeader,
    bills: &[&Bill],
    files: Vec<TargetFile>,
    documents: &Documents,
) -> anyhow::Result<NewBatch> {
    let in_files: usize = files.iter().map(|file| file.bills.len()).sum();
    anyhow::ensure!(
        in_files == bills.len(),
        "{in_files} of {} bills are in the files for {}: nothing was exported",
        bills.len(),
        input.target.as_str()
    );
    let manifest = manifest(input, header, bills, &files, documents)?;
    let name = format!("{}.manifest.json", header.stem(input.target.as_str()));
    let mut stored: Vec<ExportFile> = files
        .into_iter()
        .map(|file| stored(file.name, file.bytes))
        .collect();
    if !stored.is_empty() {
        stored.push(self::stored(name, manifest));
    }
    Ok(NewBatch {
        target: input.target.as_str().to_owned(),
        created_at: input.now,
        created_by: input.user.to_owned(),
        folder: input.folder.to_owned(),
        lines: bills.iter().map(|bill| line(bill)).collect(),
        files: stored,
        documents: batch_documents(bills, documents),
    })
}

/// Each source file once, by name.
fn batch_documents(bills: &[&Bill], documents: &Documents) -> Vec<BatchDocument> {
    let of_bill = |bill: &&Bill| {
        let file = documents.get(&bill.record)?;
        Some(BatchDocument {
            name: file.name.clone(),
            blake3: bill.id.blake3.clone(),
            sha256: file.sha256.clone(),
        })
    };
    let mut files: Vec<_> = bills.iter().filter_map(of_bill).collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files.dedup();
    files
}

fn line(bill: &Bill) -> NewLine {
    NewLine {
        record: bill.record,
        bill: bill.id.clone(),
        payment: bill.payment_key(),
    }
}

fn stored(name: String, bytes: Vec<u8>) -> ExportFile {
    ExportFile {
        sha256: sha256(&bytes),
        name,
        bytes,
    }
}

/// SHA-256 of the bytes, 64 lower-case hex digits.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn manifest(
    input: &BatchInput,
    header: &BatchHeader,
    bills: &[&Bill],
    files: &[TargetFile],
    documents: &Documents,
) -> anyhow::Result<Vec<u8>> {
    let of_file = |file: &TargetFile| -> Vec<&Bill> {
        file.bills.iter().map(|&index| bills[index]).collect()
    };
    let by_name: BTreeMap<&str, &str> = documents
        .values()
        .map(|file| (file.name.as_str(), file.sha256.as_str()))
        .collect();
    let document_files = by_name
        .into_iter()
        .map(|(name, sha256)| ManifestDocument { name, sha256 })
        .collect();
    let manifest = ExportManifest {
        document_files,
        batch: header.id,
        target: input.target.as_str(),
        created: rfc3339(header.created_at),
        created_by: input.user,
        documents: bills.len(),
        sums: sums(bills),
        files: files
            .iter()
            .map(|file| ManifestFile {
                name: &file.name,
                sha256: sha256(&file.bytes),
                documents: file.bills.len(),
                sums: sums(&of_file(file)),
            })
            .collect(),
        bills: files
            .iter()
            .flat_map(|file| {
                of_file(file)
                    .into_iter()
                    .map(|bill| manifest_bill(bill, &file.name, documents))
                    .collect::<Vec<_>>()
            })
            .collect(),
    };
    let mut bytes = serde_json::to_vec_pretty(&manifest)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn manifest_bill<'a>(bill: &'a Bill, file: &'a str, documents: &'a Documents) -> ManifestBill<'a> {
    ManifestBill {
        record: bill.record,
        document: &bill.id.blake3,
        pages: bill.id.pages.iter().map(|index| index + 1).collect(),
        file,
        document_file: documents.get(&bill.record).map(|file| file.name.as_str()),
        supplier: &bill.supplier,
        number: bill.reference(),
        date: iso(bill.date),
        currency: &bill.currency,
        gross: money(bill.gross),
        amount_due: bill.amount_due.map(money),
    }
}

/// Gross totals by currency.
fn sums<'a>(bills: &[&'a Bill]) -> BTreeMap<&'a str, String> {
    let mut sums: BTreeMap<&str, Decimal> = BTreeMap::new();
    for bill in bills {
        *sums.entry(&bill.currency).or_default() += bill.gross;
    }
    let text = |(currency, sum)| (currency, money(sum));
    sums.into_iter().map(text).collect()
}
