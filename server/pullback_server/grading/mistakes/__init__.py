"""What went wrong: mistakes made out of f's own tree, and those that one repair of the answer would mend."""

from .search import MistakeSearch

__all__ = ["MistakeSearch"]
