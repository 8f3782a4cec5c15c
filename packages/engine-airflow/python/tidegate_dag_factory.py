"""Tidegate's DAG factory for Apache Airflow 3.

Put this file into the DAGs folder, once, as it is. It builds one DAG for each schedule in the Airflow Variables
``tidegate.<installation>.shard.<number>``: the schedules of an installation are divided among a fixed number of these, since
Airflow gives a DAG file one Variable at a time. Where Airflow cannot list the keys of Variables, ``tidegate.installations``
lists the installations. All of these are written by Tidegate's Airflow engine over REST. Nothing of them is ever executed or rendered as a template: a schedule is
data here.

Each DAG has one task, which posts its tick to Tidegate's callback door, signed per Standard Webhooks. The door's address
and the secret are in an Airflow Connection.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timedelta, timezone

from airflow import __version__ as airflow_version
from airflow.providers.standard.triggers.temporal import DateTimeTrigger, TimeDeltaTrigger
from airflow.sdk import DAG, BaseOperator, Connection, Variable, get_parsing_context
from airflow.sdk.log import mask_secret
from airflow.timetables.trigger import CronTriggerTimetable, MultipleCronTriggerTimetable

try:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
except ImportError:  # before Airflow 3.2
    from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException

KEY_PREFIX = "tidegate."
FACTORY_DAG_ID = "tidegate.factory"
FACTORY_TAG = "tidegate-factory-3"
BROKEN_TAG = "tidegate-broken"

# Whether this Airflow lists the keys of Variables, as it does from 3.3 on. The tag tells the engine.
LISTS_KEYS = hasattr(Variable, "keys")
LISTING_TAG = "tidegate-lists-shards"

# Among how many Variables the schedules of an installation are divided; the engine knows the same number.
SHARDS = 16

# The Variable that lists the installations, each by a hash of its prefix.
INSTALLATIONS_KEY = "tidegate.installations"
INSTALLATION = re.compile(r"[0-9a-f]{12}")
SHARD_KEY = re.compile(rf"{re.escape(KEY_PREFIX)}{INSTALLATION.pattern}\.shard\.[0-9]{{2}}")

# The multiplier of the pause before a retry; before Airflow 3.2 whether there is one.
BACKOFF = True if airflow_version.startswith(("3.0.", "3.1.")) else 2.0

# How often one attempt of the task knocks at the door, and how long it waits in between, seconds.
KNOCKS = 3
FIRST_PAUSE = 1

# How long the door may take to answer, seconds.
ANSWER_WITHIN = 30

# How long a request for a run's state stays open, ms, and how long the task is away between two of them, seconds.
STATE_WAIT_MS = 2_000
FIRST_AWAY = 2
LONGEST_AWAY = 60


class DoorClosed(AirflowException):
    """The door cannot take the fire now; the attempt is repeated."""


class Deferred(AirflowException):
    """The ledger has the fire and plans its interval later: it waits for runs before it to end."""

    def __init__(self, seconds: float) -> None:
        super().__init__("The interval is planned when runs before it have ended.")
        self.seconds = seconds


class TidegateFire(BaseOperator):
    """Posts a tick to Tidegate's callback door; by option it then waits, without a worker slot, until the run ends."""

    template_fields = ()
    ui_color = "#d7e8f7"

    def __init__(self, *, definition: dict, **kwargs) -> None:
        super().__init__(**kwargs)
        self.definition = definition

    def execute(self, context) -> str | None:
        due = tick_of(context) + timedelta(milliseconds=self.definition["waitMs"])
        if due > datetime.now(timezone.utc):
            self.defer(trigger=DateTimeTrigger(moment=due), method_name="knock")
        return self.knock(context)

    def knock(self, context, event=None) -> str | None:
        """Posts the fire, and waits for the run where the schedule asks for that."""
        door = Door.of(self.definition["connectionId"])
        message_id = f"{context['dag'].dag_id}:{context['run_id']}"
        fire = fire_of(self.definition, tick_of(context)) | rerun_of(self.definition, context)
        try:
            answer = door.fire(message_id, fire)
        except Deferred as deferred:
            self.log.info("%s", deferred)
            if self.definition["wait"]:
                self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=deferred.seconds)), method_name="knock")
            return None
        run_id = answer.get("runId")
        self.log.info(
            "The door has taken the fire%s: run %s of %s.",
            " again" if answer.get("duplicate") else "",
            run_id,
            interval_of(answer),
        )
        if self.definition["wait"] and answer.get("statusUrl"):
            self.watch(context, path=door.path_of(answer["statusUrl"]))
        return run_id

    def watch(self, context, event=None, path: str = "", away: float = FIRST_AWAY) -> None:
        """Asks how the run stands; while it has not ended the task leaves its slot and comes back."""
        answer = Door.of(self.definition["connectionId"]).state(path)
        state = str(answer.get("state"))
        if not answer.get("isEnded"):
            self.defer(
                trigger=TimeDeltaTrigger(timedelta(seconds=away)),
                method_name="watch",
                kwargs={"path": path, "away": min(away * 1.5, LONGEST_AWAY)},
            )
        if state == "SKIPPED":
            raise AirflowSkipException("The run was skipped.")
        if state != "SUCCEEDED":
            raise AirflowFailException(f"The run ended {state}.")
        self.log.info("The run ended %s.", state)


