"""footlight every Monday: run, gate, and only then whatever sends the report."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator

PATHS = "--lake /var/lib/footlight/lake --out /var/lib/footlight/out"
CONFIG = "--config /etc/footlight/footlight.toml"

with DAG(
    dag_id="footlight",
    schedule="15 4 * * 1",
    start_date=datetime(2026, 1, 5),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=30)},
) as dag:
    plan = BashOperator(
        task_id="plan",
        bash_command=f"footlight run --dry-run --json --input /srv/ai-logs {PATHS} {CONFIG}",
    )
    # 3 is done with some input quarantined: go on, the gate looks at how much.
    run = BashOperator(
        task_id="run",
        bash_command=f"footlight run --json --input /srv/ai-logs {PATHS} {CONFIG} || [ $? -eq 3 ]",
    )
    # A gate that fails is no error of the machine: not tried again.
    gate = BashOperator(
        task_id="gate",
        retries=0,
        bash_command='footlight check --out /var/lib/footlight/out --fail-on "quarantined > 1000"',
    )
    plan >> run >> gate
