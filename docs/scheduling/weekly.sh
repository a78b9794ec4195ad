#!/bin/sh
# One scheduled run of footlight, and the gate that decides whether its report may be sent.
#
# Settings come from the environment of the job, so that the same script serves cron, systemd, Kubernetes and Airflow:
#   FOOTLIGHT_INPUTS   files, directories and repositories, separated by blanks
#   FOOTLIGHT_LAKE     the lake
#   FOOTLIGHT_OUT      where results go
#   FOOTLIGHT_CONFIG   footlight.toml
#   FOOTLIGHT_SINCE    optional: score only what happened from this day on
#
# The exit code says what to do: 0 send the report; 3 send it and look at the quarantine; 4 a gate failed, do not send;
# 11 another run was busy, try again later; 2, 10, 12, 13, 14 somebody must look. footlight itself lists them all in README.md.
set -u

: "${FOOTLIGHT_INPUTS:?}" "${FOOTLIGHT_LAKE:?}" "${FOOTLIGHT_OUT:?}" "${FOOTLIGHT_CONFIG:?}"

set -- --lake "$FOOTLIGHT_LAKE" --out "$FOOTLIGHT_OUT" --config "$FOOTLIGHT_CONFIG" --lock-timeout 600
if [ -n "${FOOTLIGHT_SINCE:-}" ]; then
    set -- "$@" --since "$FOOTLIGHT_SINCE"
fi
# shellcheck disable=SC2086 # the inputs are a list
footlight run --quiet --input $FOOTLIGHT_INPUTS "$@"
run=$?
case $run in
    0 | 3) ;;
    *) exit "$run" ;;
esac

footlight check --out "$FOOTLIGHT_OUT" \
    --fail-on "quarantined > 1000" \
    --fail-on "unassigned_tokens > 0.2" \
    --fail-on "objections_open > 20"
gate=$?
if [ "$gate" -ne 0 ]; then
    exit "$gate"
fi
exit "$run"
