"""A local Hugging Face folder, served for real: a tiny checkpoint whose every next word is known answers OpenAI's SDK.

The model's weights are set by hand: attention and MLP are nought, so that a word decides the next one.
Its template puts the newest message last, so that an answer is a chain of words from the message's last.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openai
import psutil
import pytest
from pydantic import BaseModel

from medalist.core.errors import LlmError
from medalist.llm.door import Door
from medalist.llm.local_server import LocalServer
from medalist.llm.settings import LlmSettings

MISSING = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
needs_libraries = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")

ADD = '{"name":"add","arguments":{"a":2,"b":3}}'
CHAINS = [
    "greet hello dear world <end>",
    "forever on and on",
    "sum let us see <tool_call> " + ADD + " </tool_call> <end>",
    "5 the answer is five <end>",
    '"arguments": {"a":7} } </tool_call> <end>',
]
TEMPLATE = (
    "{% if tools %}tools {% endif %}{% for m in messages %}{{ m.role }} {{ m.content }} "
    "{% for c in m.tool_calls or [] %}{{ c.function.arguments.a }} {% endfor %}{% endfor %}"
)
TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}}
CONTEXT_TOKENS = 1_000_000
SHORT_CONTEXT_TOKENS = 64


def make_checkpoint(root: Path) -> Path:
    """``root/model`` and ``root/words``, weights and tokenizer apart."""
    following: dict[str, str] = {}
    for chain in CHAINS:
        words = chain.split()
        following |= dict(itertools.pairwise(words))
    names = ["<unk>", "<end>", "tools", "user", "assistant", "system", "tool"]
    words = [*names, *sorted({*following, *following.values()} - set(names))]
    size = len(words) + len(words) % 2
    write_model(root / "model", size, [(words.index(a), words.index(b)) for a, b in following.items()])
    write_tokenizer(root / "words", words)
    return root


def write_model(folder: Path, size: int, following: list[tuple[int, int]]) -> None:
    from safetensors.numpy import save_file

    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": size,
        "vocab_size": size,
        "intermediate_size": 4,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "num_key_value_heads": 1,
        "max_position_embeddings": CONTEXT_TOKENS,
        "tie_word_embeddings": False,
        "bos_token_id": None,
        "eos_token_id": 1,
    }
    head = np.zeros((size, size), np.float32)
    for word, after in following:
        head[after, word] = 4.0
    layer, shapes = "model.layers.0.", {"gate": (4, size), "up": (4, size), "down": (size, 4)}
    weights = {
        "model.embed_tokens.weight": np.eye(size, dtype=np.float32),
        "lm_head.weight": head,
        "model.norm.weight": np.ones(size, np.float32),
        layer + "input_layernorm.weight": np.ones(size, np.float32),
        layer + "post_attention_layernorm.weight": np.ones(size, np.float32),
        **{f"{layer}self_attn.{k}_proj.weight": np.zeros((size, size), np.float32) for k in "qkvo"},
        **{f"{layer}mlp.{k}_proj.weight": np.zeros(shape, np.float32) for k, shape in shapes.items()},
    }
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def write_tokenizer(folder: Path, words: list[str]) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit

    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()  # type: ignore[assignment]
    tokenizer.add_special_tokens(["<end>"])
    folder.mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<end>", "chat_template": TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module")
def server(checkpoint: Path) -> Iterator[LocalServer]:
    """Its GPU, should there be one, is left out: the model's words are the same in bf16 on a CPU."""
    with LocalServer(checkpoint, checkpoint / "words", "bf16") as running:
        yield running


@pytest.fixture(scope="module")
def client(server: LocalServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.base_url, api_key="none", max_retries=0, timeout=120) as made:
        yield made


def ask(client: openai.OpenAI, text: str, **more: Any) -> Any:
    """The whole answer's first choice."""
    return answer(client, [{"role": "user", "content": text}], **more).choices[0]


def answer(client: openai.OpenAI, messages: Any, **more: Any) -> Any:
    return client.chat.completions.create(model="any", messages=messages, **{"temperature": 0, **more})


@needs_libraries
def test_answers_and_counts_tokens(client: openai.OpenAI, checkpoint: Path) -> None:
    assert [model.id for model in client.models.list()] == [checkpoint.name]
    whole = answer(client, [{"role": "system", "content": "hello"}, {"role": "user", "content": "greet"}])
    assert whole.choices[0].message.content == "hello dear world"
    assert whole.choices[0].finish_reason == "stop"
    # "system hello user greet", then three words and the end.
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (4, 4)


