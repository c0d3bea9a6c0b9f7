"""Static files: read once, named by their content, compressed once, cached for ever."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

from flask import Blueprint, Response, abort, current_app, redirect, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

blueprint = Blueprint("assets", __name__)

EXTENSION = "audiospective.assets"
STATIC = Path(__file__).parents[2] / "static"
SITE_CSS = "css/site.css"  # made here from the files below, so a page needs one request for style
CSS_ORDER = ("css/tokens.css", "css/base.css", "css/layout.css")
CSS_COMPONENTS = "css/components"
SPOTIFY_LOGO = "img/spotify-logo.svg"
FOR_EVER = "public, max-age=31536000, immutable"
ONCE = "no-store"
_ADDRESS = re.compile(r"(.+)\.[0-9a-f]{12}\.([a-z]+)")
# A blank inside a line may mean something (`.table :is(th, td)`), one at its beginning never does.
_COMMENT = re.compile(rb"/\*.*?\*/", re.DOTALL)
_INDENTED = re.compile(rb"\n\s+")
# Blanks that mean nothing: at the ends of lines, and between a property and its value.
_BLANK = re.compile(rb"(?<=[{};,])\n+| (?=\{\n)|\n+(?=\})|(?<=[a-z]:) ")
SCRIPT = "text/javascript"
TEXT_TYPES = ("text/", "application/javascript", "image/svg+xml", "application/json")


@dataclass(frozen=True)
class Asset:
    """One file as it is sent; `address` carries the hash of the content."""

    address: str
    mimetype: str
    body: bytes
    packed: bytes | None


class Assets:
    """All static files by plain name (for templates) and by address (for requests)."""

    def __init__(self, root: Path = STATIC) -> None:
        files = {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }
        files[SITE_CSS] = _one_stylesheet(files)
        self.by_name = {name: _asset(name, body) for name, body in files.items()}
        self.by_address = {asset.address: asset for asset in self.by_name.values()}


def static_url(name: str) -> str:
    """The address of a file, for templates; raises KeyError if there is no such file."""
    return url_for("assets.file", filename=_assets().by_name[name].address)


def spotify_logo() -> str | None:
    """The address of Spotify's own logo file, which an operator adds; None without it."""
    return static_url(SPOTIFY_LOGO) if SPOTIFY_LOGO in _assets().by_name else None


@blueprint.get("/static/<path:filename>")
def file(filename: str) -> Response:
    asset = _assets().by_address.get(filename)
    kept = FOR_EVER if asset else ONCE
    if asset is None and (asset := _of_another_release(filename)) is None:
        abort(404)
    packed = asset.packed is not None and request.accept_encodings["gzip"] > 0
    response = Response(
        asset.packed if packed else asset.body, content_type=_content_type(asset.mimetype)
    )
    response.headers["Cache-Control"] = kept
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    if asset.packed is not None:
        response.vary.add("Accept-Encoding")
    return response


def _of_another_release(filename: str) -> Asset | None:
    """What stands here in the place of a file that the release beside this one has.

    In a deploy a page and its style may come from two releases: today's style is better than none.
    A page without its script works, with another one perhaps not.
    """
    found = _ADDRESS.fullmatch(filename)
    asset = _assets().by_name.get(f"{found[1]}.{found[2]}") if found else None
    return asset if asset and asset.mimetype != SCRIPT else None


@blueprint.get("/favicon.ico")
def favicon() -> ResponseReturnValue:
    """Where browsers look when a text or an error names no icon."""
    return redirect(static_url("img/mark.svg"))


@blueprint.record_once
def read(state: BlueprintSetupState) -> None:
    state.app.extensions[EXTENSION] = _site()
    state.app.jinja_env.globals.update(static_url=static_url, spotify_logo=spotify_logo)


@cache
def _site() -> Assets:
    return Assets()


def _assets() -> Assets:
    return cast(Assets, current_app.extensions[EXTENSION])


def _one_stylesheet(files: dict[str, bytes]) -> bytes:
    components = [name for name in files if name.startswith(CSS_COMPONENTS + "/")]
    whole = b"\n".join(files[name] for name in (*CSS_ORDER, *sorted(components)))
    return _BLANK.sub(b"", _INDENTED.sub(b"\n", _COMMENT.sub(b"", whole)))


def _asset(name: str, body: bytes) -> Asset:
    digest = hashlib.sha256(body).hexdigest()[:12]
    stem, _, suffix = name.rpartition(".")
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if name.endswith(".js"):  # some systems' type tables say otherwise
        mimetype = SCRIPT
    is_text = mimetype.startswith(TEXT_TYPES)
    return Asset(
        address=f"{stem}.{digest}.{suffix}" if stem else f"{name}.{digest}",
        mimetype=mimetype,
        body=body,
        packed=gzip.compress(body, compresslevel=9, mtime=0) if is_text else None,
    )


def _content_type(mimetype: str) -> str:
    return f"{mimetype}; charset=utf-8" if mimetype.startswith("text/") else mimetype
