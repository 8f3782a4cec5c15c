"""A task of a DolphinScheduler workflow that waits until a Tidegate group covers an interval.

It is a static template and needs Python 3.6 or newer and nothing else. Its first argument is base64url of JSON, which is data
and never executed; the others are the interval's bounds, in seconds since 1970. It asks the manager's REST interface,
``GET /groups/<group>/coverage``, for a while, then fails and leaves its thread: DolphinScheduler runs it again a minute later.

A file on the worker holds JSON with the manager's address and token: ``{"url": "https://manager.internal", "token": "..."}``.
Neither these nor anything of the group is printed: DolphinScheduler keeps what tasks print, and takes some of it for commands.
"""

import base64
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timezone

# How long a request may stay open, and how much longer its answer may take, seconds.
OPEN_FOR = 30
ANSWER_WITHIN = 30

# How long it waits before it asks again after a request that went wrong, seconds.
PAUSE = 2

# Answers that stay the same however often the manager is asked.
FOR_GOOD = (400, 401, 403, 404, 422)

# DolphinScheduler repeats a task that has failed, but not one that exits as a killed one does.
EXIT_FAILED = 1
EXIT_FAILED_FOR_GOOD = 137


class Failure(Exception):
    """Ends the attempt; DolphinScheduler repeats it."""

    exit_code = EXIT_FAILED


class FinalFailure(Failure):
    """Ends the task for good."""

    exit_code = EXIT_FAILED_FOR_GOOD


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token is for the manager alone."""

    def redirect_request(self, *args, **kwargs):
        return None


# DolphinScheduler stops a task by killing what has started this; what it leaves running has to end by itself.
PARENT = os.getppid()

OPENER = urllib.request.build_opener(NoRedirects)


def wait(task, lower, upper):
    """Returns once the group covers the interval."""
    until = time.time() + task["askSeconds"]
    while True:
        left = until - time.time()
        try:
            missing = missing_of(task, lower, upper, max(0, min(OPEN_FOR, int(left))))
            reason = "The group does not cover %s yet." % ", ".join(text_of(each) for each in missing)
        except FinalFailure:
            raise
        except Failure as failure:
            missing, reason = [None], str(failure)
            time.sleep(max(0, min(PAUSE, left)))
        if len(missing) == 0:
            return
        if time.time() >= until - 1:
            raise Failure(reason)


def missing_of(task, lower, upper, open_for):
    """The parts of the interval that the group does not cover."""
    if os.getppid() != PARENT:
        raise FinalFailure("The task was stopped.")
    manager = manager_of(task["managerFile"])
    query = urllib.parse.urlencode({"from": iso(lower), "to": iso(upper), "wait": "%ds" % open_for})
    path = "/groups/%s/coverage?%s" % (urllib.parse.quote(task["groupId"], safe=""), query)
    headers = {"authorization": "Bearer " + manager["token"]} if "token" in manager else {}
    try:
        asked = urllib.request.Request(manager["url"].rstrip("/") + path, headers=headers)
        with OPENER.open(asked, timeout=open_for + ANSWER_WITHIN) as response:
            answer = json.loads(response.read().decode())
        return [] if answer["isCovered"] else answer["missing"]
    except urllib.error.HTTPError as error:
        failure = FinalFailure if error.code in FOR_GOOD else Failure
        raise failure("The manager answered %d." % error.code) from None
    except Exception as error:
        raise Failure("The manager cannot be reached (%s)." % type(error).__name__) from None


def manager_of(path):
    try:
        with open(path, encoding="utf-8") as file:
            manager = json.load(file)
    except FileNotFoundError:
        raise Failure("The file %s is missing on this worker." % json.dumps(path)) from None
    except PermissionError:
        raise Failure("The file %s cannot be read by the task's user." % json.dumps(path)) from None
    except (OSError, ValueError):
        raise Failure("The file %s cannot be read." % json.dumps(path)) from None
    if not isinstance(manager, dict) or not isinstance(manager.get("url"), str):
        raise Failure("The file %s does not hold JSON with a url." % json.dumps(path))
    return manager


def iso(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def text_of(interval):
    return "[%s, %s)" % (iso(interval["lower"] / 1000), iso(interval["upper"] / 1000))


def main(encoded, lower, upper):
    try:
        if not (lower.isdigit() and upper.isdigit()):
            raise FinalFailure("DolphinScheduler did not tell the interval's bounds in seconds.")
        padded = encoded + "=" * (-len(encoded) % 4)
        wait(json.loads(base64.urlsafe_b64decode(padded).decode()), int(lower), int(upper))
        print("The group covers [%s, %s)." % (iso(int(lower)), iso(int(upper))))
    except Failure as failure:
        print(failure)
        return failure.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