class TidegateGone(BaseOperator):
    """Stands for the task of a schedule that was removed after its run had been queued."""

    def execute(self, context) -> None:
        raise AirflowSkipException("The schedule was removed.")


class Door:
    """The callback door of a Tidegate. Its address and secret are in no message, since logs are read by many."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret

    @classmethod
    def of(cls, connection_id: str) -> Door:
        """The door that a Connection leads to: its password is JSON, since only that is hidden everywhere."""
        door = json.loads(Connection.get(connection_id).password)
        mask_secret(door["secret"])
        mask_secret(door["url"])
        return cls(door["url"], door["secret"])

    def fire(self, message_id: str, fire: dict) -> dict:
        body = json.dumps(fire).encode()
        pause = FIRST_PAUSE
        for _ in range(KNOCKS - 1):
            try:
                return self._request(self._url, body, self._signed(message_id, body))
            except DoorClosed:
                time.sleep(pause)
                pause *= 2
        return self._request(self._url, body, self._signed(message_id, body))

    def state(self, path: str) -> dict:
        parts = urllib.parse.urlsplit(urllib.parse.urljoin(self._url, path))
        query = urllib.parse.parse_qsl(parts.query) + [("waitMs", str(STATE_WAIT_MS))]
        return self._request(urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode(query))))

    def path_of(self, url: str) -> str:
        """The part of a run's address that is not the door's own; other hosts are not asked."""
        door = urllib.parse.urlsplit(self._url)
        given = urllib.parse.urlsplit(urllib.parse.urljoin(self._url, url))
        if (given.scheme, given.netloc) != (door.scheme, door.netloc):
            raise AirflowFailException("The door named a status address on another host.")
        return urllib.parse.urlunsplit(("", "", given.path, given.query, ""))

    def _signed(self, message_id: str, body: bytes) -> dict[str, str]:
        """The headers of Standard Webhooks. A secret that is being rotated holds several keys, with spaces between."""
        at = str(int(time.time()))
        content = f"{message_id}.{at}.".encode() + body
        keys = [base64.b64decode(key.removeprefix("whsec_")) for key in self._secret.split()]
        digests = [hmac.new(key, content, hashlib.sha256).digest() for key in keys]
        return {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": at,
            "webhook-signature": " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests),
        }

    def _request(self, url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> dict:
        try:
            request = urllib.request.Request(url, data=body, headers=headers or {})
            with OPENER.open(request, timeout=ANSWER_WITHIN) as response:
                answer = json.loads(response.read() or b"{}")
        except urllib.error.HTTPError as error:
            raise refusal_of(error) from None
        except Exception as error:
            raise DoorClosed(f"The callback door cannot be reached ({type(error).__name__}).") from None
        return answer if isinstance(answer, dict) else {}


def refusal_of(error: urllib.error.HTTPError) -> Exception:
    """What an answer that is none of the good ones means for the attempt."""
    if error.code == 503 and code_of(error) == "INTERVAL_DEFERRED":
        return Deferred(float(error.headers.get("retry-after") or FIRST_PAUSE))
    failure = AirflowFailException if error.code in (400, 403, 413, 422) else DoorClosed
    return failure(f"The callback door answered {error.code}.")


def code_of(error: urllib.error.HTTPError) -> str | None:
    try:
        return json.loads(error.read())["error"]["code"]
    except Exception:
        return None


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """A signed fire is for the door alone."""

    def redirect_request(self, *args, **kwargs):
        return None


OPENER = urllib.request.build_opener(NoRedirects)


def tick_of(context) -> datetime:
    """The instant that a DAG run is for; of a run that somebody triggered by hand, when that was."""
    return context.get("data_interval_end") or context["dag_run"].run_after


def fire_of(definition: dict, tick: datetime) -> dict:
    """
    What the door is told: the scheduled time, epoch ms, and no boundaries. These are cut by the ledger alone, since a cron
    of Airflow may take other times on the days on which a zone changes its clock.
    """
    scheduled = nominal_of(definition, tick)
    last = definition["lastMs"]
    return {"groupId": definition["groupId"], "scheduledTime": scheduled if last is None else min(scheduled, last)}


def rerun_of(definition: dict, context) -> dict:
    """
    What a DAG run that was cleared asks the door for, or one of a backfill: to run its interval once more, or if it has not
    succeeded. The id is the same for all attempts of its task, and another one after each clear.
    """
    run = context["dag_run"]
    if run.clear_number:
        select = "all"
    elif run.run_type == "backfill" and is_first_tick(definition, tick_of(context)):
        select = "incomplete"
    else:
        return {}
    # Run ids come again when a DAG was deleted in between; the time at which the DAG run began does not.
    known_by = json.dumps([run.dag_id, run.run_id, run.clear_number, str(run.start_date)])
    return {"rerun": {"id": f"airflow-{hashlib.sha256(known_by.encode()).hexdigest()[:32]}", "select": select}}


def is_first_tick(definition: dict, tick: datetime) -> bool:
    """Whether a tick is the first for its scheduled time: of many that are for one interval, one runs it again."""
    period = definition["period"]
    late = epoch_ms(tick) - definition["offsetMs"] - nominal_of(definition, tick)
    return late < (1_000 if period is None else period["tickMs"])


def nominal_of(definition: dict, tick: datetime) -> int:
    """The scheduled time that a tick is for: where ticks are finer than the schedule, the latest one before."""
    instant = epoch_ms(tick) - definition["offsetMs"]
    period = definition["period"]
    if period is not None:
        return instant - (instant - period["anchorMs"]) % period["everyMs"]
    return max((known for known in definition["instants"] if known <= instant), default=instant)


def interval_of(answer: dict) -> str:
    """The interval of the run that the door has named, as people read it."""
    lower, upper = instant_of(answer.get("lowerBoundary")), instant_of(answer.get("upperBoundary"))
    if lower is None or upper is None:
        return "an interval"
    return f"[{lower.isoformat()}, {upper.isoformat()})"


def epoch_ms(instant: datetime) -> int:
    return round(instant.timestamp() * 1_000)


def instant_of(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1_000, tz=timezone.utc)


def timetable_of(definition: dict):
    crons = definition["crons"]
    if not crons:
        return None
    if len(crons) == 1:
        return CronTriggerTimetable(crons[0], timezone=definition["timezone"])
    return MultipleCronTriggerTimetable(*crons, timezone=definition["timezone"])


def display_name(group_id: str) -> str:
    """The group id where it can be printed, else as JSON writes it."""
    return group_id if group_id.isprintable() and not group_id.startswith('"') else json.dumps(group_id)


def shard_key_of(dag_id: str) -> str:
    """The key of the Variable that holds the definition of a DAG."""
    prefix = dag_id.split(".")[1]
    return shard_key(digest(prefix)[:12], int(digest(dag_id)[:8], 16) % SHARDS)


def shard_key(installation: str, number: int) -> str:
    return f"{KEY_PREFIX}{installation}.shard.{number:02d}"


def entry_id_of(dag_id: str) -> str:
    return dag_id.rpartition(".")[2]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def installations() -> list[str]:
    """The installations that have schedules here. What is none was written by hand; Tidegate writes the list again."""
    try:
        listed = json.loads(Variable.get(INSTALLATIONS_KEY, default="[]"))
    except ValueError:
        return []
    return [name for name in listed if INSTALLATION.fullmatch(str(name))] if isinstance(listed, list) else []


def shard_keys() -> list[str]:
    """
    The shards to read: those that exist, where this Airflow can list them. The list of installations then decides nothing:
    it is one Variable that all installations write, so that one may take out another until that one puts itself back.
    """
    listed = set(Variable.keys(prefix=KEY_PREFIX)) if LISTS_KEYS else set()
    # Airflow may list the Variables of one team alone. A listing without the list of installations is such a one.
    if INSTALLATIONS_KEY in listed:
        return sorted(key for key in listed if SHARD_KEY.fullmatch(key))
    return [shard_key(installation, number) for installation in installations() for number in range(SHARDS)]


def entries_of(key: str) -> dict:
    """The definitions in a Variable, by the hashes at the end of their DAGs' ids; none where there is no such Variable."""
    entries = json.loads(Variable.get(key, default="{}"))
    if not isinstance(entries, dict):
        raise ValueError("it is no JSON object")
    return entries


