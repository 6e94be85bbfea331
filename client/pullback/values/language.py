"""The language that a service speaks, as frozen values: its operators, its limits and the machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Operator:
    """One operator of the language.

    `domain` says where it is defined for real numbers, and `kinks` where it has no derivative, each empty if
    there is no restriction. `closed_form` is whether the symbolic leg has a closed form for it, and
    `example_jacobians` are those of the example by its inputs' names, where the operator was asked for by name.
    """

    name: str
    aliases: tuple[str, ...]
    family: str
    signature: str
    spellings: tuple[str, ...]
    doc: str
    domain: str
    kinks: str
    closed_form: bool
    example: str
    example_jacobians: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name}({self.signature}): {self.doc}"


@dataclass(frozen=True)
class Limit:
    """One limit of the service, in the unit that its description names."""

    name: str
    value: float
    description: str


@dataclass(frozen=True)
class Workers:
    """The workers of a service: how many are ready, and how many there should be.

    `replaced` counts those replaced since the service began, `waiting` the requests that wait for a worker.
    """

    ready: int
    wanted: int
    replaced: int
    waiting: int

    def __str__(self) -> str:
        return f"{self.ready} of {self.wanted} ready, {self.replaced} replaced, {self.waiting} requests waiting"


@dataclass(frozen=True)
class Language:
    """The language, the limits in force, the device of the numeric leg, the versions of what computes, and the workers.

    `workers` is None where a service does not say.
    """

    operators: tuple[Operator, ...]
    constants: tuple[str, ...]
    prefixes: tuple[str, ...]
    limits: tuple[Limit, ...]
    device: str
    versions: Mapping[str, str]
    workers: Workers | None = None
