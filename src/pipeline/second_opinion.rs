//! OCR as a witness for pages without a text layer.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::config::{OcrMode, OcrSettings};
use crate::domain::{OcrWord, PageImage, Word};
use crate::engines::ocr::{OcrEngine, Spec, Tesseract};
use crate::engines::sandbox::{Enforcement, program_enforcement};

/// Text layers with fewer words are stamps and page numbers on a scan.
const LEAST_WORDS: usize = 10;

/// The OCR engine of a run, or why there is none.
pub struct SecondOpinion {
    engine: Option<Box<dyn OcrEngine>>,
    /// Told with the first page that would have needed it.
    missing: Option<String>,
    is_told: AtomicBool,
}

/// The engine that the settings ask for; `None`: none, by the settings. Errors
/// say what to install.
pub fn find_ocr(settings: &OcrSettings, processes: u32) -> anyhow::Result<Option<Tesseract>> {
    match settings.mode {
        OcrMode::Off => Ok(None),
        OcrMode::Auto => Tesseract::find(&Spec {
            program: settings.tesseract.as_deref(),
            languages: &settings.languages,
            deadline: Duration::from_secs(settings.page_seconds),
            memory: settings.memory_mib << 20,
            processes,
        })
        .map(Some),
    }
}

impl SecondOpinion {
    pub fn of(settings: &OcrSettings, processes: u32) -> SecondOpinion {
        let (engine, missing) = match find_ocr(settings, processes) {
            Ok(engine) => (engine, None),
            Err(error) => (None, Some(format!("{error:#}"))),
        };
        SecondOpinion {
            engine: engine.map(|engine| Box::new(engine) as Box<dyn OcrEngine>),
            missing,
            is_told: AtomicBool::new(false),
        }
    }

    /// What is enforced on the engine's processes; `None` where there is none.
    pub fn enforcement(&self) -> Option<Enforcement> {
        self.engine.is_some().then(program_enforcement)
    }

    /// The words that OCR reads on the page, with the seconds that it took;
    /// `None` for a page that has its own words, and where there is no engine
    /// or it fails: a missing witness is no reason to fail a page.
    pub fn on(
        &self,
        image: &PageImage,
        words: &[Word],
    ) -> impl Future<Output = Option<(Vec<OcrWord>, f64)>> + Send + '_ {
        let asked = if words.len() < LEAST_WORDS {
            self.tell_missing();
            self.engine.as_ref().map(|engine| engine.words(image))
        } else {
            None
        };
        async move {
            let start = Instant::now();
            match asked?.await {
                Ok(words) => Some((words, start.elapsed().as_secs_f64())),
                Err(failure) => {
                    tracing::warn!("no second opinion on a page: {}", failure.message);
                    None
                }
            }
        }
    }

    fn tell_missing(&self) {
        if let Some(missing) = &self.missing
            && !self.is_told.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                "no second opinion on scans, so that amounts which do not add up go to a person: {missing}; \
                 --set ocr=off to do without"
            );
        }
    }
}
