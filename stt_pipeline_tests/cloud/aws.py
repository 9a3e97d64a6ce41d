"""AWS on this machine: `python -m stt_pipeline_tests.cloud.aws FOLDER`, until its input ends.

One address for every service (moto: S3, ECS, Secrets Manager, Glue, SNS, ...). Its first line of
output is that address. Below `/stand-in/` tests look at tasks, end them, and ask for faults of
RunTask; `Account` of `account.py` is their client.
"""

import io
import json
import socket
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from stt_pipeline_tests.cloud.ecs import Cluster, install
from stt_pipeline_tests.cloud.s3 import make_conditions_atomic

RUN_TASK = "AmazonEC2ContainerServiceV20141113.RunTask"
NO_CAPACITY = (
    "Capacity is unavailable at this time. Please try again later or in a different "
    "availability zone"
)


@dataclass
class Fault:
    """What RunTask does, `times` times, to requests with this `startedBy`.

    `throttled` and `no_capacity` start nothing. `lost` and `late` start the task; then the
    connection is closed without an answer, or the answer comes after `seconds`.
    """

    kind: str
    started_by: str
    times: int
    seconds: float = 0.0


class StandIn:
    """The application: moto behind what the tests ask for."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._faults: list[Fault] = []
        self._answers: dict[str, Response] = {}
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/stand-in/"):
            return self._control(Request(environ))(environ, start_response)
        if environ.get("HTTP_X_AMZ_TARGET") == RUN_TASK:
            return self._run_task(Request(environ))(environ, start_response)
        answer: Iterable[bytes] = self._moto(environ, start_response)
        return answer

    def _run_task(self, request: Request) -> Response:
        """Repeats the answer for a token that it knows, as ECS does, and starts nothing."""
        body = request.get_data()
        asked = json.loads(body)
        request.environ["wsgi.input"] = io.BytesIO(body)
        fault = self._fault(asked.get("startedBy", ""))
        if fault and fault.kind == "throttled":
            return _json({"__type": "ThrottlingException", "message": "Rate exceeded"}, 400)
        if fault and fault.kind == "no_capacity":
            return _json({"tasks": [], "failures": [{"reason": NO_CAPACITY}]})
        with self._lock:
            token = asked["clientToken"]
            if token not in self._answers:
                self._answers[token] = Response.from_app(self._moto, request.environ, buffered=True)
            answer = self._answers[token]
        if fault and fault.kind == "late":
            time.sleep(fault.seconds)
        if fault and fault.kind == "lost":
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError("a fault that a test asked for")
        return answer

    def _fault(self, started_by: str) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.started_by == started_by and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def _control(self, request: Request) -> Response:
        match request.path.split("/")[2:]:
            case ["tasks"]:
                asked = request.args.get("started_by")
                tasks = list(self._cluster.tasks.values())
                return _json([one.describe() for one in tasks if asked in (None, one.started_by)])
            case ["tasks", task, "kill"]:
                self._cluster.tasks[task].kill()
            case ["tasks", task, "interrupt"]:
                self._cluster.tasks[task].interrupt()
            case ["faults"] if request.method == "POST":
                self._faults.append(Fault(**json.loads(request.get_data())))
            case ["faults"]:
                return _json([asdict(fault) for fault in self._faults])
            case ["metadata", task, *_]:
                return _json(self._cluster.metadata(task))
            case _:
                return _json({"message": f"no {request.path} here"}, 404)
        return _json({})


def _json(document: Any, status: int = 200) -> Response:
    return Response(json.dumps(document), status, content_type="application/x-amz-json-1.1")


class _Quiet(MotoRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def main() -> None:
    """Serves until standard input ends, then kills the tasks that are left."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    cluster = Cluster(folder, "")
    server = make_server("127.0.0.1", 0, StandIn(cluster), threaded=True, request_handler=_Quiet)
    cluster.endpoint = f"http://127.0.0.1:{server.port}"
    install(cluster)
    make_conditions_atomic()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(cluster.endpoint, flush=True)  # noqa: T201 - read by who started it
    try:
        sys.stdin.read()
    finally:
        for task in list(cluster.tasks.values()):
            task.kill()


if __name__ == "__main__":
    main()
