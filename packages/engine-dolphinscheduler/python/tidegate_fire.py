"""The task of a Tidegate schedule in DolphinScheduler: posts its tick to Tidegate's callback door.

It is a static template, the same for all schedules, and needs Python 3.6 or newer and nothing else. What differs from one
schedule to the next is its first argument, base64url of JSON, which is data and never executed. The second is the tick that
DolphinScheduler has scheduled, in seconds since 1970. Callbacks are signed per Standard Webhooks with the key in a file of the
worker. Neither the file's content nor anything of the schedule is printed: DolphinScheduler keeps what tasks print, and
takes some of it for commands.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

# How often one attempt of the task knocks at the door, and how long it waits in between, seconds.
KNOCKS = 4
FIRST_PAUSE = 1

# How long the door may take to answer, seconds.
ANSWER_WITHIN = 40

# How long a request for a run's state stays open, ms, and for how long it may go wrong, seconds.
STATE_WAIT_MS = 30000
STATE_PATIENCE = 600

# The longest that a task waits for a delay by itself, seconds: whole minutes are DolphinScheduler's to wait.
LONGEST_SLEEP = 60

# Answers that stay the same however often the door is asked.
FOR_GOOD = (400, 401, 404, 413, 422)

# DolphinScheduler repeats a task that has failed, but not one that exits as a killed one does.
EXIT_FAILED = 1
EXIT_FAILED_FOR_GOOD = 137


class Failure(Exception):
    """Ends the task; DolphinScheduler may repeat it."""

    exit_code = EXIT_FAILED


class FinalFailure(Failure):
    """Ends the task for good."""

    exit_code = EXIT_FAILED_FOR_GOOD


class Deferred(Failure):
    """The door plans the interval when runs before it have ended."""


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """A signed fire is for the door alone."""

    def redirect_request(self, *args, **kwargs):
        return None


# DolphinScheduler stops a task by killing what has started this; what it leaves running has to end by itself.
PARENT = os.getppid()

OPENER = urllib.request.build_opener(NoRedirects)


def fire(definition, tick_ms):
    """Does the work of one tick."""
    start, end = definition["startMs"], definition["endMs"]
    if tick_ms < start or (end is not None and tick_ms > end):
        print("This time is not one of the schedule's: nothing is fired.")
        return
    sleep_until(tick_ms + definition["waitMs"])
    scheduled = scheduled_time(definition, tick_ms)
    body = json.dumps({"groupId": definition["groupId"], "scheduledTime": scheduled}).encode()
    message_id = "%s:%d" % (definition["workflow"], scheduled)
    try:
        answer = knock(definition, message_id, body)
    except Deferred as deferred:
        if definition["wait"]:
            raise
        print("%s Nothing is left to do here." % deferred)
        return
    print("The door has taken the fire%s." % (" again" if answer.get("duplicate") else ""))
    if definition["wait"] and answer.get("statusUrl"):
        follow(status_url(definition["callbackUrl"], answer["statusUrl"]))


def sleep_until(due_ms):
    time.sleep(max(0, min(due_ms / 1000 - time.time(), LONGEST_SLEEP)))


def scheduled_time(definition, tick_ms):
    """The nominal time that a tick is for, epoch ms."""
    instant = tick_ms - definition["offsetMs"]
    period = definition["period"]
    past = [known for known in definition["instants"] if known <= instant]
    if period is not None:
        nominal = instant - (instant - period["anchorMs"]) % period["everyMs"]
    else:
        nominal = past[-1] if past else instant
    last = definition["lastMs"]
    return nominal if last is None else min(nominal, last)


def knock(definition, message_id, body):
    pause = FIRST_PAUSE
    for attempt in range(KNOCKS):
        try:
            headers = signed(keys_of(definition["secretFile"]), message_id, body)
            return request(definition["callbackUrl"], body, headers)
        except FinalFailure:
            raise
        except Failure as failure:
            if isinstance(failure, Deferred) and not definition["wait"]:
                raise
            if attempt == KNOCKS - 1:
                raise
            print("%s It is asked again." % failure)
            time.sleep(pause)
            pause *= 2


def keys_of(path):
    """The keys in the secret file: one, or two while it is rotated."""
    try:
        with open(path, encoding="ascii") as file:
            texts = file.read().split()
    except FileNotFoundError:
        raise Failure("The secret file %s is missing on this worker." % json.dumps(path)) from None
    except PermissionError:
        raise Failure("The secret file %s cannot be read by the task's user." % json.dumps(path)) from None
    except (OSError, ValueError):
        raise Failure("The secret file %s cannot be read." % json.dumps(path)) from None
    try:
        keys = [base64.b64decode(text[len("whsec_") :], validate=True) for text in texts if text.startswith("whsec_")]
    except binascii.Error:
        keys = []
    if len(keys) == 0 or len(keys) != len(texts):
        raise Failure("The secret file %s does not hold whsec_ and base64." % json.dumps(path))
    return keys


def signed(keys, message_id, body):
    """The headers of Standard Webhooks."""
    at = str(int(time.time()))
    content = ("%s.%s." % (message_id, at)).encode() + body
    digests = [hmac.new(key, content, hashlib.sha256).digest() for key in keys]
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": at,
        "webhook-signature": " ".join("v1," + base64.b64encode(digest).decode() for digest in digests),
    }


def request(url, body=None, headers=None):
    """The door's answer. What it was asked is in no message."""
    if os.getppid() != PARENT:
        raise FinalFailure("The task was stopped.")
    try:
        asked = urllib.request.Request(url, data=body, headers=headers or {})
        with OPENER.open(asked, timeout=ANSWER_WITHIN) as response:
            answer = json.loads((response.read() or b"{}").decode())
    except urllib.error.HTTPError as error:
        raise refusal_of(error) from None
    except Exception as error:
        raise Failure("The callback door cannot be reached (%s)." % type(error).__name__) from None
    return answer if isinstance(answer, dict) else {}


