"""One call from the outside: faults, the real answer, what happens to it on the wire, the count."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from flask import Flask, Response, current_app, request

from audiospective.sandbox import answers, fault_answers
from audiospective.sandbox.answers import Answer
from audiospective.sandbox.calls import Call
from audiospective.sandbox.faults import ON_THE_WIRE, Fault
from audiospective.sandbox.state import SandboxState

# The server looks here for what to do to the connection: drop it, cut the body in half, or send it
# byte by byte with a pause after each.
WIRE, PAUSE = "sandbox.wire", "sandbox.pause"


def state() -> SandboxState:
    """The state of the sandbox that answers the present request."""
    return state_of(current_app)


def state_of(app: Flask) -> SandboxState:
    """The state behind a sandbox app."""
    return cast(SandboxState, app.extensions["sandbox"])


@dataclass(frozen=True)
class Sent:
    """An answer on its way; `harm` and `pause` say what the server does to it (see WIRE)."""

    answer: Answer
    harm: str | None = None
    pause: Callable[[], bool] | None = None


def exchange(call: Call, make: Callable[[], Answer]) -> Response:
    """Answer a call; `make` runs under the sandbox's lock unless a fault takes its place."""
    return respond(carry(state(), call, make))


def respond(sent: Sent) -> Response:
    """The response that the present request gets."""
    if sent.harm is not None:
        request.environ[WIRE] = sent.harm
    if sent.pause is not None:
        request.environ[PAUSE] = sent.pause
    answer = sent.answer
    return Response(answer.body, answer.status, answer.headers, content_type=answer.content_type)


def carry(here: SandboxState, call: Call, make: Callable[[], Answer]) -> Sent:
    """`exchange` without a web framework: what a call gets, and what happens to it on the way."""
    with here.lock:
        canned = here.faults.hit(fault_answers.CANNED, call.endpoint, call.listener, call.app)
        if canned is not None:
            return _send(here, call, fault_answers.CANNED[canned.name](canned.params))
        harm = here.faults.hit(ON_THE_WIRE, call.endpoint, call.listener, call.app)
        if harm is None:
            return _send(here, call, make())
    return _harmed(here, call, harm, make)


def _harmed(here: SandboxState, call: Call, harm: Fault, make: Callable[[], Answer]) -> Sent:
    call.spoiled = True
    if harm.name == "stall":
        here.stopping.wait(float(harm.get("seconds", 45)))
        if harm.get("then", "drop") == "drop":
            return _drop(here, call)
    if harm.name == "reset":
        return _drop(here, call)
    with here.lock:
        answer = make()
        if harm.name == "lost":
            return _drop(here, call)
        sent = _send(here, call, answer)
    if harm.name == "drip":
        return Sent(answer, "drip", partial(here.stopping.wait, float(harm.get("seconds", 1))))
    if harm.name == "truncated":
        return Sent(answer, "truncate")
    if harm.name == "broken_json":
        return Sent(replace(answer, body=answer.body[: len(answer.body) // 2]))
    return sent


def _drop(here: SandboxState, call: Call) -> Sent:
    with here.lock:
        here.calls.record(call, 0, here.clock.now_ms())
    return Sent(Answer(503, content_type=answers.HTML), "drop")


def _send(here: SandboxState, call: Call, answer: Answer) -> Sent:
    here.calls.record(call, answer.status, here.clock.now_ms())
    return Sent(answer)
