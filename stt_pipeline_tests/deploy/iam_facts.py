"""Says of each action, a JSON list on standard input, what policy_sentry knows. Runs beside it."""

import json
import sys

from policy_sentry.querying.actions import get_action_data  # type: ignore[import-not-found]

facts = {}
for action in json.load(sys.stdin):
    service, _, name = action.partition(":")
    found = get_action_data(service, name)
    rows = found[service] if found else []
    facts[action] = {
        "exists": bool(rows),
        "narrow": any(row["resource_arn_format"] != "*" for row in rows),
    }
sys.stdout.write(json.dumps(facts))
