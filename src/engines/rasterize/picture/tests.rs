use super::*;

fn encode(format: ImageFormat, image: &DynamicImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    image
        .write_to(&mut Cursor::new(&mut bytes), format)
        .unwrap();
    bytes
}

fn open(bytes: Vec<u8>, media_type: MediaType) -> Result<(PictureFile, DocumentInfo), Failure> {
    PictureFile::open(bytes, media_type, &Limits::default())
}

#[test]
fn transparency_is_drawn_over_white_paper() {
    let image = image::RgbaImage::from_pixel(20, 20, image::Rgba([0, 0, 0, 51]));
    let (mut file, _) = open(encode(ImageFormat::Png, &image.into()), MediaType::Png).unwrap();
    let page = file
        .page(
            0,
            &RasterSpec {
                width: 100,
                for_ocr: false,
                max_pixels: 1000,
            },
        )
        .unwrap();
    assert_eq!(page.image.rgb[..3], [204, 204, 204]);
}

#[test]
fn a_picture_above_the_pixel_limit_is_scaled_down_and_keeps_its_shape() {
    let image = DynamicImage::new_rgb8(200, 400);
    let (mut file, _) = open(encode(ImageFormat::Png, &image), MediaType::Png).unwrap();
    let page = file
        .page(
            0,
            &RasterSpec {
                width: 100,
                for_ocr: false,
                max_pixels: 20_000,
            },
        )
        .unwrap();
    assert_eq!((page.image.width, page.image.height), (100, 200));
}

#[test]
fn declared_pixels_are_judged_before_anything_is_decoded() {
    let mut bytes = encode(ImageFormat::Png, &DynamicImage::new_luma8(20, 20));
    bytes[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]); // 100,000 x 100,000
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    assert_eq!(
        open(bytes, MediaType::Png).err().unwrap().reason,
        Reason::TooLarge
    );
    let tiny = encode(ImageFormat::Png, &DynamicImage::new_luma8(1, 1));
    assert_eq!(
        open(tiny, MediaType::Png).err().unwrap().reason,
        Reason::TooSmall
    );
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}

#[test]
fn a_gif_that_declares_a_huge_screen_is_too_large_before_a_frame_is_decoded() {
    let mut bytes = encode(ImageFormat::Gif, &DynamicImage::new_rgb8(20, 20));
    bytes[6..10].copy_from_slice(&[0xa9; 4]); // 43,433 x 43,433: 7 GiB of pixels
    let failure = open(bytes, MediaType::Gif).err().unwrap();
    assert_eq!(failure.reason, Reason::TooLarge);
}

#[test]
fn a_jpeg_cut_anywhere_in_its_picture_is_corrupt() {
    let whole = encode(ImageFormat::Jpeg, &DynamicImage::new_rgb8(64, 64));
    assert!(open(whole.clone(), MediaType::Jpeg).is_ok());
    for share in [2, 3, 4] {
        let cut = whole[..whole.len() * (share - 1) / share].to_vec();
        assert_eq!(
            open(cut, MediaType::Jpeg).err().unwrap().reason,
            Reason::Corrupt
        );
    }
}

#[test]
fn a_second_frame_is_a_warning_and_is_not_decoded() {
    use image::codecs::gif::GifEncoder;
    let gif = |frames: usize| {
        let mut bytes = Vec::new();
        let mut encoder = GifEncoder::new(&mut bytes);
        let frame = || image::Frame::new(image::RgbaImage::new(20, 20));
        encoder.encode_frames((0..frames).map(|_| frame())).unwrap();
        drop(encoder);
        bytes
    };
    let (_, info) = open(gif(1), MediaType::Gif).unwrap();
    assert!(info.warnings.is_empty());
    let mut two = gif(2);
    let second = animation::gif_frames(&two).nth(1).unwrap();
    two[second + 5..second + 9].fill(0xff); // 65,535 x 65,535
    let (_, info) = open(two, MediaType::Gif).unwrap();
    assert!(info.warnings[0].contains("animated"));
}

