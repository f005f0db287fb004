"""A local Hugging Face folder as an OpenAI-compatible server, which Medalist starts and stops.

The server is a process of its own (``llm.local.serve``), so that torch and transformers never enter
this one; it answers on loopback and reaches nothing outside (``HF_HUB_OFFLINE``).
"""

from __future__ import annotations

import importlib.util
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from medalist.core.errors import LlmError
from medalist.machine import children
from medalist.machine.hardware import read_hardware

_DTYPES = {
    "auto": "auto",
    "bf16": "bfloat16",
    "bfloat16": "bfloat16",
    "fp16": "float16",
    "float16": "float16",
    "half": "float16",
    "fp32": "float32",
    "float32": "float32",
}
_NEEDED = ("torch", "transformers", "starlette", "uvicorn")
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "vocab.json", "vocab.txt")
_LOG_CHARACTERS = 2000


class LocalServer:
    """Serves one folder from ``start`` to ``stop``, or while used as a context manager.

    ``folder`` holds ``config.json`` and ``*.safetensors``, or a folder ``model`` that does; the tokenizer
    lies there, in a folder ``tokenizer`` beside it, or in the folder named. ``dtype`` is auto (bf16 or fp16
    on a GPU, float32 on a CPU), bf16, fp16 or fp32. ``threads`` bounds the CPU (0: every core there is).
    ``told`` hears what is being done while the model is loaded.
    """

    def __init__(
        self,
        folder: str | Path,
        tokenizer: str | Path = "",
        dtype: str = "auto",
        *,
        port: int = 0,
        threads: int = 0,
        start_timeout_seconds: float = 900.0,
        told: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.folder = Path(folder)
        self.tokenizer = Path(tokenizer) if tokenizer else None
        self.dtype = dtype
        self.base_url = ""
        self._port = port
        self._threads = threads
        self._start_timeout_seconds = start_timeout_seconds
        self._told = told
        self._process: subprocess.Popen[bytes] | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> LocalServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def name(self) -> str:
        """What the server calls the model: its folder's name."""
        return self.folder.resolve().name

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> str:
        """Start the server and return its base URL (``http://127.0.0.1:PORT/v1``) once it answers.

        Raises LlmError when the folders are not what they should be, libraries are missing, memory does not
        suffice, the port is taken, or loading takes longer than ``start_timeout_seconds``; no process is left.
        """
        if self.alive:
            return self.base_url
        spec = self._spec()
        self._scratch = tempfile.TemporaryDirectory(prefix="medalist-llm-")
        with ExitStack() as unless_ready:
            unless_ready.callback(self.stop)
            self._process = children.start(
                ["medalist.llm.local.serve", json.dumps(spec)],
                cwd=Path(self._scratch.name),
                log=self._log,
                stdin=subprocess.PIPE,
            )
            self.base_url = f"http://127.0.0.1:{self._wait_for_port(self._process)}/v1"
            unless_ready.pop_all()
        return self.base_url

    def stop(self) -> None:
        """End the server; returns when it is gone. Harmless when it never ran, and while another thread starts it."""
        process, scratch = self._process, self._scratch
        self._process, self._scratch, self.base_url = None, None, ""
        if process is not None:
            children.stop(process, grace_seconds=2.0)
            assert process.stdin is not None
            process.stdin.close()
        if scratch is not None:
            scratch.cleanup()

    @property
    def _log(self) -> Path:
        assert self._scratch is not None
        return Path(self._scratch.name) / "server.log"

    def _spec(self) -> dict[str, Any]:
        """What the process is told. Raises LlmError for what can be seen from here."""
        if self.dtype not in _DTYPES:
            raise LlmError(f"No dtype {self.dtype!r}.", next_step=f"One of: {', '.join(_DTYPES)}.")
        missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
        if missing:
            raise LlmError(
                f"A local language model needs {', '.join(missing)}, which is not installed.",
                next_step="pip install 'medalist[local-llm]'",
            )
        model = find_model(self.folder)
        return {
            "folder": str(model.resolve()),
            "tokenizer": str(find_tokenizer(model, self.tokenizer).resolve()),
            "dtype": _DTYPES[self.dtype],
            "name": self.name,
            "port": self._port,
            "threads": self._threads or read_hardware().cores,
            "visible_gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
        }

    def _wait_for_port(self, process: subprocess.Popen[bytes]) -> int:
        """Listen to what the process tells until it names its port."""
        lines: queue.Queue[bytes] = queue.Queue()
        assert process.stdout is not None
        threading.Thread(target=_read_lines, args=(process.stdout, lines), daemon=True).start()
        deadline = time.monotonic() + self._start_timeout_seconds
        while True:
            try:
                line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise LlmError(
                    f"The model was not loaded within {self._start_timeout_seconds:.0f} s.",
                    where=str(self.folder),
                    next_step="Take a smaller model, or allow it more time.",
                ) from None
            if not line:
                raise self._ended(process)
            said = json.loads(line)
            if "error" in said:
                raise LlmError(said["error"], where=said.get("where", ""), next_step=said["next_step"])
            if "port" in said:
                return said["port"]
            self._told(said["told"])

    def _ended(self, process: subprocess.Popen[bytes]) -> LlmError:
        """Why a process that ended without a word did so, as far as can be told."""
        returncode = process.wait()
        if self._process is not process:
            return LlmError("The model's server was stopped while it loaded.", where=str(self.folder))
        if returncode == -signal.SIGKILL:
            return LlmError(
                "The model's server was killed while it loaded, most likely for want of memory.",
                where=str(self.folder),
                next_step="Load it as ?dtype=bf16 or fp16, or take a smaller model.",
            )
        log = self._log.read_text(errors="replace")[-_LOG_CHARACTERS:].strip()
        return LlmError(
            f"The model's server ended with status {returncode} before it answered.",
            where=log or str(self.folder),
            next_step="Try the folder in Python with transformers: the last lines say what fails.",
        )


def find_model(folder: Path) -> Path:
    """The folder with the weights: this one, or ``model`` in it. Raises LlmError when neither holds a model."""
    for place in (folder, folder / "model"):
        if (place / "config.json").is_file():
            if any(place.glob("*.safetensors")):
                return place
            raise LlmError(
                "The model's folder holds no weights.",
                where=str(place),
                next_step="It needs *.safetensors beside config.json; a clone without Git LFS lacks them.",
            )
    what = "No Hugging Face model in the folder." if folder.is_dir() else "The model's folder does not exist."
    raise LlmError(
        what, where=str(folder), next_step="It needs config.json and *.safetensors, or model/ with both."
    )


def find_tokenizer(model: Path, named: Path | None) -> Path:
    """The tokenizer's folder: the one named, else the model's own, else ``tokenizer`` in it or beside it.

    Raises LlmError when there is no tokenizer.
    """
    places = [named] if named else [model, model / "tokenizer", model.parent / "tokenizer"]
    for place in places:
        if any((place / name).is_file() for name in _TOKENIZER_FILES):
            return place
    raise LlmError(
        "No tokenizer in the folder." if named else "The model's folder holds no tokenizer.",
        where=str(named or model),
        next_step="Name the folder that holds tokenizer.json: hf:FOLDER?tokenizer=FOLDER.",
    )


def _read_lines(pipe: IO[bytes], lines: queue.Queue[bytes]) -> None:
    """Every line, and b"" at the end. Reads on when nobody listens, so that the writer never blocks."""
    with pipe:
        for line in pipe:
            lines.put(line)
    lines.put(b"")
