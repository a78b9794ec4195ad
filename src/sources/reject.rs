//! Why a record or a file could not be read. The words are a public contract: `quarantine.reason`.

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)+) => {
        /// Why a record or file was rejected.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $($(#[$doc])* $name,)+ }
        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)+];
            /// The word in `quarantine.reason`.
            pub fn as_str(self) -> &'static str {
                match self { $(Reason::$name => $word,)+ }
            }
        }
    };
}

reasons! {
    /// The last line has no newline and is not a whole record; it is read again when the file has grown.
    TornLine = "torn_line",
    /// Not JSON.
    BadJson = "bad_json",
    /// Not UTF-8, or an escape that is not a character.
    BadUtf8 = "bad_utf8",
    /// Nested deeper than 128 levels.
    TooDeep = "too_deep",
    /// Longer than the line limit.
    LineTooLong = "line_too_long",
    /// A number outside its plausible range (token counts: 0 to 10^12); the field is read as null.
    OutOfRange = "out_of_range",
    /// A required field is missing.
    MissingField = "missing_field",
    /// A field has the wrong type or an unknown word.
    BadValue = "bad_value",
    /// A timestamp that cannot be read.
    BadTimestamp = "bad_timestamp",
    /// A timestamp before 2015 or from 2100 on.
    ImplausibleTime = "implausible_time",
    /// A record kind that this version does not know.
    UnknownKind = "unknown_kind",
    /// No source recognises the file.
    UnknownFormat = "unknown_format",
    /// A row with more or fewer fields than its header.
    RaggedRow = "ragged_row",
    /// A compressed file that expands beyond the ratio limit.
    CompressionBomb = "compression_bomb",
    /// A compressed file that is cut short or fails its checksum.
    DamagedArchive = "damaged_archive",
    /// A database with a damaged page, or with more in it than a file of its length holds.
    DamagedDatabase = "damaged_database",
    /// A pipe, device or link that leads out of the input.
    NotARegularFile = "not_a_regular_file",
    /// The operating system refused to read it.
    Unreadable = "unreadable",
    /// git could not read the repository.
    GitFailed = "git_failed",
}
