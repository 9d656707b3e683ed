use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::*;

pub(super) const SPEC: RasterSpec = RasterSpec {
    width: 400,
    for_ocr: false,
    max_pixels: 4_000_000,
};

/// The process's rasterizer, for one test at a time: PDFium is loaded once and
/// is not thread-safe. `make setup` installs it. Without it these tests say so,
/// or fail where `DOCMILL_REQUIRE_ENGINES` is set.
pub(super) fn rasterizer() -> Option<MutexGuard<'static, DocumentRasterizer>> {
    static LOADED: OnceLock<anyhow::Result<Mutex<DocumentRasterizer>>> = OnceLock::new();
    match LOADED.get_or_init(|| DocumentRasterizer::new(None).map(Mutex::new)) {
        // A test that failed while it held the lock has failed already.
        Ok(rasterizer) => Some(rasterizer.lock().unwrap_or_else(PoisonError::into_inner)),
        Err(error) => {
            let required = std::env::var_os("DOCMILL_REQUIRE_ENGINES").is_some();
            assert!(!required, "{error:#}");
            eprintln!("skipped: {error:#}");
            None
        }
    }
}

/// A PDF of these objects, numbered from 1; the first is the catalogue.
pub(super) fn assemble(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        out.extend(format!("{} 0 obj\n", index + 1).into_bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let xref = out.len();
    let count = objects.len() + 1;
    out.extend(format!("xref\n0 {count}\n0000000000 65535 f \n").into_bytes());
    for offset in offsets {
        out.extend(format!("{offset:010} 00000 n \n").into_bytes());
    }
    let trailer = format!("trailer << /Size {count} /Root 1 0 R >>\nstartxref\n{xref}\n%%EOF\n");
    out.extend(trailer.into_bytes());
    out
}

/// A one-page PDF of 200 x 100 points with one line of text, turned by
/// `rotate` degrees.
pub(super) fn pdf(rotate: u32) -> Vec<u8> {
    let content = "BT /F1 20 Tf 20 60 Td (Total 42.50) Tj ET";
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Rotate {rotate} /Contents 4 0 R \
             /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        ),
        format!(
            "<< /Length {} >>\nstream\n{content}\nendstream",
            content.len()
        ),
    ];
    assemble(&objects.map(String::into_bytes))
}

#[test]
fn a_pdf_page_is_drawn_at_the_wanted_width_with_its_words_in_place() {
    let Some(mut rasterizer) = rasterizer() else {
        return;
    };
    let info = rasterizer.open(pdf(0), &Limits::default()).unwrap();
    assert_eq!((info.media_type, info.pages), (MediaType::Pdf, 1));
    let page = rasterizer.page(0, &SPEC).unwrap();
    assert_eq!((page.image.width, page.image.height), (400, 200));
    let words: Vec<_> = page.words.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(words, ["Total", "42.50"]);
    // The text begins 20 of 200 points from the left, its baseline is 60 of
    // 100 points above the bottom.
    let [left, top, right, bottom] = page.words[0].bbox;
    assert!(
        (left - 0.1).abs() < 0.02 && right < 0.4,
        "{:?}",
        page.words[0]
    );
    assert!(
        top < 0.4 && (0.38..0.5).contains(&bottom),
        "{:?}",
        page.words[0]
    );
    let dark_inside = dark_share(&page, page.words[0].bbox);
    assert!(
        dark_inside > 0.05,
        "no ink in the word's box: {dark_inside}"
    );
}

#[test]
fn words_of_a_rotated_page_lie_where_they_are_seen() {
    let Some(mut rasterizer) = rasterizer() else {
        return;
    };
    for rotate in [90, 180, 270] {
        rasterizer.open(pdf(rotate), &Limits::default()).unwrap();
        let page = rasterizer.page(0, &SPEC).unwrap();
        let upright = page.image.width > page.image.height;
        assert_eq!(upright, rotate == 180);
        assert!(
            dark_share(&page, page.words[0].bbox) > 0.05,
            "{rotate}: {:?}",
            page.words
        );
    }
}

/// Share of dark pixels within a box given in shares of the page.
fn dark_share(page: &RasterPage, [left, top, right, bottom]: [f32; 4]) -> f64 {
    let (w, h) = (page.image.width, page.image.height);
    let at = |share: f32, size: u32| ((share * size as f32) as u32).min(size);
    let (mut dark, mut all) = (0, 0);
    for y in at(top, h)..at(bottom, h) {
        for x in at(left, w)..at(right, w) {
            all += 1;
            dark += u32::from(page.image.rgb[(y * w + x) as usize * 3] < 128);
        }
    }
    f64::from(dark) / f64::from(all.max(1))
}

#[test]
fn content_decides_what_a_file_is() {
    assert_eq!(sniff(b"%PDF-1.7 ...").unwrap(), MediaType::Pdf);
    assert_eq!(sniff(b"junk before\n%PDF-1.4").unwrap(), MediaType::Pdf);
    assert_eq!(
        sniff(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").unwrap(),
        MediaType::Png
    );
    for bytes in [&b"<html></html>"[..], b"PK\x03\x04", b"hello", b"\n\n\n"] {
        assert_eq!(sniff(bytes).unwrap_err().reason, Reason::UnsupportedType);
    }
    let docx = [&b"PK\x03\x04"[..], &[0; 26], b"word/document.xml"].concat();
    for (bytes, remedy) in [
        (&b"PK\x03\x04"[..], "unpack it"),
        (b"\x1f\x8b\x08\0", "unpack it"),
        (b"7z\xbc\xaf\x27\x1c", "unpack it"),
        (b"Rar!\x1a\x07\x00", "unpack it"),
        (&docx, "save it as PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0heicmif1", "JPEGs"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0heicmif1", "JPEGs"),
        (
            b"\0\0\0\x18ftypavif\0\0\0\0avifmif1",
            "save it as JPEG or PNG",
        ),
        (b"\xff\x0a\xfa\x1f", "save it as JPEG or PNG"),
        (
            b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ",
            "save it as JPEG or PNG",
        ),
        (
            b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ",
            "save it as JPEG or PNG",
        ),
    ] {
        let failure = sniff(bytes).unwrap_err();
        assert_eq!(failure.reason, Reason::UnsupportedType, "{failure}");
        assert!(failure.message.contains(remedy), "{remedy}: {failure}");
    }
}

#[test]
fn sizes_are_reduced_within_the_limit_and_keep_a_pixel() {
    assert_eq!(fit(100, 50, 5000), (100, 50));
    assert_eq!(fit(200, 100, 5000), (100, 50));
    let (width, height) = fit(10, 100_000, 1000);
    assert!(width >= 1 && u64::from(width) * u64::from(height) <= 1000);
}