def refusal_of(error):
    """What an answer that is none of the good ones means for the attempt."""
    if error.code == 503 and code_of(error) == "INTERVAL_DEFERRED":
        return Deferred("The interval is planned when runs before it have ended.")
    failure = FinalFailure if error.code in FOR_GOOD else Failure
    return failure("The callback door answered %d." % error.code)


def code_of(error):
    try:
        return json.loads(error.read().decode())["error"]["code"]
    except Exception:
        return None


def follow(url):
    """Waits until the run has ended. The task succeeds when the run did."""
    give_up_at = time.time() + STATE_PATIENCE
    while True:
        try:
            answer = request(url)
            give_up_at = time.time() + STATE_PATIENCE
        except FinalFailure:
            raise
        except Failure:
            if time.time() > give_up_at:
                raise
            time.sleep(FIRST_PAUSE)
            continue
        if answer.get("isEnded"):
            break
        # A door that does not wait would be asked all the time.
        time.sleep(FIRST_PAUSE)
    if answer.get("state") != "SUCCEEDED":
        raise FinalFailure("The run has not succeeded.")
    print("The run has succeeded.")


def status_url(door_url, given):
    """The address of a run's state; other hosts than the door's are not asked."""
    door = urllib.parse.urlsplit(door_url)
    asked = urllib.parse.urlsplit(urllib.parse.urljoin(door_url, given))
    if (asked.scheme, asked.netloc) != (door.scheme, door.netloc):
        raise FinalFailure("The door named a status address on another host.")
    query = urllib.parse.parse_qsl(asked.query) + [("waitMs", str(STATE_WAIT_MS))]
    return urllib.parse.urlunsplit(asked._replace(query=urllib.parse.urlencode(query), fragment=""))


def main(encoded, tick):
    try:
        if not tick.isdigit():
            raise FinalFailure("DolphinScheduler did not tell the scheduled time.")
        padded = encoded + "=" * (-len(encoded) % 4)
        fire(json.loads(base64.urlsafe_b64decode(padded).decode()), int(tick) * 1000)
    except Failure as failure:
        print(failure)
        return failure.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
