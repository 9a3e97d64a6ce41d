"""AWS's own words, from botocore's models: what a request may hold, and which values are none."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def allowed(service: str, shape: str) -> list[str]:
    """The values of an enumeration."""
    words: list[str] = _model(service).shape_for(shape).enum
    assert words, f"{service} has no enumeration {shape}"
    return words


def faults(service: str, operation: str, request: dict[str, Any]) -> list[str]:
    """What AWS would refuse of a request: members, types, missing ones, values of enumerations."""
    shape = _model(service).operation_model(operation).input_shape
    report = ParamValidator().validate(request, shape).generate_report()
    return [*filter(None, report.split("\n")), *_wrong_words(shape, request, operation)]


def _wrong_words(shape: Shape, value: Any, where: str) -> Iterator[str]:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, member in shape.members.items():
            if name in value:
                yield from _wrong_words(member, value[name], f"{where}.{name}")
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for one in value:
            yield from _wrong_words(shape.member, one, where)
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for key, one in value.items():
            yield from _wrong_words(shape.value, one, f"{where}[{key}]")
    elif (words := getattr(shape, "enum", None)) and value not in words:
        yield f"{where}: {value!r} is none of {', '.join(words)}"
