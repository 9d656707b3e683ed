//! Makes the images of a prompt from a page image, as the manifest states.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::domain::PageImage;
use crate::engines::models::ImageLayout;

/// Least difference (0 to 255) from the page's background of a pixel with ink.
const INK_CONTRAST: u8 = 45;
/// Least share (0 to 1) of a row's or column's pixels with ink: less is dust. The
/// default weights were measured with both constants.
const INK_SHARE: f64 = 0.004;
/// Fewest inked rows, and columns, to which a page is cropped.
const MIN_INKED: usize = 20;

/// The images in the order of the prompt, each with the text before it.
pub fn images(
    page: &PageImage,
    doc_type: &str,
    layout: &ImageLayout,
) -> anyhow::Result<Vec<(String, PageImage)>> {
    match layout {
        ImageLayout::Page { max_side } => Ok(vec![(String::new(), within(page, *max_side)?)]),
        ImageLayout::Tiles {
            tile,
            columns,
            max_tiles,
            crop_margin,
            channel_offsets,
            tile_prefix,
        } => {
            let columns = columns
                .get(doc_type)
                .or_else(|| columns.get("default"))
                .copied()
                .unwrap_or(1)
                .max(1);
            let sheet = match channel_offsets {
                Some(offsets) => {
                    let gray = Channel::gray(page);
                    let gray = crop_margin.map_or_else(|| gray.clone(), |margin| gray.crop(margin));
                    gray.sheet(*tile, columns, *max_tiles)?.channels(offsets)
                }
                None => colour_sheet(page, *tile, columns, *max_tiles, *crop_margin)?,
            };
            Ok(cut(&sheet, *tile)
                .into_iter()
                .enumerate()
                .map(|(index, image)| (tile_prefix.replace("{n}", &(index + 1).to_string()), image))
                .collect())
        }
    }
}

fn within(page: &PageImage, max_side: u32) -> anyhow::Result<PageImage> {
    let longest = page.width.max(page.height);
    if longest <= max_side {
        return Ok(page.clone());
    }
    let scale = f64::from(max_side) / f64::from(longest);
    let side = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    let (width, height) = (side(page.width), side(page.height));
    let rgb = resize(
        &page.rgb,
        page.width,
        page.height,
        width,
        height,
        PixelType::U8x3,
    )?;
    PageImage::new(width, height, rgb)
        .ok_or_else(|| anyhow::anyhow!("resizing gave another size than asked for"))
}

fn resize(
    pixels: &[u8],
    width: u32,
    height: u32,
    new_width: u32,
    new_height: u32,
    kind: PixelType,
) -> anyhow::Result<Vec<u8>> {
    let source = ImageRef::new(width, height, pixels, kind)?;
    let mut target = Image::new(new_width, new_height, kind);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    Resizer::new().resize(&source, &mut target, &options)?;
    Ok(target.into_vec())
}

/// How a page is placed on tiles: its size in pixels and the columns of tiles.
#[derive(Debug, PartialEq)]
struct Fit {
    width: u32,
    height: u32,
    columns: u32,
}

/// The largest size of a page of `width` x `height` pixels on at most `max_tiles`
/// tiles: two columns for most pages, one for a long slip, which two would make
/// narrower. Of equal sizes the one with the fewest columns.
fn fit(width: u32, height: u32, tile: u32, most_columns: u32, max_tiles: u32) -> Fit {
    let rows = |columns: u32| (max_tiles / columns).max(1);
    let scale = |columns: u32| {
        let across = f64::from(tile * columns) / f64::from(width);
        across.min(f64::from(tile * rows(columns)) / f64::from(height))
    };
    // `max_by` takes the last of equal ones; reversed, that has the fewest columns.
    let columns = (1..=most_columns)
        .rev()
        .max_by(|&one, &other| scale(one).total_cmp(&scale(other)))
        .unwrap_or(1);
    let side = |length: u32| ((f64::from(length) * scale(columns)).round() as u32).max(1);
    Fit {
        width: side(width).min(tile * columns),
        height: side(height).min(tile * rows(columns)),
        columns,
    }
}

