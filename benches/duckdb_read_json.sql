-- `read_json` to Parquet as anyone would write it: every field of every record, types found by DuckDB.
copy (
    from read_json('{input}/projects/**/*.jsonl', format = 'newline_delimited', maximum_object_size = 67108864)
) to '{output}' (format parquet);
