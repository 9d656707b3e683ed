use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum OcrError {
    #[error("the OCR model {} cannot be loaded: `docmill models verify` checks it", path.display())]
    Model {
        path: PathBuf,
        source: Box<rten::LoadError>,
    },
    #[error("OCR has too little memory to load its models: raise `ocr.memory_mib`")]
    Memory,
    #[error("the OCR file {} cannot be read: `docmill models verify` checks it", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the OCR dictionary {} is not UTF-8: `docmill models verify` checks it", path.display())]
    Encoding { path: PathBuf },
    #[error(
        "the dictionary has {dictionary} characters, but the OCR recogniser distinguishes {classes} classes: the files belong to different models, `docmill models verify` checks them"
    )]
    Classes { dictionary: usize, classes: usize },
    #[error("the OCR {0} gave an output of an unexpected shape: its file belongs to another model")]
    Output(&'static str),
    #[error("the OCR model failed: {0}")]
    Run(#[from] rten::RunError),
    #[error("the page cannot be scaled for OCR: {0}")]
    Scale(#[from] fast_image_resize::ResizeError),
}
