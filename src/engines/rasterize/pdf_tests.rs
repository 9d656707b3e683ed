//! What PDFs carry beside their pages' own content.

use std::path::Path;
use std::sync::MutexGuard;

use super::tests::{SPEC, rasterizer};
use super::*;

fn open(name: &str) -> Option<(MutexGuard<'static, DocumentRasterizer>, DocumentInfo)> {
    let mut rasterizer = rasterizer()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pdfs");
    let bytes = std::fs::read(folder.join(name)).unwrap();
    let info = rasterizer.open(bytes, &Limits::default()).unwrap();
    Some((rasterizer, info))
}

fn text(page: &RasterPage) -> String {
    let words: Vec<&str> = page.words.iter().map(|word| word.text.as_str()).collect();
    words.join(" ")
}

#[test]
fn a_portfolios_documents_are_its_pages_and_its_cover_is_none() {
    let Some((mut rasterizer, info)) = open("portfolio.pdf") else {
        return;
    };
    assert_eq!(info.pages, 3);
    assert!(
        info.warnings[0].contains("3 documents inside were read"),
        "{:?}",
        info.warnings
    );
    let texts: Vec<String> = (0..3)
        .map(|index| text(&rasterizer.page(index, &SPEC).unwrap()))
        .collect();
    for text in &texts {
        assert!(text.contains("Rechnungsnummer"), "{text}");
        assert!(!text.contains("Portfolio"), "{text}");
    }
    assert!(texts[0] != texts[1] && texts[1] != texts[2]);
    assert!(rasterizer.page(3, &SPEC).is_err());
}

#[test]
fn an_electronic_invoice_is_found_wherever_the_pdf_carries_it() {
    for name in ["af.pdf", "after-101-others.pdf"] {
        let Some((mut rasterizer, info)) = open(name) else {
            return;
        };
        let files = rasterizer.xml_files();
        let invoice = files.iter().find(|file| {
            let name = file.name.as_deref().unwrap_or_default();
            name.ends_with(".xml") && info.attachments.iter().any(|known| known == name)
        });
        let invoice = invoice.unwrap_or_else(|| panic!("{name}: {:?}", info.attachments));
        let xml = String::from_utf8_lossy(&invoice.bytes);
        assert!(xml.contains("CrossIndustryInvoice"), "{name}: {xml}");
    }
}

#[test]
fn what_form_fields_show_is_part_of_the_text_where_it_is_seen() {
    let Some((mut rasterizer, info)) = open("form-with-appearances.pdf") else {
        return;
    };
    assert_eq!(info.warnings, Vec::<String>::new());
    // Twice: the second time, the page has been flattened.
    for _ in 0..2 {
        let page = rasterizer.page(0, &SPEC).unwrap();
        let text = text(&page);
        for value in ["INV-22-F", "2025-03-03", "120.00", "GB33BUKB20201555555555"] {
            assert!(text.contains(value), "{value}: {text}");
        }
        let label = page.words.iter().find(|word| word.text == "IBAN").unwrap();
        let iban = page.words.iter().find(|word| word.text.starts_with("GB33"));
        let iban = iban.unwrap();
        assert!(
            (label.bbox[1] - iban.bbox[1]).abs() < 0.02 && label.bbox[0] < iban.bbox[0],
            "{label:?} {iban:?}"
        );
    }
}

#[test]
fn a_text_layer_that_says_something_else_is_not_used_and_a_warning_says_so() {
    let Some((mut rasterizer, info)) = open("garbled-text-with-xml.pdf") else {
        return;
    };
    assert!(
        info.warnings
            .iter()
            .any(|warning| warning.contains("text layer of page 1")),
        "{:?}",
        info.warnings
    );
    assert!(rasterizer.page(0, &SPEC).unwrap().words.is_empty());
}
