//! `report.html`: one file that opens offline.
//!
//! Owns the page: what stands in it is the template's, how it looks the style sheet's. Nothing is loaded and nothing runs: the
//! policy in the page's head forbids everything but the one style sheet, which is named by its hash.

use askama::Template;
use sha2::{Digest, Sha256};

use super::RenderError;
use super::charts::{self, Idle, Svg};
use super::figures::{BANDS, GLOSSARY};
use super::model::measuring::Kpi;
use super::model::views::MainReason;
use super::model::{FunnelStep, MoneyPart, Report};

/// The style sheet, as it stands in the page.
const STYLE: &str = include_str!("templates/report.css");

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
    style_hash: String,
    weekly_usage: Option<Svg>,
    weekly_outcomes: Option<Svg>,
    measuring: Vec<(&'a Kpi, Option<Svg>)>,
    agreement: Option<Svg>,
    waterfall: Option<Svg>,
    reasons: Vec<(&'a MainReason, Svg)>,
    quadrant_chart: Option<Svg>,
    cohort_chart: Option<Svg>,
    money: Vec<(&'a MoneyPart, Svg)>,
    funnel: Vec<(&'a FunnelStep, Svg)>,
    glossary: [(&'static str, &'static str); 3],
    bands: [(&'static str, &'static str); 5],
}

/// Writes the page.
///
/// # Errors
/// [`RenderError`] when the template cannot be filled in, which no report causes.
pub fn render(report: &Report) -> Result<String, RenderError> {
    let page = Page {
        report,
        style_hash: style_hash(STYLE),
        weekly_usage: charts::weekly_usage(&report.weeks, &report.policies),
        weekly_outcomes: charts::weekly_outcomes(&report.weeks, &report.policies, &report.few()),
        measuring: report.measuring.kpis.iter().map(|kpi| (kpi, charts::histogram(kpi))).collect(),
        agreement: report.measuring.rank_agreement.as_ref().map(charts::agreement),
        waterfall: charts::waterfall(&report.money, idle(report)),
        reasons: report.reasons.signals.iter().zip(charts::reason_bars(&report.reasons.signals)).collect(),
        quadrant_chart: charts::quadrant(&report.quadrant),
        cohort_chart: charts::cohorts(&report.cohorts),
        money: report.money.parts.iter().zip(charts::money_ranges(&report.money)).collect(),
        funnel: report.funnel.iter().zip(charts::funnel_bars(report)).collect(),
        glossary: GLOSSARY,
        bands: BANDS,
    };
    Ok(page.render()?)
}

fn idle(report: &Report) -> Idle {
    let seats_known = report.funnel.iter().any(|step| step.id == "seats" && step.people.0.is_some());
    match report.idle_seats {
        Some(cost) => Idle::Cost(cost),
        None if seats_known || !report.seats.is_empty() => Idle::NoBill,
        None => Idle::SeatsUnknown,
    }
}

/// What the policy of a page names its one style sheet by: its SHA-256 in base64. The template leaves out the last line end.
pub(super) fn style_hash(style: &str) -> String {
    base64(&Sha256::digest(style.trim_end().as_bytes()))
}

/// Base64 with padding (RFC 4648, section 4), for the 32 bytes of a hash.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0_u32, |word, index| word << 8 | u32::from(chunk.get(index).copied().unwrap_or(0)));
        for index in 0..4 {
            let sextet = word >> (18 - 6 * index) & 63;
            let letter = ALPHABET.get(sextet as usize).copied().unwrap_or(b'=');
            text.push(if index <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_agrees_with_the_rfc() {
        let encoded: Vec<String> = ["", "f", "fo", "foo", "foobar"].map(|text| base64(text.as_bytes())).into();
        assert_eq!(encoded, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYmFy"]);
    }
}
