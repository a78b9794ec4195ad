//! codeburn's tables as they stand in its JSON. Owns no meaning: that is [`super::Codeburn`]'s.

use crate::sources::document::Items;
use crate::sources::json::Count;
use serde_json::value::RawValue;

/// An export or a report: the fields of both.
#[derive(serde::Deserialize)]
pub(super) struct Document<'a> {
    /// `{code, rate, symbol}` in an export, the code in a report.
    #[serde(borrow)]
    currency: Option<&'a RawValue>,
    /// Of an export.
    #[serde(borrow)]
    pub(super) periods: Option<Items<Period<'a>>>,
    #[serde(borrow)]
    pub(super) sessions: Option<Items<&'a RawValue>>,
    /// Of a report.
    #[serde(borrow)]
    pub(super) daily: Option<Items<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) overview: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) models: Option<&'a RawValue>,
}

impl Document<'_> {
    /// Whether costs are in US dollars; a file that does not say is not believed to be.
    pub(super) fn is_usd(&self) -> bool {
        #[derive(serde::Deserialize)]
        struct Currency {
            code: String,
        }
        let Some(raw) = self.currency else { return false };
        let code = serde_json::from_str::<Currency>(raw.get()).map(|currency| currency.code);
        code.or_else(|_| serde_json::from_str::<String>(raw.get())).is_ok_and(|code| code == "USD")
    }
}

/// One of an export's overlapping windows: today, 7 days, 30 days.
#[derive(serde::Deserialize)]
pub(super) struct Period<'a> {
    #[serde(borrow)]
    pub(super) daily: Items<&'a RawValue>,
}

/// A day of an export.
#[derive(Debug, serde::Deserialize)]
pub(super) struct ExportDay {
    #[serde(rename = "Date")]
    pub(super) date: Option<String>,
    #[serde(rename = "Cost (USD)")]
    pub(super) cost: Option<Box<RawValue>>,
    #[serde(rename = "API Calls", default)]
    pub(super) calls: Count,
    #[serde(rename = "Sessions", default)]
    pub(super) sessions: Count,
    #[serde(rename = "Input Tokens", default)]
    pub(super) input: Count,
    #[serde(rename = "Output Tokens", default)]
    pub(super) output: Count,
    #[serde(rename = "Cache Read Tokens", default)]
    pub(super) cache_read: Count,
    #[serde(rename = "Cache Write Tokens", default)]
    pub(super) cache_write: Count,
}

/// A session of an export.
#[derive(Debug, serde::Deserialize)]
pub(super) struct ExportSession {
    #[serde(rename = "Project")]
    pub(super) project: Option<String>,
    #[serde(rename = "Session ID")]
    pub(super) session_id: Option<String>,
    #[serde(rename = "Started At")]
    pub(super) started_at: Option<Box<RawValue>>,
    #[serde(rename = "Cost (USD)")]
    pub(super) cost: Option<Box<RawValue>>,
    #[serde(rename = "API Calls", default)]
    pub(super) calls: Count,
    #[serde(rename = "Turns", default)]
    pub(super) turns: Count,
}

/// A day of a report.
#[derive(Debug, serde::Deserialize)]
pub(super) struct ReportDay {
    pub(super) date: Option<String>,
    pub(super) cost: Option<Box<RawValue>>,
    #[serde(default)]
    pub(super) calls: Count,
    #[serde(default)]
    pub(super) turns: Count,
}
