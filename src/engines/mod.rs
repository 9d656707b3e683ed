//! The native engines, each behind one trait, and their worker processes.
//!
//! [`rasterize`] draws pages (pdfium), [`ocr`] reads the words of a page,
//! [`route`] finds its document type (candle), [`reader`] reads its fields
//! (llama.cpp or a server). [`worker`] runs them in child processes inside a
//! [`sandbox`]; [`models`] finds and checks their weights.

pub mod models;
pub mod ocr;
pub mod rasterize;
pub mod reader;
pub mod route;
pub mod sandbox;
pub mod worker;