/// One channel of 8 bits, rows top to bottom.
#[derive(Clone)]
struct Channel {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Channel {
    /// ITU-R BT.601 luma as Pillow's mode `L` computes it, as in training.
    fn gray(page: &PageImage) -> Channel {
        let luma = |p: &[u8]| {
            (u32::from(p[0]) * 19595 + u32::from(p[1]) * 38470 + u32::from(p[2]) * 7471 + 0x8000)
                >> 16
        };
        let pixels = page
            .rgb
            .chunks_exact(3)
            .map(|pixel| luma(pixel) as u8)
            .collect();
        Channel {
            width: page.width,
            height: page.height,
            pixels,
        }
    }

    /// The median brightness (0 to 255), which on most pages is the paper's.
    fn background(&self) -> u8 {
        let mut counts = [0usize; 256];
        for pixel in &self.pixels {
            counts[usize::from(*pixel)] += 1;
        }
        let mut seen = 0;
        (0..=255)
            .find(|&level| {
                seen += counts[usize::from(level)];
                seen * 2 >= self.pixels.len()
            })
            .unwrap_or(255)
    }

    /// Left, top, right, bottom (exclusive) in pixels of the part with ink, with
    /// `margin` (a share of its width) on each side; `None` with too little ink.
    fn inked(&self, margin: f32) -> Option<(u32, u32, u32, u32)> {
        let background = self.background();
        let (w, h) = (self.width as usize, self.height as usize);
        let (mut columns, mut rows) = (vec![0usize; w], vec![0usize; h]);
        for (index, pixel) in self.pixels.iter().enumerate() {
            if pixel.abs_diff(background) > INK_CONTRAST {
                columns[index % w] += 1;
                rows[index / w] += 1;
            }
        }
        let inked = |counts: &[usize], of: usize| -> Option<(usize, usize)> {
            let is_inked = |count: &usize| *count as f64 > INK_SHARE * of as f64;
            let number = counts.iter().filter(|count| is_inked(count)).count();
            let ends = (
                counts.iter().position(&is_inked)?,
                counts.iter().rposition(&is_inked)?,
            );
            (number >= MIN_INKED).then_some(ends)
        };
        let ((left, right), (top, bottom)) = (inked(&columns, h)?, inked(&rows, w)?);
        let margin = (f64::from(margin) * (right - left) as f64) as usize;
        let end = |last: usize, size: usize| (last + margin + 1).min(size) as u32;
        Some((
            left.saturating_sub(margin) as u32,
            top.saturating_sub(margin) as u32,
            end(right, w),
            end(bottom, h),
        ))
    }

    fn crop(&self, margin: f32) -> Channel {
        let Some((left, top, right, bottom)) = self.inked(margin) else {
            return self.clone();
        };
        let row = |y: u32| {
            let start = (y * self.width) as usize;
            &self.pixels[start + left as usize..start + right as usize]
        };
        let pixels = (top..bottom).flat_map(row).copied().collect();
        Channel {
            width: right - left,
            height: bottom - top,
            pixels,
        }
    }

    /// The page scaled onto whole tiles of `tile` pixels; the rest has its
    /// background.
    fn sheet(&self, tile: u32, most_columns: u32, max_tiles: u32) -> anyhow::Result<Channel> {
        let Fit {
            width,
            height,
            columns,
        } = fit(self.width, self.height, tile, most_columns, max_tiles);
        let small = resize(
            &self.pixels,
            self.width,
            self.height,
            width,
            height,
            PixelType::U8,
        )?;
        let (sheet_width, sheet_height) = (tile * columns, height.div_ceil(tile) * tile);
        let mut pixels = vec![self.background(); (sheet_width * sheet_height) as usize];
        for (row, line) in pixels
            .chunks_exact_mut(sheet_width as usize)
            .zip(small.chunks_exact(width as usize))
        {
            row[..width as usize].copy_from_slice(line);
        }
        Ok(Channel {
            width: sheet_width,
            height: sheet_height,
            pixels,
        })
    }

