use anyhow::ensure;

use super::{ClipEngine, letterbox};
use crate::domain::{DocType, Embedding, PageImage, Routing};

/// Zero-shot classification of pages by the labels of document types.
pub struct Router<E> {
    engine: E,
    types: Vec<KnownType>,
    classes: Vec<Class>,
    margin: f32,
}

struct KnownType {
    name: String,
    /// Whether pages of the type are read; those of others go to review.
    readable: bool,
}

/// A group of labels as one embedding.
struct Class {
    /// Index into `Router::types`.
    of: usize,
    /// Mean of the labels' embeddings, L2-normalised, `[d]`.
    prototype: Vec<f32>,
}

impl<E: ClipEngine> Router<E> {
    /// Embeds the labels of `types`; a type without labels is never chosen.
    /// `margin`: least lead (0 to 1) of the best type's probability over the
    /// second's.
    pub fn from_types<'a>(
        engine: E,
        types: impl IntoIterator<Item = &'a DocType>,
        margin: f32,
    ) -> anyhow::Result<Router<E>> {
        let mut router = Router {
            engine,
            types: Vec::new(),
            classes: Vec::new(),
            margin,
        };
        for doc_type in types {
            let of = router.types.len();
            let sentences = doc_type.labels.iter().map(|(_, sentences)| sentences);
            for sentences in sentences.filter(|sentences| !sentences.is_empty()) {
                let prototype = prototype(&router.engine.embed_texts(sentences)?)?;
                router.classes.push(Class { of, prototype });
            }
            if router.classes.last().is_some_and(|class| class.of == of) {
                let readable = doc_type.read.is_some();
                router.types.push(KnownType {
                    name: doc_type.name.clone(),
                    readable,
                });
            }
        }
        ensure!(
            !router.types.is_empty(),
            "no document type has labels for CLIP to go by"
        );
        Ok(router)
    }

    /// The routing of each page, in order. The pages are embedded as one model batch.
    pub fn route(&self, pages: &[PageImage]) -> anyhow::Result<Vec<Routing>> {
        let side = self.engine.image_side();
        let pad = self.engine.pad_to_square();
        let squares: Vec<_> = pages
            .iter()
            .map(|page| letterbox(page, side, pad))
            .collect();
        let embeddings = self.engine.embed_images(&squares)?;
        ensure!(
            embeddings.len() == pages.len(),
            "CLIP left out an image of the model batch"
        );
        embeddings
            .into_iter()
            .map(|embedding| self.classify(embedding))
            .collect()
    }

    /// The embedding of a search's text, which is comparable with those of pages.
    pub fn embed_query(&self, text: &str) -> anyhow::Result<Embedding> {
        self.engine.embed_query(text)
    }

    fn classify(&self, embedding: Embedding) -> anyhow::Result<Routing> {
        let logits: Vec<f32> = self
            .classes
            .iter()
            .map(|class| self.engine.scale() * dot(&class.prototype, &embedding.0))
            .collect();
        ensure!(
            logits.iter().all(|logit| logit.is_finite()),
            "CLIP's answer is not a number"
        );
        let mut of_type = vec![0.0; self.types.len()];
        for (class, probability) in self.classes.iter().zip(softmax(&logits)) {
            of_type[class.of] += probability;
        }
        let mut ranked: Vec<(&KnownType, f32)> = self.types.iter().zip(of_type).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        Ok(Routing {
            doc_type: self.choose(&ranked),
            probabilities: ranked.iter().map(|(t, p)| (t.name.clone(), *p)).collect(),
            embedding: Some(embedding),
            forced: false,
        })
    }

    /// `ranked` has the most probable type first.
    fn choose(&self, ranked: &[(&KnownType, f32)]) -> Result<String, String> {
        let (best, lead) = match ranked {
            [(best, p), (_, second), ..] => (best, p - second),
            [(best, p)] => (best, *p),
            [] => unreachable!("a router knows at least one type"),
        };
        let two_best: Vec<String> = ranked
            .iter()
            .take(2)
            .map(|(t, p)| format!("{} {:.0} %", t.name, p * 100.0))
            .collect();
        let two_best = two_best.join(", ");
        if !best.readable {
            Err(format!(
                "the page looks like none of the types that are read ({two_best})"
            ))
        } else if lead < self.margin {
            Err(format!("the page's type is not clear ({two_best})"))
        } else {
            Ok(best.name.clone())
        }
    }
}

