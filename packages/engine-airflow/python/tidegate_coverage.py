"""A sensor for Apache Airflow 3 that waits until a Tidegate group covers an interval.

Put this file beside your DAGs, and import it from them::

    from tidegate_coverage import TidegateCoverageSensor

    TidegateCoverageSensor(task_id="orders", group_id="orders")

It asks the manager's REST interface, ``GET /groups/<group>/coverage``. Between two requests it is deferred, so it holds no
worker slot. Its result is the digest of what it found: as long as that is the same, so are the data.

The password of its Airflow Connection (``tidegate_manager`` unless named) is JSON with the manager's address and token:
``{"url": "https://manager.internal", "token": "..."}``.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timedelta

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator, Connection
from airflow.sdk.log import mask_secret

try:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException
except ImportError:  # before Airflow 3.2
    from airflow.exceptions import AirflowException, AirflowFailException

# How long a request stays open, and how long the manager may take to answer it, seconds.
OPEN_FOR = 2
ANSWER_WITHIN = 30

# How long the task is away between two requests, seconds.
FIRST_AWAY = 5
LONGEST_AWAY = 60


class TidegateCoverageSensor(BaseOperator):
    """
    Waits, without a worker slot, until a group covers an interval.

    :param group_id: the group, with a schedule or a source group
    :param lower: where the interval begins, ISO 8601 with an offset; default: the data interval's start
    :param upper: where it ends, exclusive; default: the data interval's end
    :param connection_id: the Connection with the manager's address and token
    :param wait_for: how long to wait before the task fails; default: for ever
    """

    template_fields = ("group_id", "lower", "upper")
    ui_color = "#d7e8f7"

    def __init__(
        self,
        *,
        group_id: str,
        lower: str = "{{ data_interval_start.isoformat() }}",
        upper: str = "{{ data_interval_end.isoformat() }}",
        connection_id: str = "tidegate_manager",
        wait_for: timedelta | None = None,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.group_id = group_id
        self.lower = lower
        self.upper = upper
        self.connection_id = connection_id
        self.wait_for = wait_for

    def execute(self, context) -> str:
        until = None if self.wait_for is None else time.time() + self.wait_for.total_seconds()
        return self.watch(context, until=until)

    def watch(self, context, event=None, until: float | None = None, away: float = FIRST_AWAY) -> str:
        """Asks what is covered; while something is missing the task leaves its slot and comes back."""
        answer = coverage_of(self.connection_id, self.group_id, self.lower, self.upper)
        if answer["isCovered"]:
            return answer["generationDigest"]
        missing = ", ".join(text_of(interval) for interval in answer["missing"])
        if until is not None and time.time() >= until:
            raise AirflowFailException(f"Group {self.group_id} does not cover {missing}, and the wait is over.")
        self.log.info("Group %s does not cover %s yet.", self.group_id, missing)
        self.defer(
            trigger=TimeDeltaTrigger(timedelta(seconds=away)),
            method_name="watch",
            kwargs={"until": until, "away": min(away * 1.5, LONGEST_AWAY)},
        )


def coverage_of(connection_id: str, group_id: str, lower: str, upper: str) -> dict:
    """The manager's answer. A request that cannot succeed fails the task; any other problem is retried."""
    manager = json.loads(Connection.get(connection_id).password)
    mask_secret(manager["token"])
    query = urllib.parse.urlencode({"from": lower, "to": upper, "wait": f"{OPEN_FOR}s"})
    path = f"/groups/{urllib.parse.quote(group_id, safe='')}/coverage?{query}"
    headers = {"authorization": f"Bearer {manager['token']}"}
    request = urllib.request.Request(manager["url"].rstrip("/") + path, headers=headers)
    try:
        with OPENER.open(request, timeout=ANSWER_WITHIN) as response:
            return json.loads(response.read())
    except urllib.error.HTTPError as error:
        failure = AirflowFailException if error.code in (400, 401, 403, 404, 422) else AirflowException
        raise failure(f"The manager answered {error.code}: {message_of(error)}") from None
    except Exception as error:
        raise AirflowException(f"The manager cannot be reached ({type(error).__name__}).") from None


def message_of(error: urllib.error.HTTPError) -> str:
    try:
        return json.loads(error.read())["error"]["message"]
    except Exception:
        return "no reason given"


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token is for the manager alone."""

    def redirect_request(self, *args, **kwargs):
        return None


OPENER = urllib.request.build_opener(NoRedirects)


def text_of(interval: dict) -> str:
    """An interval as people read it."""
    lower, upper = (datetime.fromtimestamp(interval[bound] / 1_000).astimezone() for bound in ("lower", "upper"))
    return f"[{lower.isoformat()}, {upper.isoformat()})"
