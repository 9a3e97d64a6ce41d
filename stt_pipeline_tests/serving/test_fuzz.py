"""schemathesis on the service's own OpenAPI document: only what is documented is answered."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from stt_pipeline_tests.serving.running import JOIN_S, Service

UNFIT: list[Any] = [positive_data_acceptance]
"""Bytes that the document allows are seldom a call: 422 is the right answer to them."""

OPERATIONS = (
    "POST /transcribe",
    "GET /jobs/{job_id}",
    "DELETE /jobs/{job_id}",
    "GET /jobs/{job_id}/result",
    "POST /v1/audio/transcriptions",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
)


@pytest.fixture(scope="module")
def operations(service: Service) -> dict[str, Any]:
    """Every operation of the document, by method and path."""
    document = schemathesis.openapi.from_url(f"{service.url}/openapi.json")
    found: list[Any] = [result.ok() for result in document.get_all_operations()]  # type: ignore[union-attr]
    return {operation.label: operation for operation in found}


@pytest.fixture(autouse=True)
def _survives(service: Service) -> Iterator[None]:
    pid = service.process.pid
    yield
    assert service.is_ready()
    assert service.process.pid == pid
    assert service.uploads() == []
    assert "Traceback" not in service.program.log.read_text()


def test_every_operation_is_tried(operations: dict[str, Any]) -> None:
    assert sorted(operations) == sorted(OPERATIONS)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("label", OPERATIONS)
def test_only_documented_answers(
    operations: dict[str, Any], label: str, mode: GenerationMode
) -> None:
    operation = operations[label]
    if mode is GenerationMode.NEGATIVE and label in ("GET /healthz", "GET /readyz", "GET /metrics"):
        # There is nothing about them that could be wrong.
        assert not operation.query
        return

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),
    )
    def answers(case: Any) -> None:
        case.call_and_validate(excluded_checks=UNFIT, timeout=JOIN_S)

    answers()
