"""What a generated module imports, and under which names; the helpers that it brings along."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .helpers import HELPERS

_MODULE = re.compile(r"(?<![.\w])(torch|np|F|special)\.")


@dataclass
class Library:
    """torch (number 0) or NumPy (number 1): under which names a module imports what it needs, and which helpers."""

    number: int
    names: Mapping[str, str]
    used: set[str] = field(default_factory=set)
    helpers: set[str] = field(default_factory=set)

    @property
    def numpy(self) -> bool:
        """Whether it is NumPy."""
        return self.number == 1

    @property
    def main(self) -> str:
        """The library's own name."""
        return self.names["np" if self.numpy else "torch"]

    def local(self, template: str) -> str:
        """A row of a table with the names under which this module imports."""
        return _MODULE.sub(self._imported, template)

    def _imported(self, module: re.Match[str]) -> str:
        self.used.add(module[1])
        return f"{self.names[module[1]]}."

    def helper(self, kind: str) -> str:
        """The name of a helper, which the module brings along from now on."""
        self.helpers.add(kind)
        return self.names[HELPERS[kind][0]]

    def brought(self, kind: str) -> str:
        """The text of a helper."""
        name, *texts = HELPERS[kind]
        return self.local(texts[self.number].strip("\n")).replace(f"def {name}(", f"def {self.names[name]}(")
