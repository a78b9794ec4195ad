-- The least that "read_json to Parquet" can mean: one row a record, the canonical columns by JSON path, in file order.
-- No content blocks, no deduplication, no sort, no fingerprints. Parsed once into the types asked for, which is DuckDB's fastest way.
copy (
    select
        'claude_code' as source,
        coalesce(message.id, uuid) as event_id,
        try_cast(timestamp as timestamptz) as ts,
        sessionId as session_id,
        agentId as agent_id,
        type as kind,
        'claude-code/' || version as client,
        message.model as model,
        message.usage.input_tokens as input_tokens,
        message.usage.output_tokens as output_tokens,
        message.usage.cache_read_input_tokens as cache_read_tokens,
        message.usage.cache_creation_input_tokens as cache_write_tokens,
        message.usage.cache_creation.ephemeral_1h_input_tokens as cache_write_1h_tokens,
        json_extract_string(message.content, '$[0].name') as tool_name,
        coalesce(json_extract_string(message.content, '$[0].id'), json_extract_string(message.content, '$[0].tool_use_id')) as call_id,
        try_cast(json_extract(message.content, '$[0].is_error') as boolean) as is_error,
        json_extract_string(message.content, '$[0].input.file_path') as path,
        length(message.content) as text_chars,
        hash(message.content) as text_hash,
        cwd as repo,
        gitBranch as branch,
        filename as source_file
    from read_json(
        '{input}/projects/**/*.jsonl',
        format = 'newline_delimited',
        maximum_object_size = 67108864,
        ignore_errors = true,
        filename = true,
        columns = {
            type: 'varchar', uuid: 'varchar', sessionId: 'varchar', agentId: 'varchar', timestamp: 'varchar', cwd: 'varchar',
            gitBranch: 'varchar', version: 'varchar', requestId: 'varchar',
            message: 'struct(id varchar, model varchar, stop_reason varchar, content json, "usage" struct(
                input_tokens bigint, output_tokens bigint, cache_read_input_tokens bigint, cache_creation_input_tokens bigint,
                cache_creation struct(ephemeral_1h_input_tokens bigint)))'
        }
    )
) to '{output}' (format parquet, compression zstd);
