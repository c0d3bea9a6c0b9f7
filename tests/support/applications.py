"""What is the same in every application that the tests build is worked out once in a process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from flask import Flask
from flask.templating import Environment
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule


class Compiled(BytecodeCache):
    """Templates, by name and content."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.code


COMPILED = Compiled()


class RememberedTemplates(Environment):
    def __init__(self, app: Flask, **options: Any) -> None:
        super().__init__(app, **{"bytecode_cache": COMPILED, **options})


class RememberedRule(Rule):
    """An address whose builder, a function made from source text, is made once for all maps."""

    builders: ClassVar[dict[Any, Callable[..., tuple[str, str]]]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        made_of = (self.rule, repr(self.defaults), tuple(self._trace), append_unknown)
        if made_of not in self.builders:
            self.builders[made_of] = super()._compile_builder(append_unknown)
        return self.builders[made_of]


@pytest.fixture(autouse=True, scope="session")
def applications_are_cheap() -> Iterator[None]:
    """Hundreds of tests have an application of their own, with the same pages and addresses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "url_rule_class", RememberedRule)
        patch.setattr(Flask, "jinja_environment", RememberedTemplates)
        yield
