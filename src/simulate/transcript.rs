//! Sessions as Claude Code writes them: one JSON object a line, one file a session, subagents in files of their own.
//!
//! Owns the shape of those lines (`src/sources/claude_code/README.md` tells how they are read). Draws nothing, so that the organisation is the
//! same in every format.

use super::row::Row;
use serde_json::{Value, json};

/// One transcript while it is written.
#[derive(Default)]
pub(super) struct Transcript {
    /// Finished lines.
    pub(super) lines: Vec<u8>,
    last_uuid: Option<String>,
    /// Envelope of the response that calls belong to: each of its blocks repeats it.
    response: Option<(String, Value)>,
}

/// Where a session's transcript lies, under `claude-code/LOGIN/projects`.
pub(super) fn place(login: &str, repo: Option<&str>, session_id: &str, parent: Option<&str>) -> String {
    let directory = directory(login, repo).replace(['/', '.'], "-");
    let file =
        parent.map_or_else(|| session_id.to_owned(), |parent| format!("{parent}/subagents/{}", own_part(session_id)));
    format!("claude-code/{login}/projects/{directory}/{file}.jsonl")
}

/// The part of a session's id that is a subagent's own.
fn own_part(session_id: &str) -> &str {
    session_id.rsplit('/').next().unwrap_or(session_id)
}

/// Where somebody works on a repository.
fn directory(login: &str, repo: Option<&str>) -> String {
    let name = repo.and_then(|repo| repo.rsplit('/').next()).map(|name| name.trim_end_matches(".git"));
    name.map_or_else(|| format!("/home/{login}"), |name| format!("/home/{login}/{name}"))
}

impl Transcript {
    /// Writes one step. `at` is RFC 3339 in UTC.
    pub(super) fn write(&mut self, row: &Row<'_>, login: &str, at: &str) -> Result<(), serde_json::Error> {
        let cwd = directory(login, row.repo);
        let headless = row.trigger != "human" && row.parent_session_id.is_none();
        let mut line = json!({
            "uuid": uuid(&row.event_id),
            "parentUuid": self.last_uuid,
            "isSidechain": row.parent_session_id.is_some(),
            "userType": "external",
            "entrypoint": if headless { "sdk-cli" } else { "cli" },
            "cwd": cwd,
            "sessionId": row.parent_session_id.unwrap_or(row.session_id),
            "version": row.client.rsplit('/').next(),
            "gitBranch": row.branch.unwrap_or(""),
            "timestamp": at,
        });
        if row.parent_session_id.is_some() {
            line["agentId"] = own_part(row.session_id).trim_start_matches("agent-").into();
        }
        let step = &row.step;
        match row.kind {
            "prompt" => {
                line["type"] = "user".into();
                line["message"] = json!({"role": "user", "content": step.text});
                if row.trigger == "human" {
                    line["permissionMode"] = "default".into();
                    line["promptSource"] = "typed".into();
                    line["origin"] = json!({"kind": "human"});
                }
            }
            "completion" => self.completion(row, &mut line),
            "tool_call" => {
                let (id, input) = (call_id(step.call_id), input(step.tool_args, &cwd)?);
                let block = json!({"type": "tool_use", "id": id, "name": tool_name(step.tool_name), "input": input});
                if let Some((request, message)) = &self.response {
                    line["requestId"] = request.as_str().into();
                    line["message"] = message.clone();
                }
                line["type"] = "assistant".into();
                line["message"]["stop_reason"] = "tool_use".into();
                line["message"]["content"] = json!([block]);
            }
            _ => {
                let block = json!({
                    "type": "tool_result", "tool_use_id": call_id(step.call_id), "content": step.text, "is_error": step.is_error,
                });
                line["type"] = "user".into();
                line["message"] = json!({"role": "user", "content": [block]});
            }
        }
        self.last_uuid = line["uuid"].as_str().map(str::to_owned);
        serde_json::to_writer(&mut self.lines, &line)?;
        self.lines.push(b'\n');
        Ok(())
    }

    fn completion(&mut self, row: &Row<'_>, line: &mut Value) {
        let step = &row.step;
        let refused = step.token_basis == Some("absent");
        let usage = json!({
            "input_tokens": step.input_tokens.unwrap_or(0),
            "output_tokens": step.output_tokens.unwrap_or(0),
            "cache_creation_input_tokens": step.cache_write_tokens.unwrap_or(0),
            "cache_read_input_tokens": step.cache_read_tokens.unwrap_or(0),
            "service_tier": "standard",
        });
        let message = json!({
            "id": format!("msg_{}", row.event_id),
            "type": "message",
            "role": "assistant",
            "model": if refused { Some("<synthetic>") } else { step.model },
            "stop_reason": if refused { "stop_sequence" } else { "end_turn" },
            "stop_sequence": null,
            "content": [{"type": "text", "text": step.text}],
            "usage": usage,
        });
        line["type"] = "assistant".into();
        line["message"] = message.clone();
        if refused {
            line["isApiErrorMessage"] = true.into();
        } else {
            let request = format!("req_{}", row.event_id);
            line["requestId"] = request.as_str().into();
            self.response = Some((request, message));
        }
    }
}

/// The step's id in the shape of a UUID.
fn uuid(event_id: &str) -> String {
    let part = |from: usize, to: usize| event_id.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 20), part(0, 10))
}

fn call_id(call_id: Option<&str>) -> String {
    format!("toolu_{}", call_id.unwrap_or_default().trim_start_matches("call_"))
}

/// Tools that are not the client's own come from servers.
fn tool_name(name: Option<&str>) -> &str {
    match name.unwrap_or_default() {
        "Query" => "mcp__database__query",
        "Ticket" => "mcp__tickets__get_ticket",
        "Search" => "WebSearch",
        own => own,
    }
}

/// The arguments, with paths from the root as the client gives them.
fn input(arguments: Option<&str>, cwd: &str) -> Result<Value, serde_json::Error> {
    let mut input: Value = serde_json::from_str(arguments.unwrap_or("{}"))?;
    for name in ["file_path", "path"] {
        if let Some(path) = input.get(name).and_then(Value::as_str).map(|path| format!("{cwd}/{path}")) {
            input[name] = path.into();
        }
    }
    Ok(input)
}
