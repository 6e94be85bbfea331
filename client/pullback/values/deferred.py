"""Values whose fields are made when they are first looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Self


class Deferred:
    """A base of frozen dataclasses whose fields, none of which has a class's default, may be read from a source.

    In all else an instance is like one that was made of its fields: it prints, is copied, pickled and replaced alike.
    """

    @classmethod
    def read_from(cls, source: Any, readers: Mapping[str, Callable[[Any], object]]) -> Self:
        """The value with a reader for each field, which gets the source; it is let go once every field was read."""
        value = object.__new__(cls)
        value.__dict__["_unread"] = source, readers
        return value

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            source, readers = self.__dict__.get("_unread", (None, {}))
            if name in self.__dict__:  # another thread has read it since
                return self.__dict__[name]
            if name not in readers:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
            content = self.__dict__[name] = readers[name](source)
            if len(self.__dict__) > len(readers):
                self.__dict__.pop("_unread", None)
            return content

    def __getstate__(self) -> dict[str, object]:
        return contents(self)


def contents(value: Deferred) -> dict[str, object]:
    """The content of every field, by name; after that none is unread."""
    return {field.name: getattr(value, field.name) for field in fields(value)}  # type: ignore[arg-type]