@needs_libraries
def test_streams_word_by_word(client: openai.OpenAI) -> None:
    asked: Any = [{"role": "user", "content": "greet"}]
    chunks = list(
        client.chat.completions.create(
            model="any", messages=asked, stream=True, stream_options={"include_usage": True}, temperature=0
        )
    )
    texts = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert "".join(text or "" for text in texts) == "hello dear world"
    assert len([text for text in texts if text]) > 1
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 4


@needs_libraries
def test_an_answer_ends_at_its_limit_or_at_a_stop_word(client: openai.OpenAI) -> None:
    cut = ask(client, "forever", max_tokens=3)
    assert (cut.message.content.split(), cut.finish_reason) == (["on", "and", "on"], "length")
    stopped = ask(client, "greet", stop=["ear wo", "never"])
    assert (stopped.message.content, stopped.finish_reason) == ("hello d", "stop")


@needs_libraries
@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])
def test_a_client_that_left_holds_up_nobody(client: openai.OpenAI, streaming: bool) -> None:
    asked: Any = [{"role": "user", "content": "forever"}]
    hasty = client.with_options(timeout=1.0)
    if streaming:
        with hasty.chat.completions.create(
            model="any", messages=asked, stream=True, temperature=0, max_tokens=CONTEXT_TOKENS
        ) as chunks:
            next(chunks)
    else:
        with pytest.raises(openai.APITimeoutError):
            answer(hasty, asked, max_tokens=CONTEXT_TOKENS)
    # The endless answer would take far longer than this client waits.
    assert ask(client, "greet").message.content == "hello dear world"


@needs_libraries
def test_a_seed_makes_the_same_answer_again(client: openai.OpenAI) -> None:
    # Nothing follows an unknown word for sure: hot enough, any word may.
    texts = [
        ask(client, "unheard", temperature=50.0, top_p=1.0, seed=seed, max_tokens=12).message.content
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]


@needs_libraries
@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])
def test_tool_calls_go_round(client: openai.OpenAI, streaming: bool) -> None:
    messages: Any = [{"role": "user", "content": "what is the sum"}]
    tools: Any = [TOOL]
    if streaming:
        with client.chat.completions.stream(
            model="any", messages=messages, tools=tools, temperature=0
        ) as stream:
            choice = stream.get_final_completion().choices[0]
    else:
        choice = answer(client, messages, tools=tools).choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content.strip() == "let us see"
    (called,) = choice.message.tool_calls
    assert (called.function.name, json.loads(called.function.arguments)) == ("add", {"a": 2, "b": 3})
    messages.append(choice.message.model_dump(exclude_none=True, exclude={"parsed"}))
    messages.append({"role": "tool", "tool_call_id": called.id, "content": "5"})
    assert answer(client, messages, tools=tools).choices[0].message.content == "the answer is five"


@needs_libraries
def test_tools_can_be_withheld_or_demanded(client: openai.OpenAI) -> None:
    withheld = ask(client, "sum", tools=[TOOL], tool_choice="none")
    assert withheld.message.tool_calls is None
    assert ADD in withheld.message.content
    demanded = {"type": "function", "function": {"name": "add"}}
    (called,) = ask(client, "greet", tools=[TOOL], tool_choice=demanded).message.tool_calls
    assert (called.function.name, json.loads(called.function.arguments)) == ("add", {"a": 7})


@needs_libraries
def test_what_it_cannot_do_is_answered_with_400(client: openai.OpenAI) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    for messages, more in [
        ([{"role": "user", "content": [image]}], {}),
        ([{"role": "user", "content": "greet"}], {"n": 2}),
        ([{"role": "user", "content": "greet"}], {"temperature": -1}),
        ([{"no role": "user"}], {}),
    ]:
        with pytest.raises(openai.BadRequestError):
            answer(client, messages, **more)


