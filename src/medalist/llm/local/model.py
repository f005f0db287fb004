"""A language model in this process: loading a folder with transformers, and generating text from a prompt."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

from medalist.core.errors import LlmError

_DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}
DEFAULT_MAX_TOKENS = 4096


@dataclass(frozen=True)
class Wish:
    """How to generate. None leaves a value to the model's own ``generation_config.json``."""

    max_tokens: int = DEFAULT_MAX_TOKENS
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Generated:
    """Tokens read and written, and whether the limit of tokens ended the answer."""

    input_tokens: int
    output_tokens: int
    cut: bool


class TooLong(ValueError):
    """The prompt does not fit into the model's context, or into memory."""


class LocalModel:
    """One model and its tokenizer. ``generate`` must not run twice at once."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model = model
        self.tokenizer = tokenizer
        self.context_tokens = (
            getattr(model.config.get_text_config(), "max_position_embeddings", None) or 2**20
        )
        self._ends = _end_tokens(model, tokenizer)
        torch.seed()

    def generate(
        self, prompt: str, wish: Wish, put: Callable[[str], None], stopped: threading.Event
    ) -> Generated:
        """Hand the answer's text to ``put`` as it comes, until it ends or ``stopped`` is set.

        Raises TooLong, and ValueError for a wish that makes no sense.
        """
        if stopped.is_set():  # its client left while others were answered
            return Generated(0, 0, cut=False)
        special = not self.tokenizer.chat_template  # a template writes its own
        ids = self.tokenizer(prompt, return_tensors="pt", add_special_tokens=special)["input_ids"]
        asked = int(ids.shape[1])
        room = min(wish.max_tokens, self.context_tokens - asked)
        if room < 1:
            raise TooLong(
                f"the prompt has {asked} tokens, the maximum context length is {self.context_tokens}"
            )
        if wish.seed is not None:
            torch.manual_seed(wish.seed)
        ids = ids.to(self._model.device)
        try:
            with torch.inference_mode():
                output = self._model.generate(
                    ids,
                    attention_mask=torch.ones_like(ids),
                    max_new_tokens=room,
                    streamer=_Streamer(self.tokenizer, put),
                    stopping_criteria=transformers.StoppingCriteriaList([_Stop(stopped)]),
                    pad_token_id=next(iter(self._ends), 0),
                    eos_token_id=sorted(self._ends) or None,
                    **_sampling(wish),
                )
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            raise TooLong(f"out of GPU memory at {asked} tokens of prompt and up to {room} more") from error
        answered = int(output.shape[1]) - asked
        cut = answered == room and int(output[0, -1]) not in self._ends and not stopped.is_set()
        return Generated(asked, answered, cut)


class _Streamer(transformers.TextStreamer):
    """Hands each piece of finished text on."""

    def __init__(self, tokenizer: Any, put: Callable[[str], None]) -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self._put = put

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        if text:
            self._put(text)


class _Stop(transformers.StoppingCriteria):
    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> Any:
        return torch.full((input_ids.shape[0],), self._stopped.is_set(), device=input_ids.device)


def _sampling(wish: Wish) -> dict[str, Any]:
    if wish.temperature == 0:
        return {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    told = {"temperature": wish.temperature, "top_p": wish.top_p}
    given = {name: value for name, value in told.items() if value is not None}
    return {"do_sample": True, **given} if given else {}


def _end_tokens(model: Any, tokenizer: Any) -> set[int]:
    """What ends an answer, by the model's word and the tokenizer's: chat models often say it in one place only."""
    ends = model.generation_config.eos_token_id
    told = set(ends) if isinstance(ends, list) else {ends}
    return {int(end) for end in told | {tokenizer.eos_token_id} if end is not None}


def load(folder: Path, tokenizer_folder: Path, dtype: str, tell: Callable[[str], None]) -> LocalModel:
    """Load a folder onto the GPU where there is one. ``dtype`` is auto or a name of torch's.

    Raises LlmError for what cannot be loaded, lacks memory, or does not belong together.
    """
    tell("loading the tokenizer")
    try:
        tokenizer = _load_tokenizer(tokenizer_folder)
        device, chosen = _device_and_dtype(folder, dtype)
        size = sum(path.stat().st_size for path in folder.glob("*.safetensors")) / 1e9
        tell(f"loading {size:.1f} GB of weights as {str(chosen).removeprefix('torch.')} on {device}")
        model = _load_model(folder, device, chosen)
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise out_of_memory(folder) from error
    except RuntimeError as error:
        if "memory" in str(error):
            raise out_of_memory(folder) from error
        raise _unloadable(folder, error) from error
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise _unloadable(folder, error) from error
    rows = model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) > rows:
        raise LlmError(
            f"The tokenizer knows {len(tokenizer)} tokens, the model {rows}: they do not belong together.",
            where=str(tokenizer_folder),
            next_step="Name the folder of this model's own tokenizer: hf:FOLDER?tokenizer=FOLDER.",
        )
    return LocalModel(model.eval(), tokenizer)


def _load_tokenizer(folder: Path) -> Any:
    try:
        return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError):
        file = folder / "tokenizer.json"
        if not file.is_file():
            raise
        # A bare tokenizer.json beside no configuration is whole all the same.
        return transformers.PreTrainedTokenizerFast(tokenizer_file=str(file))


def _device_and_dtype(folder: Path, dtype: str) -> tuple[str, torch.dtype]:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if dtype != "auto":
        return device, _DTYPES[dtype]
    if device == "cpu":
        return device, torch.float32
    return device, torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def _load_model(folder: Path, device: str, dtype: torch.dtype) -> Any:
    spread = device == "cuda" and importlib.util.find_spec("accelerate") is not None
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=dtype, local_files_only=True, **({"device_map": "auto"} if spread else {})
    )
    return model if spread else model.to(device)


def out_of_memory(folder: Path) -> LlmError:
    return LlmError(
        "The model does not fit into memory.",
        where=str(folder),
        next_step="Load it as ?dtype=bf16 or fp16, or take a smaller model.",
    )


def _unloadable(folder: Path, error: Exception) -> LlmError:
    return LlmError(
        f"The model cannot be loaded: {str(error).strip().splitlines()[0] if str(error) else error!r}",
        where=str(folder),
        next_step="It needs config.json and *.safetensors of an architecture that transformers has.",
    )
