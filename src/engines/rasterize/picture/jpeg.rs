//! Checks a JPEG before it is decoded.

use crate::domain::{Failure, Reason};

/// Most bytes of memory for decoding one page: 100 Mpx at 16 bits and 4 channels.
pub const MAX_DECODE_BYTES: u64 = 1 << 30;

/// `Err` for kinds of JPEG that the decoder does not know, with the reason, and for
/// files that end early: the decoder would fill the missing part with grey, and a
/// receipt's total is at its end.
pub fn check(bytes: &[u8]) -> Result<(), Failure> {
    if let Some(what) = unsupported(bytes) {
        let message = format!(
            "{what} is not supported: save the picture as an ordinary JPEG of 8 bits, or as PNG"
        );
        return Err(Failure::new(Reason::UnsupportedType, message));
    }
    if !is_complete(bytes) {
        let message = "the JPEG ends in the middle of its picture: copy or scan it again";
        return Err(Failure::new(Reason::Corrupt, message));
    }
    Ok(())
}

/// The kind of JPEG that its frame header names, if it is a rare one (ITU-T
/// T.81, B.2.2).
fn unsupported(bytes: &[u8]) -> Option<String> {
    let (marker, header) = segments(bytes).find(|(marker, _)| {
        matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
    })?;
    match marker {
        0xc0..=0xc2 => {
            let bits = *header.first()?;
            (bits != 8).then(|| format!("a JPEG of {bits} bits a sample"))
        }
        0xc3 => Some("lossless JPEG".into()),
        0xc9..=0xcb => Some("JPEG with arithmetic coding".into()),
        _ => Some("hierarchical JPEG".into()),
    }
}

/// Markers up to the start of the entropy-coded data, each with its segment.
/// Markers of thumbnails are inside segments and are skipped with them.
fn segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut at = 2;
    std::iter::from_fn(move || {
        loop {
            let [0xff, marker] = *bytes.get(at..at + 2)? else {
                return None;
            };
            match marker {
                0xff => at += 1,               // fill byte
                0x01 | 0xd0..=0xd8 => at += 2, // no length
                _ => {
                    let length = bytes.get(at + 2..at + 4)?;
                    let end = at + 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
                    let segment = bytes.get(at + 4..end.min(bytes.len()))?;
                    at = end;
                    return Some((marker, segment));
                }
            }
        }
    })
}

/// Whether an end-of-image marker follows the start of the entropy-coded data,
/// which never holds `FF D9` itself (ITU-T T.81, B.1.1.2).
fn is_complete(bytes: &[u8]) -> bool {
    let Some((_, scan)) = segments(bytes).find(|(marker, _)| *marker == 0xda) else {
        return false;
    };
    let start = scan.as_ptr() as usize - bytes.as_ptr() as usize;
    bytes[start..].windows(2).any(|pair| pair == [0xff, 0xd9])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame header of this marker and precision, and an empty scan.
    fn jpeg(marker: u8, bits: u8) -> Vec<u8> {
        let frame = [
            0xff, 0xd8, 0xff, marker, 0, 11, bits, 0, 20, 0, 20, 1, 1, 0x11, 0,
        ];
        [&frame[..], &[0xff, 0xda, 0, 2, 0xff, 0xd9]].concat()
    }

    #[test]
    fn rare_kinds_of_jpeg_are_named() {
        assert!(check(&jpeg(0xc0, 8)).is_ok() && check(&jpeg(0xc2, 8)).is_ok());
        for (bytes, word) in [
            (jpeg(0xc1, 12), "12 bits"),
            (jpeg(0xc3, 8), "lossless"),
            (jpeg(0xc9, 8), "arithmetic"),
            (jpeg(0xc5, 8), "hierarchical"),
        ] {
            let failure = check(&bytes).unwrap_err();
            assert_eq!(failure.reason, Reason::UnsupportedType);
            assert!(failure.message.contains(word), "{failure}");
        }
    }

    #[test]
    fn bytes_that_end_in_a_header_are_an_incomplete_jpeg() {
        let whole = jpeg(0xc0, 8);
        for length in 2..whole.len() {
            assert_eq!(check(&whole[..length]).unwrap_err().reason, Reason::Corrupt);
        }
    }
}
