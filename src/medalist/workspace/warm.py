"""The warm interpreter: imports the heavy modules once, then forks a job from itself for each request.

Runs inside the sandbox (``python -m medalist.workspace.warm MODULE...``), so a forked job is held as
a cold one is. Importing pandas, scikit-learn and LightGBM costs some three CPU seconds, which a
fork does not pay again.

Requests come as JSON lines on stdin, replies go as JSON lines to stdout; ``workspace/interpreter.py``
is the other end. A job is the script or module of its request run as ``__main__``, as `python` would
run it: own session, own log, own cores and threads, fresh random state.
"""

from __future__ import annotations

import builtins
import gc
import importlib
import importlib.abc
import importlib.util
import io
import json
import os
import selectors
import sys
import traceback
import types
from collections.abc import Mapping, Sequence
from typing import Any

from medalist.workspace.jobs import runs_own_module
from medalist.workspace.keeper import adopt_orphans, keep, limit_resources


def main(modules: Sequence[str]) -> None:
    """Preload ``modules``, then serve until stdin ends. Also returns, through the job, in each fork."""
    requests, replies = _take_over_standard_streams()
    missing = [name for name in modules if not _imports(name)]
    _reply(replies, ready=True, missing=missing)
    gc.collect()
    gc.freeze()  # so that no collection in a fork touches, and copies, what was loaded here
    request = _serve(requests, replies)
    if request is not None:
        _run(request)


def _take_over_standard_streams() -> tuple[int, int]:
    """Private descriptors for requests and replies; what jobs print goes elsewhere than to the replies."""
    requests, replies = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    return requests, replies


def _imports(name: str) -> bool:
    try:
        importlib.import_module(name)
    except (ImportError, OSError):  # OSError: a shared library that is not there
        return False
    return True


def _reply(replies: int, **message: Any) -> None:
    """One line in one write: shorter than a pipe's atomic size, so keepers may share the pipe."""
    os.write(replies, json.dumps(message).encode() + b"\n")


def _serve(requests: int, replies: int) -> dict[str, Any] | None:
    """Fork for each request. Returns None when stdin ends, and the request in the process that is its job."""
    with selectors.DefaultSelector() as selector:
        selector.register(requests, selectors.EVENT_READ)
        pending = b""
        while True:
            for key, _ in selector.select():
                if key.fd != requests:
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    _reap(key.data["pid"], key.data["id"], replies)
                    continue
                received = os.read(requests, 1 << 16)
                if not received:
                    return None
                *lines, pending = (pending + received).split(b"\n")
                for line in lines:
                    request = json.loads(line)
                    pid = os.fork()
                    if pid == 0:
                        selector.close()
                        return _keep_job(request, requests, replies)
                    data = {"pid": pid, "id": request["id"]}
                    selector.register(os.pidfd_open(pid), selectors.EVENT_READ, data)
                    _reply(replies, id=request["id"], pid=pid)


def _reap(pid: int, job: str, replies: int) -> None:
    """Wait for a keeper that has ended; one that was killed has not told how its job ended."""
    _, status = os.waitpid(pid, 0)
    if code := os.waitstatus_to_exitcode(status):
        _reply(replies, id=job, returncode=code if code < 0 else -9, cpu_seconds=0.0, max_rss_bytes=0)


def _keep_job(request: dict[str, Any], requests: int, replies: int) -> dict[str, Any]:
    """Become the keeper of a job, and in its child the job itself; only the child returns."""
    os.close(requests)
    os.setsid()
    adopt_orphans()
    child = os.fork()
    if child == 0:
        os.close(replies)
        return request
    code, usage = keep(child)
    _reply(
        replies,
        id=request["id"],
        returncode=code,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        max_rss_bytes=usage.ru_maxrss * 1024,
    )
    os._exit(0)


def _run(request: Mapping[str, Any]) -> None:
    """Be the job. What it raises goes through the rest of this process, which so ends as `python` would."""
    os.setsid()
    limit_resources()
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    _open_log(request["log"])
    if request["cores"]:
        os.sched_setaffinity(0, request["cores"])
        _limit_threads(len(request["cores"]))
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()  # else every fork would draw the same numbers
    sys.excepthook = _print_traceback
    _run_main(request["argv"])


def _open_log(path: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    log = os.open(path, flags, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)


def _limit_threads(count: int) -> None:
    """Tell the libraries that are loaded already, for they read OMP_NUM_THREADS only at their start."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return
    threadpool_limits(count)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)


def _run_main(argv: Sequence[str]) -> None:
    """Run ``("script.py", ...)`` or ``("-m", "module", ...)`` as ``__main__``.

    The module stays in ``sys.modules``, unlike with runpy.run_path, so that objects of its classes
    pickle and forked workers find its functions.
    """
    main = types.ModuleType("__main__")
    main.__dict__["__builtins__"] = builtins
    if argv[0] == "-m":
        if not runs_own_module(argv):
            sys.path.insert(0, os.getcwd())
        spec = importlib.util.find_spec(argv[1])
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(argv[1] + ".__main__")
        if spec is None or not isinstance(spec.loader, importlib.abc.InspectLoader):
            sys.exit(f"{sys.executable}: No module named {argv[1]}")
        code = spec.loader.get_code(spec.name)
        if code is None:
            sys.exit(f"{sys.executable}: {argv[1]} holds no code to run")
        main.__spec__, main.__package__, main.__file__ = spec, spec.parent, spec.origin
        sys.argv = [str(spec.origin), *argv[2:]]
    else:
        path = os.path.abspath(argv[0])
        sys.path.insert(0, os.path.dirname(path))
        sys.argv = list(argv)
        main.__file__ = path
        try:
            with io.open_code(path) as file:
                code = compile(file.read(), path, "exec", dont_inherit=True)
        except OSError as error:
            print(f"{sys.executable}: can't open file {path!r}: {error.strerror}", file=sys.stderr)
            raise SystemExit(2) from None
    sys.modules["__main__"] = main
    exec(code, main.__dict__)  # noqa: S102  running the script is what this process is for


def _print_traceback(
    kind: type[BaseException], error: BaseException, trace: types.TracebackType | None
) -> None:
    """As the interpreter prints it for a script, without the frames that led to it here."""
    own = trace
    while own is not None:
        if own.tb_frame.f_code.co_filename == __file__:
            trace = own.tb_next
        own = own.tb_next
    sys.stdout.flush()
    traceback.print_exception(kind, error, trace)


if __name__ == "__main__":
    main(sys.argv[1:])
