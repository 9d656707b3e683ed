//! Views and copies of the page: cropped, scaled and turned.

use std::borrow::Cow;

use fast_image_resize as fir;

use super::geometry::Point;
use super::page::Image;
use crate::domain::{self, turned_pixels, turned_size};

/// Grey or RGB pixels, 8 bits a channel, shape `[height, width, channels]`.
#[derive(Clone, Debug)]
pub struct Raster<'a> {
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// 1 or 3.
    pub channels: usize,
    pub pixels: Cow<'a, [u8]>,
}

/// A part of a raster in whole pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

impl<'a> Raster<'a> {
    pub fn of(image: &Image<'a>) -> Raster<'a> {
        Raster {
            width: image.width as usize,
            height: image.height as usize,
            channels: image.channels as usize,
            pixels: Cow::Borrowed(image.pixels),
        }
    }

    pub fn whole(&self) -> Window {
        Window {
            x: 0,
            y: 0,
            width: self.width,
            height: self.height,
        }
    }

    /// A window at another size in pixels, averaged where it shrinks and
    /// interpolated with a cubic filter where it grows.
    pub fn resized(
        &self,
        window: Window,
        width: usize,
        height: usize,
    ) -> Result<Raster<'static>, fir::ResizeError> {
        let kind = match self.channels {
            1 => fir::PixelType::U8,
            _ => fir::PixelType::U8x3,
        };
        let broken = |_| fir::ResizeError::PixelTypesAreDifferent;
        let source =
            fir::images::ImageRef::new(self.width as u32, self.height as u32, &self.pixels, kind)
                .map_err(broken)?;
        let mut target = fir::images::Image::new(width as u32, height as u32, kind);
        let filter = match width > window.width {
            true => fir::FilterType::CatmullRom,
            false => fir::FilterType::Bilinear,
        };
        let options = fir::ResizeOptions::new()
            .resize_alg(fir::ResizeAlg::Convolution(filter))
            .crop(
                window.x as f64,
                window.y as f64,
                window.width as f64,
                window.height as f64,
            );
        fir::Resizer::new().resize(&source, &mut target, &options)?;
        Ok(Raster {
            width,
            height,
            channels: self.channels,
            pixels: Cow::Owned(target.into_vec()),
        })
    }

    /// The raster turned clockwise by `quarters` quarter turns.
    pub fn turned(&self, quarters: u8) -> Raster<'static> {
        let size = (self.width, self.height);
        let (width, height) = turned_size(size, quarters);
        let pixels = turned_pixels(&self.pixels, size, self.channels, quarters);
        Raster {
            width,
            height,
            channels: self.channels,
            pixels: Cow::Owned(pixels),
        }
    }

    /// Brightness (0 to 255), shape `[height, width]` (ITU-R BT.601 weights in
    /// 256ths).
    pub fn luminance(&self) -> Vec<u8> {
        match self.channels {
            1 => self.pixels.to_vec(),
            _ => self.pixels.chunks_exact(3).map(luminance).collect(),
        }
    }
}

/// Brightness (0 to 255) of an RGB pixel.
pub fn luminance(pixel: &[u8]) -> u8 {
    let sum = 77 * u32::from(pixel[0]) + 150 * u32::from(pixel[1]) + 29 * u32::from(pixel[2]);
    (sum >> 8) as u8
}

/// Maps a point of `raster.turned(quarters)` to the raster, whose size is `width` x
/// `height`.
pub fn unturned(p: Point, quarters: u8, width: f32, height: f32) -> Point {
    let (x, y) = domain::unturned((p.x, p.y), quarters, (width, height));
    Point::new(x, y)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raster(width: usize, height: usize, channels: usize) -> Raster<'static> {
        let pixels = (0..width * height * channels).map(|i| i as u8).collect();
        Raster {
            width,
            height,
            channels,
            pixels: Cow::Owned(pixels),
        }
    }

    #[test]
    fn a_point_of_a_turned_page_is_found_on_the_given_one() {
        let given = raster(5, 3, 3);
        for turns in 0..4 {
            let turned = given.turned(turns);
            for y in 0..turned.height {
                for x in 0..turned.width {
                    let place = Point::new(x as f32 + 0.5, y as f32 + 0.5);
                    let back = unturned(place, turns, 5.0, 3.0);
                    let at = (back.y as usize * 5 + back.x as usize) * 3;
                    assert_eq!(
                        turned.pixels[(y * turned.width + x) * 3],
                        given.pixels[at],
                        "{turns} turns, {x} {y}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_window_is_resized_in_place() {
        let mut page = raster(40, 40, 1);
        page.pixels.to_mut().fill(255);
        for y in 10..20 {
            page.pixels.to_mut()[y * 40 + 10..y * 40 + 20].fill(7);
        }
        let window = Window {
            x: 10,
            y: 10,
            width: 10,
            height: 10,
        };
        let small = page.resized(window, 4, 4).unwrap();
        assert_eq!((small.width, small.height, small.pixels.len()), (4, 4, 16));
        // The pixels at the edges take in what lies around the window.
        assert_eq!([5, 6, 9, 10].map(|i| small.pixels[i]), [7; 4]);
        assert!(small.pixels.iter().all(|&v| v < 128));
    }

    #[test]
    fn brightness_weighs_the_channels() {
        assert_eq!(
            [[255, 255, 255], [0, 0, 0], [255, 0, 0]].map(|p| luminance(&p)),
            [255, 0, 76]
        );
    }
}
