"""What tests of polling share."""

from tests.support.listener import alice

__all__ = ["alice"]
