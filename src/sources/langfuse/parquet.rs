//! Exports in Parquet, Langfuse's default: recognition by the names in the footer, rows through the `parquet` crate.
//!
//! Not through Polars, which canonical files are read with: usage and cost are maps, and a Polars that reads them would have to be built with structs.

#[cfg(feature = "engine")]
mod scan;

use super::observation;
use crate::fingerprint::Json;
use crate::sources::{Input, InputError, Position, Sink};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Longest footer that recognition reads.
const MOST_FOOTER: u64 = 4 << 20;
/// Length and magic bytes at the end of every Parquet file.
const TRAILER: u64 = 8;

/// Whether the column names in the footer are those of an export. They stand in it in plain letters.
pub(super) fn is_export(path: &Path) -> bool {
    let Ok(footer) = footer(path) else { return false };
    let names = observation::columns().iter().copied();
    let found: Vec<&str> = names.filter(|name| memchr::memmem::find(&footer, name.as_bytes()).is_some()).collect();
    observation::is_export(&found)
}

fn footer(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut trailer = [0; TRAILER as usize];
    file.seek(SeekFrom::Start(length.saturating_sub(TRAILER)))?;
    file.read_exact(&mut trailer)?;
    let [a, b, c, d, ..] = trailer;
    let wanted = u64::from(u32::from_le_bytes([a, b, c, d])).min(MOST_FOOTER);
    file.seek(SeekFrom::Start(length.saturating_sub(TRAILER + wanted)))?;
    let mut footer = Vec::new();
    file.take(wanted).read_to_end(&mut footer)?;
    Ok(footer)
}

/// Reads the wanted columns of a Parquet file. Rows have no bytes of their own: offset and line of a row are its number.
#[cfg(feature = "engine")]
pub(super) fn read(
    input: &Input,
    sink: &mut dyn Sink,
    is_wanted: fn(&str) -> bool,
    take: &mut impl FnMut(&Json<'_>, Position, &mut dyn Sink),
) -> Result<u64, InputError> {
    scan::read(input, sink, is_wanted, take)
}

/// A build without the engine has no Parquet reader and says so.
#[cfg(not(feature = "engine"))]
pub(super) fn read(
    input: &Input,
    _sink: &mut dyn Sink,
    _is_wanted: fn(&str) -> bool,
    _take: &mut impl FnMut(&Json<'_>, Position, &mut dyn Sink),
) -> Result<u64, InputError> {
    Err(InputError::Format {
        path: input.name.clone(),
        reason: crate::sources::Reason::UnknownFormat,
        error: "this build was made without the feature `engine` and reads no Parquet".to_owned(),
    })
}