#[test]
fn a_tiff_whose_page_list_loops_is_corrupt() {
    let mut bytes = encode(ImageFormat::Tiff, &DynamicImage::new_luma8(20, 20));
    let little = bytes.starts_with(b"II");
    assert!(little);
    let first = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
    let entries = u16::from_le_bytes(bytes[first..first + 2].try_into().unwrap()) as usize;
    let next = first + 2 + 12 * entries;
    bytes[next..next + 4].copy_from_slice(&(first as u32).to_le_bytes());
    assert_eq!(tiff::pages(&bytes).unwrap().len(), 1);
    assert_eq!(
        open(bytes, MediaType::Tiff).err().unwrap().reason,
        Reason::Corrupt
    );
}

/// A file of tests/pictures.
fn picture(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures");
    std::fs::read(folder.join(name)).unwrap()
}

/// The pages of a TIFF as they are drawn.
fn pages(name: &str) -> Result<Vec<PageImage>, Failure> {
    let (mut file, info) = open(picture(name), MediaType::Tiff)?;
    let spec = RasterSpec {
        width: 100,
        for_ocr: false,
        max_pixels: 100_000,
    };
    let pages = (0..info.pages).map(|index| Ok(file.page(index, &spec)?.image));
    pages.collect()
}

/// The largest difference of a channel, and the mean of all.
fn differences(page: &PageImage, reference: &str) -> (u8, f64) {
    let reference = image::load_from_memory(&picture(reference)).unwrap();
    let reference = reference.to_rgb8();
    assert_eq!((page.width, page.height), reference.dimensions());
    let each = page.rgb.iter().zip(reference.as_raw());
    let each: Vec<u8> = each.map(|(a, b)| a.abs_diff(*b)).collect();
    let sum: f64 = each.iter().map(|difference| f64::from(*difference)).sum();
    (*each.iter().max().unwrap(), sum / each.len() as f64)
}

#[test]
fn what_scanners_and_fax_servers_write_is_decoded_to_the_pixel() {
    for (name, reference) in [
        ("bilevel.ccitt-rle.tif", "bilevel.png"),
        ("bilevel.group3.tif", "bilevel.png"),
        ("bilevel.group3-2d.tif", "bilevel.png"),
        ("bilevel.group3-fill-bits.tif", "bilevel.png"),
        ("bilevel.group3-strips.tif", "bilevel.png"),
        ("bilevel.group4.tif", "bilevel.png"),
        ("bilevel.group4-reversed-bits.tif", "bilevel.png"),
        ("bilevel.packbits.tif", "bilevel.png"),
        ("bilevel.lzw.tif", "bilevel.png"),
        ("bilevel.deflate.tif", "bilevel.png"),
        ("colour.palette-4.tif", "colour.png"),
        ("colour.palette-8.tif", "colour.png"),
        ("colour.tiles.tif", "colour.png"),
        ("colour.planes.tif", "colour.png"),
        ("colour.16-bit.tif", "colour.png"),
    ] {
        let pages = pages(name).unwrap_or_else(|failure| panic!("{name}: {failure}"));
        assert_eq!(pages.len(), 1, "{name}");
        assert_eq!(differences(&pages[0], reference).0, 0, "{name}");
    }
}

#[test]
fn jpeg_in_a_tiff_keeps_its_colours() {
    for name in [
        "colour.jpeg-rgb.tif",
        "colour.jpeg-ycbcr.tif",
        "colour.jpeg-old-style.tif",
        "colour.cmyk.tif",
    ] {
        let pages = pages(name).unwrap_or_else(|failure| panic!("{name}: {failure}"));
        // Chroma at half the resolution blurs edges; colours that were taken
        // for others differ by 70 and more.
        let (_, mean) = differences(&pages[0], "colour.png");
        assert!(mean < 10.0, "{name}: {mean}");
    }
}

