use proptest::prelude::*;

use super::super::strict_reader as reader;
use super::super::tests::{codes, one_invoice, one_receipt, planned};
use super::super::{HoldCode, TargetName};
use super::*;
use crate::store::Ledger;

fn file(name: &str, bytes: u64) -> DocumentFile {
    DocumentFile {
        name: format!("documents/{name}"),
        sha256: String::new(),
        bytes,
    }
}

#[test]
fn each_row_links_the_document_that_the_package_has() {
    let mut bills = one_invoice();
    bills.extend(one_receipt());
    for (bill, name) in bills.iter_mut().zip(["aa.pdf", "bb.jpg"]) {
        bill.bill.id.blake3 = blake3::hash(name.as_bytes()).to_hex().to_string();
        bill.file = Some(file(name, 7));
    }
    let plan = planned(TargetName::Datev, &bills, &Ledger::default(), &[]);
    assert_eq!(codes(&plan), []);
    let places: Vec<_> = plan
        .batch
        .documents
        .iter()
        .map(|document| in_package(&document.name).unwrap())
        .collect();
    let zip = "docmill-datev-000001.zip".to_owned();
    assert_eq!(places, [(zip.clone(), "aa.pdf"), (zip, "bb.jpg")]);
    let files = plan.batch.documents.iter().map(|document| Packed {
        name: in_package(&document.name).unwrap().1,
        blake3: &document.blake3,
        bytes: document.name.as_bytes().to_vec(),
    });
    let files: Vec<Packed> = files.collect();
    let bytes = package(&files, plan.batch.created_at).unwrap();
    assert_eq!(bytes, package(&files, plan.batch.created_at).unwrap());
    let packed = reader::datev_package(&bytes);
    let rows = plan
        .batch
        .files
        .iter()
        .filter(|file| file.name.ends_with(".csv"));
    let mut linked: Vec<String> = rows
        .flat_map(|file| reader::datev_links(&file.bytes))
        .collect();
    linked.sort();
    let mut guids: Vec<String> = packed
        .iter()
        .map(|document| document.guid.clone())
        .collect();
    guids.sort();
    assert_eq!(linked, guids);
    // Without documents no row links one.
    bills.iter_mut().for_each(|bill| bill.file = None);
    let plan = planned(TargetName::Datev, &bills, &Ledger::default(), &[]);
    assert_eq!(reader::datev_links(&plan.batch.files[0].bytes), ["", ""]);
}

#[test]
fn what_datev_does_not_take_as_a_document_holds_the_bill() {
    for (name, bytes, message) in [
        ("aa.webp", 7, "only files of the types bmp, gif, "),
        ("aa", 7, "only files of the types"),
        ("aa.pdf", (20 << 20) + 1, "more than 20 MiB"),
    ] {
        let mut bills = one_invoice();
        bills[0].file = Some(file(name, bytes));
        let plan = planned(TargetName::Datev, &bills, &Ledger::default(), &[]);
        assert_eq!(codes(&plan), [HoldCode::Document], "{name}");
        assert!(plan.held[0].hold.message.contains(message), "{name}");
        let other = planned(TargetName::Xlsx, &bills, &Ledger::default(), &[]);
        assert_eq!(codes(&other), []);
    }
}

#[test]
fn a_package_has_at_most_100_mib_and_4999_files() {
    let mut files: Documents = (0..12)
        .map(|id| (id, file(&format!("{id:02}.pdf"), 20 << 20)))
        .collect();
    // Two bills of one file.
    files.insert(99, file("00.pdf", 20 << 20));
    assign(&mut files, "docmill-datev-000003");
    let names: Vec<&str> = files.values().map(|file| file.name.as_str()).collect();
    assert_eq!(names[0], "docmill-datev-000003-1.zip/00.pdf");
    assert_eq!(names[4], "docmill-datev-000003-1.zip/04.pdf");
    assert_eq!(names[5], "docmill-datev-000003-2.zip/05.pdf");
    assert_eq!(names[11], "docmill-datev-000003-3.zip/11.pdf");
    assert_eq!(names[12], names[0]);
    let mut many: Documents = (0..5_000)
        .map(|id| (id, file(&format!("{id:04}.pdf"), 1)))
        .collect();
    assign(&mut many, "s");
    assert_eq!(many[&4_998].name, "s-1.zip/4998.pdf");
    assert_eq!(many[&4_999].name, "s-2.zip/4999.pdf");
}

#[test]
fn a_guid_is_that_of_the_content() {
    let hash = blake3::hash(b"a page").to_hex();
    let guid = guid(&hash);
    assert_eq!(guid.len(), 36);
    assert_eq!(&guid[14..15], "8", "{guid}");
    assert!("89AB".contains(&guid[19..20]), "{guid}");
    assert_eq!(guid[..8].to_lowercase(), hash[..8]);
}

proptest! {
    #[test]
    fn what_is_packed_is_read_back(contents in prop::collection::btree_set(prop::collection::vec(any::<u8>(), 0..300), 1..9)) {
        let named: Vec<(String, String, Vec<u8>)> = contents
            .into_iter()
            .enumerate()
            .map(|(index, bytes)| (format!("{index}.pdf"), blake3::hash(&bytes).to_hex().to_string(), bytes))
            .collect();
        let files: Vec<Packed> = named
            .iter()
            .map(|(name, blake3, bytes)| Packed { name, blake3, bytes: bytes.clone() })
            .collect();
        let packed = reader::datev_package(&package(&files, 0).unwrap());
        prop_assert_eq!(packed.len(), named.len());
        for (read, (name, blake3, bytes)) in packed.iter().zip(&named) {
            prop_assert_eq!((&read.file, &read.guid, &read.content), (name, &guid(blake3), bytes));
        }
    }
}
