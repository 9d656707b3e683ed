//! Pages that say what a test wants: PDFs with a text layer, drawn by the
//! program itself.

use std::path::Path;

/// A PDF with a page for each list of lines, in black Helvetica on white.
pub fn pdf(pages: &[&[&str]]) -> Vec<u8> {
    let mut objects = vec![String::new(), String::new()];
    objects.push(
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".into(),
    );
    let mut kids = Vec::new();
    for lines in pages {
        let mut content = "BT /F1 13 Tf 17 TL 40 500 Td\n".to_owned();
        for line in *lines {
            content.push_str(&format!("({}) Tj T*\n", escaped(line)));
        }
        content.push_str("ET");
        objects.push(format!(
            "<< /Length {} >>\nstream\n{content}\nendstream",
            content.len()
        ));
        let contents = objects.len();
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 340 540] /Contents {contents} 0 R \
             /Resources << /Font << /F1 3 0 R >> >> >>"
        ));
        kids.push(format!("{} 0 R", objects.len()));
    }
    objects[0] = "<< /Type /Catalog /Pages 2 0 R >>".into();
    objects[1] = format!(
        "<< /Type /Pages /Count {} /Kids [{}] >>",
        kids.len(),
        kids.join(" ")
    );
    let objects: Vec<Vec<u8>> = objects.into_iter().map(String::into_bytes).collect();
    assemble(&objects)
}

/// A PDF whose only page is a JPEG file, as scanners write them.
pub fn scan(jpeg: &Path) -> Vec<u8> {
    const DPI: f32 = 200.0;
    let bytes = std::fs::read(jpeg).unwrap();
    let image = image::load_from_memory(&bytes).unwrap();
    let (width, height) = (image.width(), image.height());
    let [across, down] = [width, height].map(|pixels| pixels as f32 / DPI * 72.0);
    let space = match image.color().channel_count() {
        1 => "DeviceGray",
        _ => "DeviceRGB",
    };
    let content = format!("q {across} 0 0 {down} 0 0 cm /Scan Do Q");
    let head = format!(
        "<< /Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /{space} \
         /BitsPerComponent 8 /Filter /DCTDecode /Length {} >>\nstream\n",
        bytes.len()
    );
    assemble(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>".to_vec(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {across} {down}] /Contents 4 0 R \
             /Resources << /XObject << /Scan 5 0 R >> >> >>"
        )
        .into_bytes(),
        format!(
            "<< /Length {} >>\nstream\n{content}\nendstream",
            content.len()
        )
        .into_bytes(),
        [head.as_bytes(), &bytes, b"\nendstream"].concat(),
    ])
}

/// A PDF of these objects, numbered from 1; the first is the catalogue.
fn assemble(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        out.extend(format!("{} 0 obj\n", index + 1).bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let xref = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for offset in offsets {
        out.extend(format!("{offset:010} 00000 n \n").bytes());
    }
    let size = objects.len() + 1;
    out.extend(
        format!("trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{xref}\n%%EOF\n").bytes(),
    );
    out
}

fn escaped(line: &str) -> String {
    line.replace('\\', "\\\\")
        .replace('(', "\\(")
        .replace(')', "\\)")
}
