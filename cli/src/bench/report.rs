//! What was measured, told: on the terminal, as JSON, CSV, HdrHistogram percentiles and one HTML page.

pub mod about;
pub mod conditions;
pub mod csv;
pub mod hdr;
pub mod html;
pub mod run;
pub mod table;
pub mod times;
pub mod write;
