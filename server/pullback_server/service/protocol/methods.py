"""The table of gRPC methods: one row a method, from which the front, health, reflection and metrics follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .channel import Method


@dataclass(frozen=True)
class MethodRow:
    """A method: its service and name, the task that it becomes, and whether it streams in both directions.

    The messages of a stream number the fields that envelope.py reads and writes as DifferentiateManyRequest and
    DifferentiateManyResponse do: the request with its id first, the budget second; then the id, the reply, the status.
    """

    service: str
    name: str
    task: Method
    stream: bool = False

    @property
    def path(self) -> str:
        """The name by which gRPC calls it.

        >>> ROWS["/pullback.v1.DerivativeService/Differentiate"].path
        '/pullback.v1.DerivativeService/Differentiate'
        """
        return f"/{self.service}/{self.name}"


# fmt: off
#: The methods by their paths.
ROWS: Mapping[str, MethodRow] = {row.path: row for row in (
    #         service                          name                 task                       stream
    MethodRow("pullback.v1.DerivativeService", "Differentiate",     Method.DIFFERENTIATE),
    MethodRow("pullback.v1.DerivativeService", "DifferentiateMany", Method.DIFFERENTIATE_MANY, stream=True),
    MethodRow("pullback.v1.DerivativeService", "DescribeLanguage",  Method.DESCRIBE),
    MethodRow("pullback.v1.GradingService",    "Grade",             Method.GRADE),
    MethodRow("pullback.v1.GradingService",    "GradeMany",         Method.GRADE_MANY,         stream=True),
    MethodRow("pullback.v1.GradingService",    "Replay",            Method.REPLAY),
)}
# fmt: on

#: The services that these methods make up.
SERVICES = tuple(dict.fromkeys(row.service for row in ROWS.values()))

#: The tasks whose refusals are responses of a stream.
STREAMED = frozenset(row.task for row in ROWS.values() if row.stream)
