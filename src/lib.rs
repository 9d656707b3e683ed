//! docmill: folders of scanned documents in, validated rows out.
//!
//! A page passes through these stages, in this order: [`files`] finds files, and
//! [`pipeline`] stores their pages as jobs; [`engines::rasterize`] draws the page;
//! [`engines::ocr`] finds its words; [`engines::route`] finds its document
//! type; [`engines::reader`] reads its fields; [`documents::validation`]
//! checks them; [`store`] stores the record. Only [`pipeline`] has this order.
//! [`archive`] finds pages again, [`review`] shows uncertain records to a person.
//!
//! Imports go in one direction (`docs/ARCHITECTURE.md`, checked by a test):
//! `cli` -> `review` -> `outputs`, `pipeline` -> `archive`, `engines`, `files` -> `config`,
//! `documents`, `store` -> `domain`.

pub mod archive;
pub mod cli;
pub mod config;
pub mod documents;
pub mod domain;
pub mod engines;
pub mod files;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod outputs;
pub mod pipeline;
pub mod review;
pub mod store;
