//! What PDFs carry beside their pages' own content.

use std::path::Path;
use std::sync::MutexGuard;

use super::tests::{SPEC, assemble, pdf, rasterizer};
use super::*;

fn open(name: &str) -> Option<(MutexGuard<'static, DocumentRasterizer>, DocumentInfo)> {
    let mut rasterizer = rasterizer()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/faults");
    let bytes = std::fs::read(folder.join(name)).unwrap();
    let info = rasterizer.open(bytes, &Limits::default()).unwrap();
    Some((rasterizer, info))
}

fn text(page: &RasterPage) -> String {
    let words: Vec<&str> = page.words.iter().map(|word| word.text.as_str()).collect();
    words.join(" ")
}

#[test]
fn the_pages_of_a_portfolio_are_those_of_its_documents_without_the_cover() {
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
fn an_e_invoice_is_found_wherever_the_pdf_carries_it() {
    for name in ["af.pdf", "after-101-others.pdf", "kids.pdf"] {
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

/// A page of 1 by 0.5 inches, filled by a picture of so many pixels of width.
fn scan(width: usize) -> Vec<u8> {
    let height = width / 2;
    let pixels = vec![200; width * height];
    let head = format!(
        "<< /Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceGray \
         /BitsPerComponent 8 /Length {} >>\nstream\n",
        pixels.len()
    );
    assemble(&[
        CATALOG.into(),
        PAGES.into(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 72 36] /Contents 4 0 R \
          /Resources << /XObject << /Scan 5 0 R >> >> >>"
            .to_vec(),
        stream(b"q 72 0 0 36 0 0 cm /Scan Do Q"),
        [head.as_bytes(), &pixels, b"\nendstream"].concat(),
    ])
}

#[test]
fn a_page_is_drawn_with_its_scans_resolution_or_one_that_ocr_can_read() {
    let Some(mut rasterizer) = rasterizer() else {
        return;
    };
    let thumbnail = RasterSpec {
        width: 1,
        for_ocr: true,
        ..SPEC
    };
    for (bytes, size) in [
        (scan(100), (100, 50)),
        (scan(250), (250, 125)),
        // More than 300 dots per inch show nothing more.
        (scan(1200), (300, 150)),
        // Text, 200 by 100 points, at 200 dots per inch.
        (pdf(0), (555, 278)),
    ] {
        rasterizer.open(bytes, &Limits::default()).unwrap();
        let image = rasterizer.page(0, &thumbnail).unwrap().image;
        assert_eq!((image.width, image.height), size);
    }
}

const XML: &[u8] = b"<?xml version=\"1.0\"?><rsm:CrossIndustryInvoice/>";
const CATALOG: &str = "<< /Type /Catalog /Pages 2 0 R >>";
const PAGES: &str = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>";

fn stream(content: &[u8]) -> Vec<u8> {
    let head = format!("<< /Length {} >>\nstream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

/// A file specification whose content is object `stream`.
fn file(name: &str, stream: usize) -> Vec<u8> {
    format!("<< /Type /Filespec /F ({name}) /UF ({name}) /EF << /F {stream} 0 R >> >>").into()
}

/// One page with an XML file at an annotation, as a user pins it there.
fn with_annotation() -> Vec<u8> {
    assemble(&[
        CATALOG.into(),
        PAGES.into(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Annots [4 0 R] >>".to_vec(),
        b"<< /Type /Annot /Subtype /FileAttachment /Rect [10 10 20 20] /FS 5 0 R >>".to_vec(),
        file("factur-x.xml", 6),
        stream(XML),
    ])
}

/// A cover with these files inside.
fn portfolio_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let names: Vec<String> = files
        .iter()
        .enumerate()
        .map(|(index, (name, _))| format!("({name}) {} 0 R", 4 + 2 * index))
        .collect();
    let names = names.join(" ");
    let catalog = format!(
        "<< /Type /Catalog /Pages 2 0 R /Collection << >> /Names << /EmbeddedFiles << /Names [{names}] >> >> >>"
    );
    let mut objects = vec![
        catalog.into_bytes(),
        PAGES.into(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] >>".to_vec(),
    ];
    for (index, (name, bytes)) in files.iter().enumerate() {
        objects.push(file(name, 5 + 2 * index));
        objects.push(stream(bytes));
    }
    assemble(&objects)
}

#[test]
fn an_e_invoice_at_a_file_attachment_annotation_is_found() {
    let Some(mut rasterizer) = rasterizer() else {
        return;
    };
    let info = rasterizer
        .open(with_annotation(), &Limits::default())
        .unwrap();
    assert_eq!(info.attachments, ["factur-x.xml"]);
    let files = rasterizer.xml_files();
    assert_eq!(files.len(), 1);
    assert_eq!(
        (files[0].name.as_deref(), &files[0].bytes[..]),
        (Some("factur-x.xml"), XML)
    );
}

#[test]
fn the_e_invoice_of_a_portfolios_only_document_is_used() {
    let Some(mut rasterizer) = rasterizer() else {
        return;
    };
    let inner = with_annotation();
    for (files, pages) in [
        (
            &[("invoice.pdf", &inner[..])][..],
            "the document inside was read",
        ),
        (
            &[("scan.pdf", &pdf(0)[..]), ("xrechnung.xml", XML)],
            "the document inside was read",
        ),
        (&[("xrechnung.xml", XML)], "only its cover was read"),
    ] {
        let info = rasterizer
            .open(portfolio_of(files), &Limits::default())
            .unwrap();
        assert_eq!(info.pages, 1, "{files:?}");
        assert!(info.warnings[0].contains(pages), "{:?}", info.warnings);
        let found = rasterizer.xml_files();
        assert_eq!(found.len(), 1, "{:?}", info.warnings);
        assert_eq!(found[0].bytes, XML);
        assert!(rasterizer.page(0, &SPEC).is_ok());
    }
}

const UBL: &[u8] = include_bytes!("../../../fixtures/invoice/einvoice_ubl/input.xml");

#[test]
fn each_document_of_a_portfolio_is_a_part_with_its_own_e_invoice() {
    let Some(mut rasterizer) = rasterizer() else {
        return;
    };
    let files = [
        ("notes.xml", &b"<notes/>"[..]),
        ("invoice.pdf", &with_annotation()[..]),
        ("xrechnung.xml", UBL),
        ("scan.pdf", &pdf(0)[..]),
    ];
    let info = rasterizer
        .open(portfolio_of(&files), &Limits::default())
        .unwrap();
    assert_eq!((info.pages, &info.parts[..]), (3, &[1, 1, 1][..]));
    let found = rasterizer.xml_files();
    let parts: Vec<_> = found
        .iter()
        .map(|file| (file.part, file.name.as_deref()))
        .collect();
    assert_eq!(parts, [(0, Some("factur-x.xml")), (1, None)]);
    assert!(found[0].bytes == XML && found[1].bytes == UBL);
    assert!(rasterizer.page(0, &SPEC).is_ok());
    let failure = rasterizer.page(1, &SPEC).unwrap_err();
    assert_eq!(failure.message, "an XML file has no page");
    assert!(text(&rasterizer.page(2, &SPEC).unwrap()).contains("42.50"));
    assert_eq!(info.warnings.len(), 2, "{:?}", info.warnings);
    assert!(info.warnings[0].contains("3 documents inside were read"));
    assert!(info.warnings[1].contains("notes.xml inside the portfolio was not read"));
}

#[test]
fn e_invoices_alone_in_a_portfolio_are_a_part_each() {
    let Some(mut rasterizer) = rasterizer() else {
        return;
    };
    let other = String::from_utf8_lossy(UBL).replace(">433.80<", ">434.80<");
    let files = [("a.xml", UBL), ("b.xml", other.as_bytes())];
    let info = rasterizer
        .open(portfolio_of(&files), &Limits::default())
        .unwrap();
    assert_eq!(info.parts, [1, 1]);
    let found = rasterizer.xml_files();
    let parts: Vec<_> = found.iter().map(|file| (file.part, &file.name)).collect();
    assert_eq!(parts, [(0, &None), (1, &None)]);
}

/// The placeholder page that programs other than Adobe's show of an XFA form.
/// `NeedsRendering` marks the form as dynamic: its pages are made from the XFA.
fn xfa(needs_rendering: bool) -> Vec<u8> {
    let catalog = format!(
        "<< /Type /Catalog /Pages 2 0 R /NeedsRendering {needs_rendering} /AcroForm << /Fields [] /XFA 5 0 R >> >>"
    );
    assemble(&[
        catalog.into_bytes(),
        PAGES.into(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 4 0 R \
          /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
            .to_vec(),
        stream(b"BT /F1 20 Tf 20 60 Td (Please wait...) Tj ET"),
        stream(
            b"<xdp:xdp xmlns:xdp=\"http://ns.adobe.com/xdp/\"><template xmlns=\"http://www.xfa.org/schema/xfa-template/3.3/\"/></xdp:xdp>",
        ),
    ])
}

#[test]
fn a_dynamic_xfa_form_shows_a_placeholder_and_a_warning_says_so() {
    let Some(mut rasterizer) = rasterizer() else {
        return;
    };
    let mut open = |bytes| rasterizer.open(bytes, &Limits::default()).unwrap();
    // The pages of a static form are those that every program shows.
    assert_eq!(open(xfa(false)).warnings, Vec::<String>::new());
    let info = open(xfa(true));
    assert_eq!(info.warnings.len(), 1, "{:?}", info.warnings);
    for part in ["XFA form", "print it there to a new PDF"] {
        assert!(info.warnings[0].contains(part), "{:?}", info.warnings);
    }
    let page = rasterizer.page(0, &SPEC).unwrap();
    assert_eq!(text(&page), "Please wait...");
}

/// What its sums need is in the text (`validation/checks/tests.rs`).
#[test]
fn a_receipts_rounding_line_is_part_of_its_text() {
    let Some((mut rasterizer, _)) = open("sek.pdf") else {
        return;
    };
    let text = text(&rasterizer.page(0, &SPEC).unwrap());
    for line in ["Subtotal 57.40", "Rounding -0.40", "Total to pay 57.00 SEK"] {
        assert!(text.contains(line), "{line}: {text}");
    }
}
