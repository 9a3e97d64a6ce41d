"""`doctor`: is everything in place? One line a check: ok, or the remedy."""

import shutil
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer

from stt_pipeline import wiring
from stt_pipeline.cli.output import OUT, print_json
from stt_pipeline.domain.errors import UserError
from stt_pipeline.settings import Settings, load_settings

MIN_FREE_GB = 2.0
"""Room for a date's work in progress."""

WEB_PORT, CODE_PORT = 3000, 4000
"""Where the processes of production listen, unless --port says otherwise."""

Check = Callable[[Settings], str]


class Of(StrEnum):
    """Processes of production, each with checks of its own."""

    WEBSERVER = "webserver"
    DAEMON = "daemon"
    CODE = "code"
    WORKER = "worker"


def doctor(
    of: Annotated[
        Of | None, typer.Option(help="One process of production, as its container is asked.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Where it listens: 3000, code 4000.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Checks this machine and these settings; exit code 1 where something is to be done."""
    settings = load_settings()
    checks = CHECKS if of is None else _checks_of(of, port)
    results = [_checked(name, check, settings) for name, check in checks.items()]
    if as_json:
        print_json(results)
    else:
        for result in results:
            mark, style = ("ok", "green") if result["ok"] else ("to do", "red")
            OUT.print(f"{mark:>5}  ", style=style, end="")
            OUT.print(f"{result['check']}: {result['found']}", markup=False, soft_wrap=True)
    if not all(result["ok"] for result in results):
        raise typer.Exit(1)


def _checked(name: str, check: Check, settings: Settings) -> dict[str, object]:
    try:
        return {"check": name, "ok": True, "found": check(settings)}
    except UserError as error:
        return {"check": name, "ok": False, "found": str(error)}


def _python(_: Settings) -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"


def _recordings(settings: Settings) -> str:
    next(iter(wiring.recordings_store(settings).walk("", skip=lambda folder: True)), None)
    return settings.recordings_uri


def _lake(settings: Settings) -> str:
    store = wiring.lake_store(settings)
    try:
        store.write("_work/doctor", b"ok")
        store.delete("_work/doctor")
    except OSError as error:
        raise UserError(
            f"STT_LAKE_URI={settings.lake_uri} cannot be written ({error.strerror}): give this "
            "user the right, or name another place."
        ) from None
    return settings.lake_uri


def _references(settings: Settings) -> str:
    store = wiring.references_store(settings)
    try:
        next(iter(store.walk("", skip=lambda folder: True)), None)
    except UserError:
        return f"{settings.references_uri} is not there: word error rates will be unknown"
    return settings.references_uri


def _catalog(settings: Settings) -> str:
    wiring.catalog(settings)
    return settings.catalog


def _model(settings: Settings) -> str:
    folders = wiring.verified_models(settings).values()
    return f"{wiring.engine_spec(settings).label} in {', '.join(map(str, folders))}"


def _disk(settings: Settings) -> str:
    folder = wiring.work_folder(settings)
    free_gb = shutil.disk_usage(folder).free / 1e9
    if free_gb < MIN_FREE_GB:
        raise UserError(f"{free_gb:.1f} GB are free in {folder}: make it {MIN_FREE_GB}.")
    return f"{free_gb:.0f} GB free in {folder}"


def _workers(_: Settings) -> str:
    return f"{wiring.most_workers()} at once, of {wiring.available_cpus()} CPUs"


def _dagster(_: Settings) -> str:
    from stt_pipeline.defs.instance import prepare_home

    if shutil.which("dagster", path=str(wiring.scripts_folder())) is None:
        raise UserError("The dagster command is missing beside this Python: install the package.")
    return f"instance in {prepare_home()}"


def _glue(settings: Settings) -> str:
    wiring.catalog(settings).register([])
    return settings.catalog


def _checks_of(of: Of, port: int | None) -> dict[str, Check]:
    """What tells that a process of production is at work, and not only there."""
    from stt_pipeline.defs import health

    database: dict[str, Check] = {"database": lambda _: health.database_answers()}
    if of is Of.DAEMON:
        return database | {"daemon": lambda _: health.daemon_speaks()}
    if of is Of.CODE:
        return database | {"code": lambda _: health.code_loads(port or CODE_PORT)}
    if of is Of.WEBSERVER:
        return database | {"web server": lambda _: health.web_server_answers(port or WEB_PORT)}
    needs = ("recordings", "references", "lake", "disk", "model", "workers")
    return database | {name: CHECKS[name] for name in needs} | {"catalog": _glue}


CHECKS: dict[str, Check] = {
    "Python": _python,
    "recordings": _recordings,
    "references": _references,
    "lake": _lake,
    "disk": _disk,
    "catalog": _catalog,
    "model": _model,
    "fallback": wiring.ask_fallback,
    "workers": _workers,
    "Dagster": _dagster,
}
"""Every check by name; each returns what it found, or raises UserError with the remedy."""
