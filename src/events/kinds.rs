//! The closed vocabularies of `schema.md`, each with its spelling in files and tables.

use std::fmt;
use std::str::FromStr;

/// A word that is not in the vocabulary it was read for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not one of {expected}")]
pub struct ParseNameError {
    /// What was read.
    pub word: String,
    /// The accepted words, separated by blanks.
    pub expected: &'static str,
}

macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// Every member, in declaration order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The word that files and tables use.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }

        impl FromStr for $name {
            type Err = ParseNameError;
            fn from_str(word: &str) -> Result<Self, ParseNameError> {
                match word {
                    $($word => Ok($name::$variant),)+
                    _ => Err(ParseNameError {
                        word: word.to_owned(),
                        expected: concat!($($word, " "),+).trim_ascii_end_str(),
                    }),
                }
            }
        }
    };
}

/// `concat!` leaves a blank at the end of the list of accepted words.
trait TrimAsciiEnd {
    fn trim_ascii_end_str(&self) -> &str;
}
impl TrimAsciiEnd for str {
    fn trim_ascii_end_str(&self) -> &str {
        self.trim_end_matches(' ')
    }
}

vocabulary! {
    /// What kind of step an event is.
    Kind {
        /// Text handed to the agent.
        Prompt = "prompt",
        /// One model response with its usage.
        Completion = "completion",
        /// The agent calls a tool.
        ToolCall = "tool_call",
        /// What the tool answered.
        ToolResult = "tool_result",
    }
}

vocabulary! {
    /// What started a prompt; tool steps inherit it.
    Trigger {
        /// A person typed it.
        Human = "human",
        /// A schedule, heartbeat, hook or other machine clock.
        Schedule = "schedule",
        /// Another agent.
        Agent = "agent",
        /// The log does not say.
        Unknown = "unknown",
    }
}

vocabulary! {
    /// Where token counts come from.
    TokenBasis {
        /// The log states them.
        Reported = "reported",
        /// Computed here from visible text, because the log is known to be too low.
        Estimated = "estimated",
        /// The log has none: counts are null, never zero.
        Absent = "absent",
    }
}

vocabulary! {
    /// Where a cost comes from.
    CostBasis {
        /// The log states it.
        Reported = "reported",
        /// Token counts times the built-in price table.
        Priced = "priced",
        /// Tokens are known, the model is not in the price table: cost is null and listed.
        Unpriced = "unpriced",
    }
}

vocabulary! {
    /// Who counted an aggregate.
    CountedBy {
        /// The vendor, in an admin report: what the bill is made of.
        Vendor = "vendor",
        /// Another reader of the same logs. The last resort, where the logs themselves are gone.
        Reader = "reader",
    }
}

vocabulary! {
    /// What a tool step did to the world.
    Effect {
        /// Nothing outside the agent.
        None = "none",
        /// Read something.
        Read = "read",
        /// Changed a file or record.
        Write = "write",
        /// Ran a command or program.
        Execute = "execute",
        /// Sent a message to somebody.
        Send = "send",
    }
}

vocabulary! {
    /// Who let a tool step run.
    Approval {
        /// A person said yes.
        Human = "human",
        /// A rule said yes.
        Auto = "auto",
        /// Nobody was asked.
        None = "none",
    }
}

vocabulary! {
    /// What came of the work.
    OutcomeKind {
        /// A git commit.
        Commit = "commit",
        /// A pull or merge request.
        PullRequest = "pull_request",
        /// A review of somebody else's change.
        Review = "review",
        /// A tracker item.
        Ticket = "ticket",
        /// A release to an environment.
        Deployment = "deployment",
        /// A page or file that people read.
        Document = "document",
    }
}

vocabulary! {
    /// What became of an outcome.
    OutcomeStatus {
        /// On the default branch, merged, or done.
        Landed = "landed",
        /// Not decided yet.
        Open = "open",
        /// Closed without landing.
        Abandoned = "abandoned",
        /// Landed and taken back.
        Reverted = "reverted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip_and_strangers_are_named() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse::<Kind>().as_ref(), Ok(kind));
        }
        let error = "robot".parse::<Trigger>().unwrap_err();
        assert_eq!(error.to_string(), "`robot` is not one of human schedule agent unknown");
    }
}
