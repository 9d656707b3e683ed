//! The engine with its models on fixture pages, and on pages of hostile sizes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use image::RgbImage;
use image::imageops;
use proptest::prelude::*;

use super::lines::Letters;
use super::raster::Raster;
use super::{Image, OcrPage, PpOcr, spaces};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the models that `make setup` installs.
fn model(name: &str) -> PathBuf {
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set"));
    let data = data.unwrap_or_else(|| home().join(".local/share"));
    data.join("docmill/models").join(name)
}

const DETECTOR: &str = "ppocrv6_det_small.rten";
const RECOGNISER: &str = "ppocrv6_rec_small.rten";
const DICTIONARY: &str = "ppocrv6_dict.txt";

fn engine() -> &'static Mutex<PpOcr> {
    static ENGINE: OnceLock<Mutex<PpOcr>> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let engine = PpOcr::load(&model(DETECTOR), &model(RECOGNISER), &model(DICTIONARY), 2);
        Mutex::new(engine.expect("the OCR models are installed (make setup)"))
    })
}

fn read(image: &RgbImage) -> OcrPage {
    let view = Image::new(image.width(), image.height(), 3, image).expect("pixels fit the size");
    let mut engine = engine().lock().unwrap_or_else(PoisonError::into_inner);
    engine.recognise(&view).expect("the page is read")
}

fn fixture(name: &str) -> RgbImage {
    let path = root().join("fixtures").join(name).join("input.png");
    image::open(path).expect("the fixture is there").to_rgb8()
}

