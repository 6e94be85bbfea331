"""What a generated module imports, and under which names; the helpers that it defines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...primitives import AxisRow, MatrixRow
from .helpers import HELPERS
from .target import Target

_MODULE = re.compile(r"(?<![.\w])(torch|np|F|special)\.")
_HELPER = re.compile(rf"\{{({'|'.join(HELPERS)})\}}")


@dataclass
class Library:
    """The library that a module is written for, the names under which it imports what it needs, and its helpers."""

    target: Target
    names: Mapping[str, str]
    used: set[str] = field(default_factory=set)
    helpers: set[str] = field(default_factory=set)

    @property
    def numpy(self) -> bool:
        """Whether it is NumPy."""
        return self.target is Target.NUMPY

    @property
    def main(self) -> str:
        """The library's own name."""
        return self.names[self.target.value]

    def local(self, template: str) -> str:
        """The code of a row with the names under which this module has modules and helpers."""
        return _HELPER.sub(lambda helper: self.helper(helper[1]), _MODULE.sub(self._import_name, template))

    def code(self, row: AxisRow | MatrixRow) -> str:
        """The code of a primitive in this library."""
        return self.local(row.code_numpy if self.numpy else row.code_torch)

    def _import_name(self, module: re.Match[str]) -> str:
        self.used.add(module[1])
        return f"{self.names[module[1]]}."

    def helper(self, name: str) -> str:
        """The name of a helper, which the module defines from now on."""
        self.helpers.add(name)
        return self.names[name]

    def source(self, name: str) -> str:
        """The text of a helper."""
        text = HELPERS[name][self.target].strip("\n")
        return self.local(text).replace(f"def {name}(", f"def {self.names[name]}(")