@needs_libraries
def test_requests_at_once_are_all_answered(client: openai.OpenAI) -> None:
    texts: list[str] = []
    threads = [
        threading.Thread(target=lambda: texts.append(ask(client, "greet").message.content)) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == ["hello dear world"] * 6


@needs_libraries
def test_a_short_context_is_filled_and_stopping_leaves_no_process(checkpoint: Path, tmp_path: Path) -> None:
    # In fp16, with its tokenizer found beside it and no settings for it: a bare tokenizer.json.
    (tmp_path / "tokenizer").mkdir()
    shutil.copy(checkpoint / "words" / "tokenizer.json", tmp_path / "tokenizer")
    shutil.copytree(checkpoint / "model", tmp_path / "model")
    config = (checkpoint / "model" / "config.json").read_text()
    (tmp_path / "model" / "config.json").write_text(
        config.replace(str(CONTEXT_TOKENS), str(SHORT_CONTEXT_TOKENS))
    )
    told: list[str] = []
    server = LocalServer(tmp_path, dtype="fp16", told=told.append)
    base_url = server.start()
    assert server.start() == base_url
    process = psutil.Process(server._process.pid)  # type: ignore[union-attr]
    with openai.OpenAI(base_url=base_url, api_key="none", max_retries=0) as client:
        # No template: the plain one, whose last word is none of this model's words, and its answers never end.
        endless = answer(client, [{"role": "user", "content": "greet"}])
        assert endless.choices[0].finish_reason == "length"
        assert endless.usage.total_tokens == SHORT_CONTEXT_TOKENS
        with pytest.raises(openai.BadRequestError, match="maximum context length"):
            ask(client, "on " * SHORT_CONTEXT_TOKENS)
    server.stop()
    server.stop()
    assert not process.is_running()
    assert not server.alive
    assert any("float16" in text for text in told)


@needs_libraries
def test_the_door_asks_a_folder_by_its_name(checkpoint: Path) -> None:
    class Sum(BaseModel):
        a: int

    name = f"hf:{checkpoint}?tokenizer={checkpoint / 'words'}&dtype=fp32"
    with Door(LlmSettings(max_cost_usd=0.01), None, None) as door:
        assert door.run(door.ask(name, "greet", role="engineer")) == "hello dear world"
        assert door.run(door.ask(name, "sum", role="critic", output_type=Sum)) == Sum(a=7)
        mine = [child for child in psutil.Process().children() if "float32" in child.cmdline()[-1]]
        assert len(mine) == 1
    assert not mine[0].is_running()
    assert door.ledger.spent_usd == 0


PARENT = """
import sys, time
from medalist.llm.local_server import LocalServer
LocalServer(sys.argv[1], sys.argv[2], told=lambda text: print(text, flush=True)).start()
"""


@needs_libraries
def test_the_server_dies_with_its_parent(checkpoint: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(checkpoint), str(checkpoint / "words")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline()  # the server's process speaks
        servers = psutil.Process(parent.pid).children()
        assert servers
        parent.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(servers, timeout=60)
    assert not alive


def test_folders_that_cannot_be_served_are_named(tmp_path: Path) -> None:
    with pytest.raises(LlmError, match="does not exist"):
        LocalServer(tmp_path / "nowhere").start()
    with pytest.raises(LlmError, match="No Hugging Face model"):
        LocalServer(tmp_path).start()
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(LlmError, match="no weights"):
        LocalServer(tmp_path).start()
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(LlmError, match=r"holds no tokenizer.*\n.*\n.*tokenizer=FOLDER"):
        LocalServer(tmp_path).start()
    with pytest.raises(LlmError, match="No tokenizer in the folder"):
        LocalServer(tmp_path, tmp_path / "model").start()
    with pytest.raises(LlmError, match="No dtype"):
        LocalServer(tmp_path, dtype="int3").start()


def test_missing_libraries_are_named_with_the_command_that_brings_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(LlmError, match=r"transformers.*\nNext: pip install 'medalist\[local-llm\]'"):
        LocalServer(tmp_path).start()


@needs_libraries
def test_a_taken_port_is_told(checkpoint: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(LlmError, match=f"Port {port} is not free"):
            LocalServer(checkpoint, checkpoint / "words", port=port).start()


@needs_libraries
def test_a_tokenizer_of_another_model_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    write_tokenizer(tmp_path / "foreign", ["<unk>", "<end>", *map(str, range(500))])
    server = LocalServer(checkpoint, tmp_path / "foreign")
    with pytest.raises(LlmError, match="do not belong together"):
        server.start()
    assert not server.alive


@needs_libraries
def test_an_architecture_nobody_knows_is_told(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "of-another-world"}')
    (tmp_path / "model.safetensors").write_bytes((checkpoint / "model" / "model.safetensors").read_bytes())
    with pytest.raises(LlmError, match="cannot be loaded"):
        LocalServer(tmp_path, checkpoint / "words").start()
