//! Receipts of what was removed from a lake, in `LAKE/receipts`: when, under which policy, how many rows and files, and what the tables hashed to
//! before and after. They name nobody.

use crate::lake::{Purged, TableChange};
use crate::results::write_file;
use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// One receipt.
#[derive(Debug, Clone, Serialize)]
pub struct Receipt {
    /// Version of the shape.
    pub schema_version: u32,
    /// `forget` or `gc`.
    pub command: &'static str,
    /// When.
    pub at: Timestamp,
    /// Program that did it.
    pub footlight_version: &'static str,
    /// Configuration and objections under which it was done.
    pub policy_hash: String,
    /// Rows and files by table.
    pub tables: Vec<TableChange>,
    /// Data files of older versions that were removed.
    pub purged: Purged,
    /// Keyed id of the person; only `forget`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tombstone_id: Option<String>,
    /// Inputs whose names the ledger no longer has; only `forget`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs_masked: Option<usize>,
    /// Records of runs that were changed or removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_records_changed: Option<usize>,
    /// Lines of the access log that were changed; only `forget`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_log_lines_changed: Option<usize>,
    /// Lines of the release ledger in which nobody's id stands in the place of the person's; only `forget`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_ledger_lines_changed: Option<usize>,
    /// Texts of other people that name the person still, by table and column; only `forget`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named_by_others: Option<serde_json::Value>,
    /// First moment that is kept, by key of `[retention]`; only `gc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_from: Option<serde_json::Value>,
    /// What the command cannot reach.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_in_the_lake: Vec<&'static str>,
}

impl Receipt {
    /// A receipt of now.
    pub fn new(command: &'static str, policy_hash: String, tables: Vec<TableChange>, purged: Purged) -> Self {
        Self {
            schema_version: 1,
            command,
            at: Timestamp::now(),
            footlight_version: env!("CARGO_PKG_VERSION"),
            policy_hash,
            tables,
            purged,
            tombstone_id: None,
            inputs_masked: None,
            run_records_changed: None,
            access_log_lines_changed: None,
            release_ledger_lines_changed: None,
            named_by_others: None,
            kept_from: None,
            not_in_the_lake: Vec::new(),
        }
    }
}

/// Writes a receipt into the lake, and says where.
pub fn write_receipt(lake: &Path, receipt: &Receipt) -> anyhow::Result<PathBuf> {
    let directory = lake.join("receipts");
    let text = format!("{}\n", serde_json::to_string_pretty(receipt)?);
    let unique = &blake3::hash(text.as_bytes()).to_hex()[..6];
    let name = format!("{}-{}-{unique}.json", receipt.at.strftime("%Y%m%dT%H%M%SZ"), receipt.command);
    let path = directory.join(name);
    std::fs::create_dir_all(&directory)
        .and_then(|()| write_file(&path, text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
