//! The files of the page, embedded in the program.

pub struct Asset {
    pub name: &'static str,
    pub media_type: &'static str,
    pub text: &'static str,
}

macro_rules! asset {
    ($name:literal, $media_type:literal) => {
        Asset {
            name: $name,
            media_type: $media_type,
            text: include_str!(concat!("assets/", $name)),
        }
    };
}

pub const INDEX: Asset = asset!("index.html", "text/html; charset=utf-8");

pub const SIGN_IN: Asset = asset!("sign-in.html", "text/html; charset=utf-8");

const OTHERS: [Asset; 12] = [
    asset!("style.css", "text/css; charset=utf-8"),
    asset!("main.js", "text/javascript; charset=utf-8"),
    asset!("api.js", "text/javascript; charset=utf-8"),
    asset!("elements.js", "text/javascript; charset=utf-8"),
    asset!("queue.js", "text/javascript; charset=utf-8"),
    asset!("record.js", "text/javascript; charset=utf-8"),
    asset!("aside.js", "text/javascript; charset=utf-8"),
    asset!("form.js", "text/javascript; charset=utf-8"),
    asset!("sheet.js", "text/javascript; charset=utf-8"),
    asset!("supplier.js", "text/javascript; charset=utf-8"),
    asset!("upload.js", "text/javascript; charset=utf-8"),
    asset!("sign-in.js", "text/javascript; charset=utf-8"),
];

pub fn find(name: &str) -> Option<&'static Asset> {
    const ALL: &[Asset] = &OTHERS;
    ALL.iter().find(|asset| asset.name == name)
}
