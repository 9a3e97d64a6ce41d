"""Whether swapped channels stand out where each side has its own prompts. Hears nothing.

The agents of these calls say prompts of voicemail and conferences, the customers all others, each
prompt once. A call is told by the words of the others, so that a call turned round has the odds of
the call with another sign: both are counted from one hearing.
"""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from statistics import median

from stt_pipeline.domain.quality.channel_roles import RoleWords
from stt_pipeline.domain.quality.signals import LIMITS
from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline_tests.benchmarks import build
from stt_pipeline_tests.benchmarks.quality_calls import LONGEST_PROMPT_S, Call
from stt_pipeline_tests.benchmarks.quality_figures import Row
from stt_pipeline_tests.speech.calls import join_prompts, two_channel_call
from stt_pipeline_tests.speech.prompts import Language, load_prompts

AGENT_PROMPTS = ("vm-", "conf-", "agent-", "queue-", "dir-")
"""How their names begin: half of the prompts."""

TOGETHER = 4
"""Prompts of a side: some 25 words, less than people say in a minute."""


def role_calls(language: Language, brief: bool = False) -> Iterator[Call]:
    """Calls of half a minute of two sides who never say the same prompt; or the first of them."""
    prompts = [one for one in load_prompts(language) if one.duration_s <= LONGEST_PROMPT_S]
    prompts = Random(5).sample(prompts, len(prompts))
    agents = [one for one in prompts if one.name.rpartition("/")[2].startswith(AGENT_PROMPTS)]
    customers = [one for one in prompts if one not in agents]
    for number in range(min(len(agents), len(customers)) // TOGETHER):
        mine = slice(number * TOGETHER, (number + 1) * TOGETHER)
        sides = (
            join_prompts(side[mine], pause_s=build.PAUSE_S, seed=number)
            for side in (agents, customers)
        )
        call = two_channel_call(*sides)
        spoken = {"agent": build.spoken(call.left), "customer": build.spoken(call.right)}
        yield Call(f"roles-{language}-{number}", language, call.samples, spoken)
        if brief:
            return


def roles_row(calls: Sequence[Call], heard: Mapping[str, Transcription]) -> Row:
    """Calls that would be flagged as they are, and turned round; and the odds that they have."""
    said = [(call.name, heard[call.name]) for call in calls]
    roles = RoleWords(said)
    odds = [value for name, one in said if (value := roles.odds(name, one)) is not None]
    return {
        "calls": len(odds),
        "flagged": sum(value < LIMITS.role_odds for value in odds),
        "flagged_turned_round": sum(-value < LIMITS.role_odds for value in odds),
        "least_odds": min(odds, default=None),
        "median_odds": median(odds) if odds else None,
    }