def build_one(dag_id: str) -> DAG:
    """The DAG whose task is run."""
    key = shard_key_of(dag_id)
    entry = entries_of(key).get(entry_id_of(dag_id))
    if entry is None:
        dag = DAG(dag_id=dag_id, schedule=None, tags=["tidegate"])
        TidegateGone(task_id="fire", dag=dag)
        return dag
    return build(key, entry_id_of(dag_id), entry)


def build_shard(key: str) -> list[DAG]:
    """The DAGs of a Variable, and one that tells of what cannot be read of it."""
    try:
        entries = entries_of(key)
    except ValueError as error:
        return [build_broken(key, f"The Variable was edited by hand: {error}. Tidegate writes it again.")]
    dags = []
    unreadable = []
    for entry_id, entry in entries.items():
        try:
            dags.append(build(key, entry_id, entry))
        except Exception:
            unreadable.append(entry_id)
    if unreadable:
        reason = f"The Variable was edited by hand, and cannot be read at {', '.join(unreadable)}. Tidegate writes it again."
        dags.append(build_broken(key, reason))
    return dags


def build(key: str, entry_id: str, entry: str) -> DAG:
    """The DAG of a definition. One that cannot be built is told by a DAG in its place, so that it holds up no other."""
    text = base64.b64decode(entry, validate=True).decode()
    definition = json.loads(text)
    dag_id = definition["dagId"]
    if (shard_key_of(dag_id), entry_id_of(dag_id)) != (key, entry_id):
        raise ValueError("The definition is of another DAG.")
    stamp = "?"
    try:
        require_unedited(text, definition["stamp"])
        stamp = definition["stamp"]
        return build_schedule(definition)
    except Exception as error:
        return build_broken(dag_id, f"{type(error).__name__}: {error}", stamp)