fn text(page: &OcrPage) -> String {
    page.lines
        .iter()
        .map(|line| line.text.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Share of the reference's words that the page has.
fn share_read(page: &OcrPage, name: &str) -> f32 {
    #[derive(serde::Deserialize)]
    struct Case {
        page: String,
        lines: Vec<String>,
    }
    let cases = std::fs::read_to_string(root().join("tests/golden/pages.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&cases).unwrap();
    let case = cases
        .iter()
        .find(|case| case.page == name)
        .expect("the page has a reference");
    let mut read: Vec<String> = text(page).split_whitespace().map(str::to_owned).collect();
    let words: Vec<&str> = case
        .lines
        .iter()
        .flat_map(|line| line.split_whitespace())
        .collect();
    let found = words.iter().filter(|word| {
        let at = read.iter().position(|r| r == *word);
        at.map(|at| read.swap_remove(at)).is_some()
    });
    found.count() as f32 / words.len() as f32
}

#[test]
fn pages_read_as_by_the_python_reference() {
    for name in ["receipt/us_office", "screenshot/transfer_bank"] {
        let page = read(&fixture(name));
        assert!(share_read(&page, name) >= 0.97, "{name}:\n{}", text(&page));
        assert_eq!(page.rotation, 0);
        assert!(page.skew.abs() < 0.5);
    }
}

#[test]
fn rows_are_in_order_and_words_lie_in_their_lines() {
    let image = fixture("receipt/us_office");
    let page = read(&image);
    let tops: Vec<u32> = page.lines.iter().map(|line| line.row).collect();
    assert!(tops.is_sorted());
    let total = page
        .lines
        .iter()
        .position(|line| line.text.starts_with("TOTAL"))
        .expect("a total");
    assert_eq!(page.lines[total].row, page.lines[total + 1].row);
    assert_eq!(page.lines[total + 1].text, "31.02");
    for line in &page.lines {
        assert_eq!(
            line.text,
            line.words
                .iter()
                .map(|w| w.text.as_str())
                .collect::<Vec<_>>()
                .join(" ")
        );
        for pair in line.words.windows(2) {
            assert!(
                pair[0].bounds.x1 <= pair[1].bounds.x0 + 1.0,
                "{}",
                line.text
            );
        }
        for word in &line.words {
            assert_eq!(word.characters.len(), word.text.chars().count());
            assert!(
                word.bounds.x0 >= line.bounds.x0 - 0.5 && word.bounds.x1 <= line.bounds.x1 + 0.5
            );
            assert!(word.bounds.x1 - word.bounds.x0 >= 1.0, "{}", word.text);
        }
    }
}

#[test]
fn turned_pages_are_read_and_placed_as_they_lie() {
    let name = "receipt/us_office";
    let upright = fixture(name);
    let (width, height) = (upright.width() as f32, upright.height() as f32);
    let straight = read(&upright);
    let place = |page: &OcrPage| {
        let line = page
            .lines
            .iter()
            .find(|line| line.text.contains("Bright Office"))
            .expect("the shop's name");
        (line.bounds.x0, line.bounds.y0)
    };
    let (x, y) = place(&straight);
    let turned = [
        (imageops::rotate90(&upright), 270),
        (imageops::rotate180(&upright), 180),
        (imageops::rotate270(&upright), 90),
    ];
    for (image, rotation) in turned {
        let page = read(&image);
        assert_eq!(page.rotation, rotation);
        assert!(
            share_read(&page, name) >= 0.95,
            "{rotation}:\n{}",
            text(&page)
        );
        let line = page
            .lines
            .iter()
            .find(|line| line.text.contains("Bright Office"))
            .unwrap();
        // The text's own top left corner.
        let corner = line.quad.0[0];
        let expected = match rotation {
            270 => (height - y, x),
            180 => (width - x, height - y),
            _ => (y, width - x),
        };
        assert!(
            (corner.x - expected.0).abs() < 12.0 && (corner.y - expected.1).abs() < 12.0,
            "{corner:?} {expected:?}"
        );
    }
}

#[test]
fn light_on_dark_and_grey_pages_read_the_same() {
    let name = "receipt/us_office";
    let mut image = fixture(name);
    imageops::invert(&mut image);
    assert!(share_read(&read(&image), name) >= 0.95);
    let grey = image::DynamicImage::ImageRgb8(fixture(name)).to_luma8();
    let view = Image::new(grey.width(), grey.height(), 1, &grey).unwrap();
    let page = engine()
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .recognise(&view)
        .unwrap();
    assert!(share_read(&page, name) >= 0.95);
}

#[test]
fn reading_is_deterministic() {
    let image = fixture("screenshot/transfer_bank");
    assert_eq!(read(&image), read(&image));
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    assert!(Image::new(2, 2, 3, &[0; 12]).is_some());
    for (w, h, c, n) in [
        (0, 2, 3, 0),
        (2, 2, 3, 11),
        (2, 2, 4, 16),
        (u32::MAX, u32::MAX, 3, 5),
    ] {
        assert!(Image::new(w, h, c, &vec![0; n]).is_none());
    }
}

#[test]
fn models_that_do_not_fit_are_refused_by_name() {
    let (det, rec, dict) = (model(DETECTOR), model(RECOGNISER), model(DICTIONARY));
    let missing = PpOcr::load(&model("none.rten"), &rec, &dict, 1)
        .err()
        .expect("an error")
        .to_string();
    assert!(missing.contains("none.rten"), "{missing}");
    let no_model = PpOcr::load(&dict, &rec, &dict, 1)
        .err()
        .expect("an error")
        .to_string();
    assert!(no_model.contains("ppocrv6_dict.txt"), "{no_model}");
    let other = root().join("tests/golden/ctc.json");
    let wrong = PpOcr::load(&det, &rec, &other, 1)
        .err()
        .expect("an error")
        .to_string();
    assert!(wrong.contains("dictionary"), "{wrong}");
    let swapped = PpOcr::load(&rec, &det, &dict, 1)
        .err()
        .expect("an error")
        .to_string();
    assert!(swapped.contains("another model"), "{swapped}");
}

/// Writes a line of JSON for each line of text of the pages in a folder: its box, its
/// letters, and what is known of the places between them. `word_spaces.py` of
/// training fits the weights of [`spaces`] on it.
#[test]
#[ignore = "writes features for training, not a check: set DOCMILL_SPACES_PAGES and DOCMILL_SPACES_OUT"]
fn writes_features_for_training() {
    let variable = |name| PathBuf::from(std::env::var_os(name).expect(name));
    let (folder, out) = (
        variable("DOCMILL_SPACES_PAGES"),
        variable("DOCMILL_SPACES_OUT"),
    );
    let mut pages: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a folder of pages")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "jpg" || e == "png"))
        .collect();
    pages.sort();
    let mut out = BufWriter::new(File::create(out).expect("a file to write"));
    for page in pages {
        let image = image::open(&page).expect("a picture").to_rgb8();
        let view = Image::new(image.width(), image.height(), 3, &image).expect("pixels fit");
        let engine = engine().lock().unwrap_or_else(PoisonError::into_inner);
        let upright = engine.upright(Raster::of(&view)).expect("the page is read");
        for (piece, reading) in upright.pieces.iter().zip(&upright.readings) {
            let letters = Letters::of(reading);
            let glyphs = letters.glyphs(piece);
            let pairs = spaces::pairs(&glyphs);
            let line = serde_json::json!({
                "page": page,
                "box": piece.quad.bounds(),
                "letters": glyphs.iter().map(|g| g.text).collect::<Vec<_>>(),
                "spaces_read": glyphs.iter().map(|g| g.read_space).collect::<Vec<_>>(),
                "between_letters": pairs.iter().map(|p| p.between_letters()).collect::<Vec<_>>(),
                "measures": pairs.iter().map(|p| p.measures).collect::<Vec<_>>(),
                "kinds": pairs.iter().map(|p| p.kinds()).collect::<Vec<_>>(),
            });
            writeln!(out, "{line}").expect("the file can be written");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn no_size_or_content_panics(width in 1u32..400, height in 1u32..400, long in 0u32..3, seed in any::<u32>(), kind in 0u8..4) {
        let (width, height) = match long {
            0 => (width, height),
            1 => (width % 20 + 1, height * 25),
            _ => (width * 25, height % 20 + 1),
        };
        let image = RgbImage::from_fn(width, height, |x, y| {
            let noise = (x.wrapping_mul(2654435761) ^ y.wrapping_mul(40503) ^ seed).wrapping_mul(2246822519) >> 24;
            image::Rgb(match kind {
                0 => [noise as u8; 3],
                1 => [if (x / 7 + y / 9).wrapping_add(seed) % 2 == 0 { 255 } else { 0 }; 3],
                2 => [255; 3],
                _ => [(x % 256) as u8, (y % 256) as u8, if noise > 240 { 0 } else { 255 }],
            })
        });
        let page = read(&image);
        for line in &page.lines {
            prop_assert!(line.bounds.x0.is_finite() && line.bounds.y1.is_finite());
            prop_assert!((0.0..=1.0).contains(&line.confidence));
        }
    }
}