#[test]
fn a_tiffs_pages_are_counted_without_its_thumbnails() {
    for name in [
        "pages.bigtiff.tif",
        "pages.big-endian.tif",
        "pages.thumbnail.tif",
    ] {
        let pages = pages(name).unwrap_or_else(|failure| panic!("{name}: {failure}"));
        assert_eq!(pages.len(), 2, "{name}");
        assert_eq!(differences(&pages[0], "colour.png").0, 0, "{name}");
        let negative: Vec<u8> = pages[0].rgb.iter().map(|channel| 255 - channel).collect();
        assert_eq!(pages[1].rgb, negative, "{name}");
    }
}

#[test]
fn a_fax_that_ends_early_is_corrupt_and_a_bad_line_costs_that_line() {
    let whole = picture("bilevel.group3.tif");
    let (_, info) = open(whole.clone(), MediaType::Tiff).unwrap();
    assert_eq!(info.pages, 1);
    let mut cut = whole.clone();
    // The strip begins at byte 8; its later half becomes fill bits.
    cut[150..260].fill(0);
    let failure = open(cut, MediaType::Tiff).err().unwrap();
    assert_eq!(failure.reason, Reason::Corrupt, "{failure}");
    let mut bad = whole;
    bad[40..42].fill(0xff);
    let (mut file, _) = open(bad, MediaType::Tiff).unwrap();
    let spec = RasterSpec {
        width: 100,
        for_ocr: false,
        max_pixels: 100_000,
    };
    let page = file.page(0, &spec).unwrap().image;
    let (_, mean) = differences(&page, "bilevel.png");
    assert!(mean > 0.0 && mean < 30.0, "{mean}");
}

#[test]
fn a_jpeg_of_12_bits_is_refused_with_its_reason() {
    let failure = open(picture("jpeg.12-bit.jpg"), MediaType::Jpeg)
        .err()
        .unwrap();
    assert_eq!(failure.reason, Reason::UnsupportedType);
    assert!(failure.message.contains("12 bits"), "{failure}");
}

/// A TIFF of 16 x 16 pixels of zeros: `entries` are tag and value beside the
/// usual ones, `lacks` is a usual one that it lacks.
fn tiff_with(entries: &[(u16, u32)], lacks: Option<u16>) -> Vec<u8> {
    let usual = [
        (256, 16),
        (257, 16),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, 400),
        (277, 1),
        (278, 16),
        (279, 768),
    ];
    let mut all: std::collections::BTreeMap<u16, u32> = usual.into_iter().collect();
    all.extend(entries.iter().copied());
    all.retain(|tag, _| Some(*tag) != lacks);
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend((all.len() as u16).to_le_bytes());
    for (tag, value) in all {
        bytes.extend(tag.to_le_bytes());
        bytes.extend([4, 0, 1, 0, 0, 0]); // one LONG
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes.resize(400 + 768, 0);
    bytes
}

#[test]
fn rare_tiffs_are_refused_with_their_reason_and_a_remedy() {
    const COMPRESSION: u16 = 259;
    const PHOTOMETRIC: u16 = 262;
    const STRIPS: u16 = 273;
    for (entries, lacks, reason) in [
        (
            &[(COMPRESSION, 6), (PHOTOMETRIC, 6)][..],
            None,
            "old-style JPEG in parts",
        ),
        (&[(COMPRESSION, 4), (324, 400)], Some(STRIPS), "fax tiles"),
        (&[(PHOTOMETRIC, 6), (284, 2)], None, "YCbCr in planes"),
        (&[(PHOTOMETRIC, 6), (277, 3)], None, "YCbCr"),
        (&[(PHOTOMETRIC, 8), (277, 3)], None, "Lab"),
    ] {
        let spec = RasterSpec {
            width: 16,
            for_ocr: false,
            max_pixels: 1000,
        };
        let opened = open(tiff_with(entries, lacks), MediaType::Tiff);
        let drawn = opened.and_then(|(mut file, _)| file.page(0, &spec));
        let failure = drawn.err().unwrap();
        assert_eq!(
            failure.reason,
            Reason::UnsupportedType,
            "{reason}: {failure}"
        );
        assert!(failure.message.contains(reason), "{reason}: {failure}");
        assert!(
            failure.message.contains("save it as"),
            "{reason}: {failure}"
        );
    }
}
