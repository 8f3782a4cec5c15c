"""
Runs the parts of an Airflow, each in a process group of its own, with its output in a file of its own.

Each command of Airflow loads the same thousand modules, which takes seconds of processor time. So one process loads them,
and all parts, the workers and tasks below them included, are forks of it.

usage: parts.py FOLDER [migrate]

Writes FOLDER/PART.out and FOLDER/parts.json, the process ids by part. Ends as soon as one part has ended; after SIGTERM or
SIGINT, when all have.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys
from pathlib import Path

PARTS = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}

# Loaded by several parts, or by each task. A version that lacks one loads what it has instead by itself.
MODULES = [
    "airflow.__main__",
    "airflow.api_fastapi.core_api.app",
    "airflow.api_fastapi.execution_api.app",
    "airflow.cli.commands.api_server_command",
    "airflow.cli.commands.dag_processor_command",
    "airflow.cli.commands.scheduler_command",
    "airflow.cli.commands.triggerer_command",
    "airflow.executors.local_executor",
    "airflow.providers.standard.triggers.temporal",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.serialization.serialized_objects",
    "airflow.timetables.trigger",
    "airflow.utils.db",
]


def main(folder: Path, *steps: str) -> int:
    for module in MODULES:
        try:
            importlib.import_module(module)
        except ImportError:
            continue
    from airflow.cli import cli_parser

    cli_parser.get_parser()
    # Forks share the memory of what is loaded for as long as the collector does not touch it.
    gc.freeze()
    if "migrate" in steps:
        _, status = os.waitpid(fork(folder / "db.out", ["db", "migrate"]), 0)
        if status != 0:
            return os.waitstatus_to_exitcode(status) or 1
    pids = {part: fork(folder / f"{part}.out", command) for part, command in PARTS.items()}
    write_whole(folder / "parts.json", json.dumps(pids))
    return watch(pids)


def fork(output: Path, command: list[str]) -> int:
    """Runs a command of Airflow in a process of its own. Returns its id."""
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.argv = ["airflow", *command]
    code = 1
    try:
        from airflow.__main__ import main as airflow

        airflow()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def write_whole(path: Path, text: str) -> None:
    """Writes a file that nobody sees half-written."""
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)


def watch(pids: dict[str, int]) -> int:
    """Waits until a part has ended, or, once it is told to end, until all have."""
    left = dict(pids)
    is_ending = False

    def end(*_) -> None:
        nonlocal is_ending
        is_ending = True
        for pid in left.values():
            os.kill(pid, signal.SIGTERM)

    # A terminal interrupts this process alone: the parts are in groups of their own.
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, end)
    while left:
        pid, status = os.wait()
        part = next((name for name, known in left.items() if known == pid), None)
        if part is None:
            continue
        del left[part]
        if not is_ending:
            print(f"{part} ended with {os.waitstatus_to_exitcode(status)}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