def build_broken(dag_id: str, reason: str, *tags: str) -> DAG:
    return DAG(dag_id=dag_id, schedule=None, description=reason[:1_000], tags=["tidegate", BROKEN_TAG, *tags])


def require_unedited(text: str, stamp: str) -> None:
    """Refuses a definition that is not as Tidegate wrote it: its stamp is a hash of the rest. The reconciler mends it."""
    head = f'{{"stamp":"{stamp}",'
    rest = "{" + text.removeprefix(head)
    if not text.startswith(head) or not stamp.endswith(f".{digest(rest)[:12]}"):
        raise ValueError("The definition was edited by hand; Tidegate writes it again.")


def build_schedule(definition: dict) -> DAG:
    dag = DAG(
        dag_id=definition["dagId"],
        dag_display_name=display_name(definition["groupId"]),
        schedule=timetable_of(definition),
        start_date=instant_of(definition["startMs"]),
        end_date=instant_of(definition["endMs"]),
        catchup=False,
        max_active_runs=definition["maxActiveRuns"],
        is_paused_upon_creation=False,
        tags=["tidegate", definition["stamp"]],
    )
    TidegateFire(
        task_id="fire",
        dag=dag,
        definition=definition,
        owner="tidegate",
        retries=5,
        retry_delay=timedelta(seconds=2),
        retry_exponential_backoff=BACKOFF,
        max_retry_delay=timedelta(seconds=60),
    )
    dag.validate()
    return dag


def build_all() -> list[DAG]:
    """All DAGs where the file is parsed, the one that is run where a task is."""
    dag_id = get_parsing_context().dag_id
    if dag_id is not None:
        return [build_one(dag_id)] if dag_id.startswith(KEY_PREFIX) else []
    return [dag for key in shard_keys() for dag in build_shard(key)]


for _dag in build_all():
    globals()[_dag.dag_id] = _dag

# Where the file is in place and parsed is told by this one. It never runs.
globals()[FACTORY_DAG_ID] = DAG(
    dag_id=FACTORY_DAG_ID,
    schedule=None,
    description="Tidegate's DAG factory is installed. Leave this DAG as it is.",
    tags=["tidegate", FACTORY_TAG, *([LISTING_TAG] if LISTS_KEYS else [])],
)
