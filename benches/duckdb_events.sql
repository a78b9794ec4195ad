-- Nearer to what footlight's lake holds: prompts, completions (one a message id, the largest usage), calls and results, each step once
-- and sorted as in the lake, with one hash of the text. Still without fingerprints, pricing, who started what, inlined
-- subagents, rejects with their positions and a ledger for the next run.
copy (
    with records as materialized (
        select *, row_number() over () as record
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
        where type in ('user', 'assistant')
    ),

    blocks as (
        select record, unnest(case when json_type(message.content) = 'ARRAY' then cast(message.content as json[]) else [] end) as block
        from records
    ),

    completions as (
        select record, 'completion' as kind, coalesce(message.id, requestId, uuid) as event_id, null as block
        from records
        where type = 'assistant'
    ),

    steps as (
        select
            record,
            if(block->>'type' = 'tool_use', 'tool_call', 'tool_result') as kind,
            coalesce(block->>'id', block->>'tool_use_id') as event_id,
            block
        from blocks
        where block->>'type' in ('tool_use', 'tool_result')
    ),

    prompts as (
        select record, 'prompt' as kind, uuid as event_id, null as block
        from records
        where type = 'user' and record not in (select record from steps)
    ),

    events as (
        select * from completions
        union all
        select * from steps
        union all
        select * from prompts
    )

    select
        'claude_code' as source,
        event_id,
        try_cast(timestamp as timestamptz) as ts,
        coalesce(sessionId || '/agent-' || agentId, sessionId) as session_id,
        if(agentId is null, null, sessionId) as parent_session_id,
        kind,
        'claude-code/' || version as client,
        if(kind = 'completion', message.model, null) as model,
        if(kind = 'completion', message.usage.input_tokens, null) as input_tokens,
        if(kind = 'completion', message.usage.output_tokens, null) as output_tokens,
        if(kind = 'completion', message.usage.cache_read_input_tokens, null) as cache_read_tokens,
        if(kind = 'completion', message.usage.cache_creation_input_tokens, null) as cache_write_tokens,
        if(kind = 'completion', message.usage.cache_creation.ephemeral_1h_input_tokens, null) as cache_write_1h_tokens,
        block->>'name' as tool_name,
        if(block is null, null, event_id) as call_id,
        try_cast(block->'is_error' as boolean) as is_error,
        block->'input'->>'file_path' as path,
        length(coalesce(block, message.content)) as text_chars,
        hash(coalesce(block, message.content)) as text_hash,
        cwd as repo,
        gitBranch as branch,
        filename as source_file
    from events join records using (record)
    qualify row_number() over (partition by kind, event_id order by message.usage.output_tokens desc nulls last, record) = 1
    order by session_id, ts, kind, event_id
) to '{output}' (format parquet, compression zstd);
