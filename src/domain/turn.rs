//! Quarter turns of pages, clockwise.

use std::ops::Sub;

/// Width and height after `quarters` clockwise quarter turns.
pub fn turned_size<T>((width, height): (T, T), quarters: u8) -> (T, T) {
    match quarters % 2 {
        0 => (width, height),
        _ => (height, width),
    }
}

/// Maps a place on the turned page back to the page before the turns. `far` is
/// the corner opposite the origin before the turns: width and height for points,
/// last column and row for pixels.
pub fn unturned<T>((x, y): (T, T), quarters: u8, far: (T, T)) -> (T, T)
where
    T: Copy + Sub<Output = T>,
{
    match quarters % 4 {
        0 => (x, y),
        1 => (y, far.1 - x),
        2 => (far.0 - x, far.1 - y),
        _ => (far.0 - y, x),
    }
}

/// The pixels after `quarters` clockwise quarter turns: rows top to bottom,
/// `channels` bytes for each pixel. `pixels.len()` must be width times height
/// times channels.
pub fn turned_pixels(
    pixels: &[u8],
    (width, height): (usize, usize),
    channels: usize,
    quarters: u8,
) -> Vec<u8> {
    let (across, _) = turned_size((width, height), quarters);
    let far = (width.saturating_sub(1), height.saturating_sub(1));
    let mut turned = vec![0; pixels.len()];
    for (at, pixel) in turned.chunks_exact_mut(channels).enumerate() {
        let (x, y) = unturned((at % across, at / across), quarters, far);
        pixel.copy_from_slice(&pixels[(y * width + x) * channels..][..channels]);
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_the_turned_page_is_found_on_the_page_before() {
        // Two rows of three pixels, two bytes each.
        let pixels: Vec<u8> = (0..12).collect();
        assert_eq!(
            turned_pixels(&pixels, (3, 2), 2, 1),
            [6, 7, 0, 1, 8, 9, 2, 3, 10, 11, 4, 5]
        );
        for quarters in 0..4 {
            let size = turned_size((3, 2), quarters);
            let turned = turned_pixels(&pixels, (3, 2), 2, quarters);
            let back = turned_pixels(&turned, size, 2, 4 - quarters);
            assert_eq!(back, pixels, "{quarters}");
            // The middle of a pixel is a point of that pixel.
            let middle = unturned((0.5, 0.5), quarters, (3.0, 2.0));
            let (x, y) = unturned((0, 0), quarters, (2, 1));
            assert_eq!(middle, (f64::from(x) + 0.5, f64::from(y) + 0.5));
        }
    }
}
