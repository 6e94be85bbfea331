"""The gRPC service: a front that moves bytes, and worker processes that answer."""

from .config import Config, ConfigError

__all__ = ["Config", "ConfigError"]
