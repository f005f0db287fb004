"""What a tool is: a function of the desk whose signature and docstring are its JSON schema and description.

A parameter is a ``str``, ``int``, ``float``, ``bool`` or ``Literal`` of strings; the docstring's first
part describes the tool, and lines ``name: text`` after it the parameters. Arguments are checked
against that schema before the function is called, and the error names what is wrong.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from medalist.tools.desk import Desk

_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}
_PARAMETER_LINE = re.compile(r"^(\w+): (.+)")


class Refused(Exception):
    """A check stands between the engineer and what it asked for; the text says why and what to do instead."""


class BadArguments(Exception):
    """The arguments do not fit the tool's schema; the text names the one that does not."""


@dataclass(frozen=True)
class Tool:
    """One thing an engineer may do. ``parameters`` is a JSON schema (an object's); ``run`` takes arguments
    that ``checked`` returned and gives the answer's text. It may raise Refused and MedalistError."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    run: Callable[[Desk, Mapping[str, Any]], Awaitable[str]]

    def checked(self, arguments: object) -> dict[str, Any]:
        """``arguments`` as the function takes them, defaults left out. Raises BadArguments."""
        if not isinstance(arguments, Mapping):
            raise BadArguments(f"The arguments of {self.name} must be a JSON object. {self._usage()}")
        known = self.parameters["properties"]
        for name in arguments:
            if name not in known:
                raise BadArguments(f"{self.name} has no parameter {name!r}. {self._usage()}")
        for name in self.parameters["required"]:
            if name not in arguments:
                raise BadArguments(f"{self.name} needs {name!r}. {self._usage()}")
        return {name: self._value(name, known[name], value) for name, value in arguments.items()}

    def _value(self, name: str, schema: Mapping[str, Any], value: object) -> object:
        wanted = schema["type"]
        if wanted == "integer" and isinstance(value, float) and value.is_integer():
            value = int(value)
        fits = {
            "string": isinstance(value, str),
            "integer": isinstance(value, int) and not isinstance(value, bool),
            "number": isinstance(value, (int, float)) and not isinstance(value, bool),
            "boolean": isinstance(value, bool),
        }[wanted]
        if not fits:
            raise BadArguments(f"{name!r} of {self.name} must be a {wanted}, and is {value!r:.80}.")
        if "enum" in schema and value not in schema["enum"]:
            raise BadArguments(f"{name!r} of {self.name} must be one of {', '.join(schema['enum'])}.")
        if isinstance(value, str) and "\0" in value:
            raise BadArguments(f"{name!r} of {self.name} holds a NUL character.")
        return value

    def _usage(self) -> str:
        required = self.parameters["required"]
        names = (name if name in required else f"[{name}]" for name in self.parameters["properties"])
        return f"It is called as {self.name}({', '.join(names)})."


def define(function: Callable[..., Awaitable[str]]) -> Tool:
    """The tool of ``async def name(desk, ...)``. Raises TypeError for a parameter without type or description."""
    description, told = _docstring(function)
    hints = get_type_hints(function, localns={"Desk": object})
    properties: dict[str, Any] = {}
    required: list[str] = []
    for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
        if name not in told:
            raise TypeError(f"{function.__name__} does not say what {name!r} is")
        properties[name] = {**_schema(hints[name]), "description": told[name]}
        if parameter.default is parameter.empty:
            required.append(name)
        else:
            properties[name]["default"] = parameter.default

    async def run(desk: Desk, arguments: Mapping[str, Any]) -> str:
        return await function(desk, **arguments)

    schema = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return Tool(function.__name__, description, schema, run)


def _schema(hint: Any) -> dict[str, Any]:
    if get_origin(hint) is Literal:
        return {"type": "string", "enum": list(get_args(hint))}
    return {"type": _TYPES[hint]}


def _docstring(function: Callable[..., object]) -> tuple[str, dict[str, str]]:
    """The description, and what is said of each parameter; a line that is indented goes on with the one before."""
    description: list[str] = []
    told: dict[str, str] = {}
    names = inspect.signature(function).parameters
    last = ""
    for line in inspect.cleandoc(function.__doc__ or "").splitlines():
        found = _PARAMETER_LINE.match(line)
        if found and found[1] in names:
            last = found[1]
            told[last] = found[2]
        elif last and line.startswith(" "):
            told[last] += " " + line.strip()
        else:
            description.append(line)
    return " ".join(" ".join(description).split()), told