    /// Each channel samples the page at an offset (x, y) in pixels; outside of the
    /// page the edge pixels repeat.
    fn channels(&self, offsets: &[(i32, i32); 3]) -> PageImage {
        let clamp = |at: i64, size: u32| at.clamp(0, i64::from(size) - 1) as usize;
        let mut rgb = Vec::with_capacity(self.pixels.len() * 3);
        for y in 0..i64::from(self.height) {
            let rows =
                offsets.map(|(_, dy)| clamp(y + i64::from(dy), self.height) * self.width as usize);
            for x in 0..i64::from(self.width) {
                for (row, (dx, _)) in rows.iter().zip(offsets) {
                    rgb.push(self.pixels[row + clamp(x + i64::from(*dx), self.width)]);
                }
            }
        }
        PageImage {
            width: self.width,
            height: self.height,
            rgb,
        }
    }
}

fn colour_sheet(
    page: &PageImage,
    tile: u32,
    columns: u32,
    max_tiles: u32,
    crop_margin: Option<f32>,
) -> anyhow::Result<PageImage> {
    let gray = Channel::gray(page);
    let whole = (0, 0, page.width, page.height);
    let (left, top, right, bottom) = crop_margin
        .and_then(|margin| gray.inked(margin))
        .unwrap_or(whole);
    let plane = |channel: usize| -> Channel {
        let at = |x: u32, y: u32| page.rgb[(y * page.width + x) as usize * 3 + channel];
        let pixels = (top..bottom)
            .flat_map(|y| (left..right).map(move |x| (x, y)))
            .map(|(x, y)| at(x, y))
            .collect();
        Channel {
            width: right - left,
            height: bottom - top,
            pixels,
        }
    };
    let sheets = [0, 1, 2].map(|channel| plane(channel).sheet(tile, columns, max_tiles));
    let [r, g, b] = sheets;
    let (r, g, b) = (r?, g?, b?);
    let rgb = r
        .pixels
        .iter()
        .zip(&g.pixels)
        .zip(&b.pixels)
        .flat_map(|((r, g), b)| [*r, *g, *b])
        .collect();
    Ok(PageImage {
        width: r.width,
        height: r.height,
        rgb,
    })
}

/// Square tiles row by row, left to right.
fn cut(sheet: &PageImage, tile: u32) -> Vec<PageImage> {
    let (columns, rows) = (sheet.width / tile, sheet.height / tile);
    let mut tiles = Vec::with_capacity((columns * rows) as usize);
    for row in 0..rows {
        for column in 0..columns {
            let line = |y: u32| {
                let start = ((row * tile + y) * sheet.width + column * tile) as usize * 3;
                &sheet.rgb[start..start + tile as usize * 3]
            };
            let rgb = (0..tile).flat_map(line).copied().collect();
            tiles.push(PageImage {
                width: tile,
                height: tile,
                rgb,
            });
        }
    }
    tiles
}

/// The text before each image of a page with the most images.
#[cfg(feature = "llama")]
pub fn prefixes(layout: &ImageLayout) -> Vec<String> {
    match layout {
        ImageLayout::Page { .. } => vec![String::new()],
        ImageLayout::Tiles {
            tile_prefix,
            max_tiles,
            ..
        } => (1..=*max_tiles)
            .map(|n| tile_prefix.replace("{n}", &n.to_string()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn layout(max_tiles: u32, offsets: Option<[(i32, i32); 3]>) -> ImageLayout {
        ImageLayout::Tiles {
            tile: 4,
            columns: BTreeMap::from([("default".into(), 1), ("invoice".into(), 2)]),
            max_tiles,
            crop_margin: None,
            channel_offsets: offsets,
            tile_prefix: "<t{n}>".into(),
        }
    }

    fn page(width: u32, height: u32, level: impl Fn(u32, u32) -> u8) -> PageImage {
        let rgb = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .flat_map(|(x, y)| [level(x, y); 3])
            .collect();
        PageImage::new(width, height, rgb).unwrap()
    }

    #[test]
    fn a_page_is_cut_row_by_row_into_numbered_tiles_and_padded_with_its_background() {
        let page = page(8, 6, |x, y| if (x, y) == (5, 0) { 10 } else { 200 });
        let tiles = images(&page, "invoice", &layout(9, None)).unwrap();
        let prefixes: Vec<_> = tiles.iter().map(|(prefix, _)| prefix.as_str()).collect();
        assert_eq!(prefixes, ["<t1>", "<t2>", "<t3>", "<t4>"]);
        assert_eq!(
            tiles[1].1.rgb[3], 10,
            "x = 5 is the second pixel of the second tile"
        );
        assert!(
            tiles[2].1.rgb[24..].iter().all(|level| *level == 200),
            "two rows of padding"
        );
    }

    #[test]
    fn a_page_too_long_for_its_tiles_is_scaled_down_to_fit() {
        let (width, height, columns) = (1, 8, 1);
        assert_eq!(
            fit(4, 80, 4, 1, 2),
            Fit {
                width,
                height,
                columns
            }
        );
        let tiles = images(&page(4, 80, |_, _| 255), "receipt", &layout(2, None)).unwrap();
        assert_eq!(tiles.len(), 2);
    }

    #[test]
    fn a_page_has_the_columns_on_which_it_is_largest() {
        let columns = |width, height| fit(width, height, 384, 2, 9).columns;
        assert_eq!(columns(100, 399), 2);
        assert_eq!(
            columns(100, 401),
            1,
            "on 8 tiles of two columns it is narrower"
        );
        assert_eq!(fit(500, 1000, 384, 2, 9).width, 768);
        assert_eq!(
            fit(500, 2000, 384, 2, 9).width,
            384,
            "of equals, the fewest"
        );
    }

    #[test]
    fn channels_show_the_page_shifted_and_repeat_its_edge() {
        let page = page(4, 4, |x, y| (y * 4 + x) as u8);
        let tiles = images(
            &page,
            "receipt",
            &layout(1, Some([(0, -1), (2, 1), (-2, 1)])),
        )
        .unwrap();
        let pixel = |x: usize, y: usize| &tiles[0].1.rgb[(y * 4 + x) * 3..][..3];
        assert_eq!(pixel(1, 2), [5, 15, 12]);
        assert_eq!(pixel(0, 0), [0, 6, 4]);
        assert_eq!(pixel(3, 3), [11, 15, 13]);
    }

    #[test]
    fn blank_margins_are_cropped_to_the_ink_and_a_little_around_it() {
        let ink = |x: u32, y: u32| {
            if (30..80).contains(&x) && (50..120).contains(&y) {
                0
            } else {
                240
            }
        };
        let plane = Channel::gray(&page(100, 200, ink));
        assert_eq!(plane.background(), 240);
        assert_eq!(plane.inked(0.1), Some((26, 46, 84, 124)));
        let blank = Channel::gray(&page(100, 200, |_, _| 240));
        assert_eq!((blank.crop(0.1).width, blank.inked(0.1)), (100, None));
    }

    #[test]
    fn a_whole_page_is_only_made_smaller() {
        let layout = ImageLayout::Page { max_side: 50 };
        let images_of = |page: &PageImage| images(page, "receipt", &layout).unwrap().remove(0).1;
        let small = images_of(&page(100, 200, |_, _| 9));
        assert_eq!((small.width, small.height), (25, 50));
        assert_eq!(images_of(&page(10, 20, |_, _| 9)).width, 10);
    }
}
