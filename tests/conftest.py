"""Settings of the whole suite: hypothesis draws the same examples at every run, and never fails for being slow."""

from hypothesis import settings

settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")