fn prototype(embeddings: &[Embedding]) -> anyhow::Result<Vec<f32>> {
    let mut sum = vec![0.0; embeddings.first().map_or(0, |e| e.0.len())];
    for embedding in embeddings {
        for (total, value) in sum.iter_mut().zip(&embedding.0) {
            *total += value;
        }
    }
    let length = dot(&sum, &sum).sqrt();
    ensure!(
        length.is_finite() && length > 0.0,
        "CLIP gives a type's labels no direction: write other `labels` in its schema"
    );
    sum.iter_mut().for_each(|value| *value /= length);
    Ok(sum)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn softmax(logits: &[f32]) -> Vec<f32> {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = logits.iter().map(|logit| (logit - highest).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{PageRule, ReadRules};

    /// Embeds a text by its first letter (a, b, c: one axis each) and an image
    /// by the colour of its middle (red, green, blue: the same axes).
    struct Colours;

    impl ClipEngine for Colours {
        fn image_side(&self) -> u32 {
            3
        }

        fn pad_to_square(&self) -> bool {
            true
        }

        fn embed_images(&self, images: &[PageImage]) -> anyhow::Result<Vec<Embedding>> {
            let embed = |image: &PageImage| {
                let middle: Vec<f32> = image.rgb[12..15].iter().map(|&c| f32::from(c)).collect();
                let length = dot(&middle, &middle).sqrt();
                Embedding(middle.iter().map(|c| c / length).collect())
            };
            Ok(images.iter().map(embed).collect())
        }

        fn embed_texts(&self, texts: &[String]) -> anyhow::Result<Vec<Embedding>> {
            let axis = |text: &String| "abc".find(&text[..1]).unwrap();
            let embed = |text| {
                let mut values = vec![0.0; 3];
                values[axis(text)] = 1.0;
                Embedding(values)
            };
            Ok(texts.iter().map(embed).collect())
        }

        fn embed_query(&self, text: &str) -> anyhow::Result<Embedding> {
            Ok(self.embed_texts(&[text.to_owned()])?.remove(0))
        }

        fn scale(&self) -> f32 {
            // Probabilities come out as shares of powers of 2.
            std::f32::consts::LN_2 * 10.0
        }
    }

    fn doc_type(name: &str, read: bool, classes: &[&[&str]]) -> DocType {
        let labels = classes.iter().map(|sentences| {
            (
                "class".to_owned(),
                sentences.iter().map(|s| s.to_string()).collect(),
            )
        });
        let rules = ReadRules {
            prompts: vec![],
            pages: PageRule::Each,
            checks: vec![],
            required: vec![],
            supporting: vec![],
            captions: Default::default(),
            parties: None,
        };
        DocType {
            name: name.into(),
            schema: serde_json::json!({}),
            schema_hash: String::new(),
            labels: labels.collect(),
            phrases: Vec::new(),
            read: read.then_some(rules),
        }
    }

    fn router(margin: f32) -> Router<Colours> {
        let types = [
            doc_type("receipt", true, &[&["a receipt"]]),
            doc_type("invoice", true, &[&["b", "b too"]]),
            doc_type("other", false, &[&["c"]]),
            doc_type("unlabelled", true, &[]),
        ];
        Router::from_types(Colours, &types, margin).unwrap()
    }

    fn page(colour: [u8; 3]) -> PageImage {
        PageImage::new(3, 3, colour.repeat(9)).unwrap()
    }

    #[test]
    fn a_clear_page_has_its_type_and_probabilities_that_sum_to_1() {
        let routings = router(0.2)
            .route(&[page([255, 0, 0]), page([0, 255, 0])])
            .unwrap();
        assert_eq!(routings[0].doc_type, Ok("receipt".into()));
        assert_eq!(routings[1].doc_type, Ok("invoice".into()));
        // 2^10 to 1 to 1.
        let probabilities = &routings[0].probabilities;
        assert!((probabilities[0].1 - 1024.0 / 1026.0).abs() < 1e-6);
        assert!((probabilities.iter().map(|(_, p)| p).sum::<f32>() - 1.0).abs() < 1e-6);
        assert_eq!(routings[0].embedding, Some(Embedding(vec![1.0, 0.0, 0.0])));
    }

    #[test]
    fn a_page_between_two_types_goes_to_review_with_both_named() {
        let routing = router(0.2).route(&[page([200, 200, 0])]).unwrap().remove(0);
        let words = routing.doc_type.unwrap_err();
        assert!(
            words.contains("receipt 50 %") && words.contains("invoice 50 %"),
            "{words}"
        );
    }

    #[test]
    fn a_page_of_a_type_that_is_not_read_goes_to_review() {
        let routing = router(0.2).route(&[page([0, 0, 255])]).unwrap().remove(0);
        assert!(routing.doc_type.unwrap_err().contains("other 100 %"));
    }

    #[test]
    fn the_classes_of_a_type_add_up() {
        let types = [
            doc_type("receipt", true, &[&["a"], &["b"]]),
            doc_type("other", false, &[&["c"]]),
        ];
        let router = Router::from_types(Colours, &types, 0.9).unwrap();
        let routing = router.route(&[page([200, 200, 0])]).unwrap().remove(0);
        assert_eq!(routing.doc_type, Ok("receipt".into()));
    }

    #[test]
    fn sentences_of_a_class_are_averaged_and_normalised() {
        let mean = prototype(&[Embedding(vec![1.0, 0.0]), Embedding(vec![0.0, 1.0])]).unwrap();
        let half = std::f32::consts::FRAC_1_SQRT_2;
        assert!((mean[0] - half).abs() < 1e-6 && (mean[1] - half).abs() < 1e-6);
    }

    #[test]
    fn types_without_any_label_are_an_error() {
        assert!(Router::from_types(Colours, &[doc_type("receipt", true, &[])], 0.2).is_err());
    }
}
