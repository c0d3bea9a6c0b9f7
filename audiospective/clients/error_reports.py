"""Error reports to a Sentry server, if the operator names one: types and places, no contents."""

from __future__ import annotations

from typing import Any


def configure(dsn: str, **options: Any) -> None:
    """Report uncaught errors and logged ones to `dsn`; nothing happens without one.

    What could quote a token, an address or a name is left out: local variables, request bodies,
    headers, addresses, breadcrumbs and the text of exceptions. `options` go to the library.
    """
    if not dsn:
        return
    import sentry_sdk  # an instance without a DSN does without the library's start

    sentry_sdk.init(
        dsn=dsn,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=0.0,
        server_name="",
        before_send=_stripped,
        **options,
    )


# Of a report, what cannot quote anybody: a path may carry a one-time token, a message an address.
KEPT = frozenset(
    {"event_id", "timestamp", "platform", "level", "logger", "release", "environment", "sdk"}
)
FRAME = frozenset({"filename", "abs_path", "function", "module", "lineno", "in_app"})


def _stripped(event: Any, _hint: dict[str, Any]) -> Any:
    """The report reduced to types and places; whatever the library adds one day stays out, too."""
    kept = {name: value for name, value in event.items() if name in KEPT}
    if "method" in event.get("request", {}):
        kept["request"] = {"method": event["request"]["method"]}
    if "exception" in event:
        kept["exception"] = {
            "values": [_place(one) for one in event["exception"].get("values", ())]
        }
    return kept


def _place(exception: Any) -> dict[str, Any]:
    frames = (exception.get("stacktrace") or {}).get("frames", ())
    return {
        "type": exception.get("type"),
        "module": exception.get("module"),
        "stacktrace": {
            "frames": [
                {name: value for name, value in frame.items() if name in FRAME} for frame in frames
            ]
        },
    }
