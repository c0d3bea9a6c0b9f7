"""Reads pages as a browser would: a small tree of tags, attributes and texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr")
)

SANDBOX = "http://127.0.0.1:"  # the one place without TLS that a page may lead to


@dataclass
class Tag:
    """One element; `parent` is None for the root."""

    name: str
    attributes: dict[str, str]
    parent: Tag | None = None
    children: list[Tag | str] = field(default_factory=list)

    def walk(self) -> Iterator[Tag]:
        """This element and everything in it, in the order of the page."""
        yield self
        for child in self.children:
            if isinstance(child, Tag):
                yield from child.walk()

    def all(self, tag_name: str, /, **attributes: str) -> list[Tag]:
        """Elements of that name whose attributes have these values (`class_` for class)."""
        wanted = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
        return [
            tag
            for tag in self.walk()
            if tag.name == tag_name
            and all(tag.attributes.get(key) == value for key, value in wanted.items())
        ]

    def one(self, tag_name: str, /, **attributes: str) -> Tag:
        """The only such element."""
        found = self.all(tag_name, **attributes)
        assert len(found) == 1, f"{len(found)} times <{tag_name} {attributes}>"
        return found[0]

    def by_id(self, name: str) -> Tag | None:
        return next((tag for tag in self.walk() if tag.attributes.get("id") == name), None)

    @property
    def text(self) -> str:
        """All words in it, blanks collapsed."""
        parts = [c if isinstance(c, str) else c.text for c in self.children]
        return " ".join(" ".join(parts).split())

    def inside(self, name: str) -> bool:
        """Whether an element of that name encloses this one."""
        above = self.parent
        while above is not None and above.name != name:
            above = above.parent
        return above is not None


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Tag("", {})
        self.open = self.root
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        self.faults += [f"<{tag}> has {name} twice" for name in names if names.count(name) > 1]
        new = Tag(tag, {name: value or "" for name, value in attrs}, self.open)
        self.open.children.append(new)
        if tag not in VOID:
            self.open = new

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open.name != tag or self.open.parent is None:
            self.faults.append(f"</{tag}> closes <{self.open.name}>")
            return
        self.open = self.open.parent

    def handle_data(self, data: str) -> None:
        self.open.children.append(data)


def read(html: str) -> Tag:
    """The tree of a page or fragment; tags that do not close each other fail the test."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.faults == []
    assert reader.open is reader.root, f"<{reader.open.name}> is never closed"
    return reader.root


def faults(page: Tag) -> list[str]:
    """What the house forbids in markup, one line each; see docs/design-system.md."""
    found: list[str] = []
    ids: list[str] = []
    for tag in page.walk():
        found += _forbidden_attributes(tag)
        if identity := tag.attributes.get("id"):
            ids.append(identity)
        if tag.name == "style" or (tag.name == "script" and "src" not in tag.attributes):
            found.append(f"inline <{tag.name}>")
        if tag.name == "form":
            found += _form_faults(tag)
        if tag.name in ("input", "select", "textarea") and not _labelled(tag, page):
            found.append(f"<{tag.name} name={tag.attributes.get('name')}> has no label")
        if tag.name == "img" and not {"alt", "width", "height"} <= tag.attributes.keys():
            found.append(f"<img src={tag.attributes.get('src')}> lacks alt, width or height")
        for name in ("aria-describedby", "aria-labelledby"):
            for target in tag.attributes.get(name, "").split():
                if page.by_id(target) is None:
                    found.append(f"{name} names #{target}, which is not there")
    found += [f"id {name!r} is used twice" for name in set(ids) if ids.count(name) > 1]
    return found


def _asks_for_its_form(tag: Tag) -> bool:
    """Whether a field sends its form as the form's own button would, only sooner."""
    form = tag.parent
    while form is not None and form.name != "form":
        form = form.parent
    asked = tag.attributes.get("hx-get")
    return form is not None and asked is not None and asked == form.attributes.get("action")


def _forbidden_attributes(tag: Tag) -> list[str]:
    found = []
    for name, value in tag.attributes.items():
        if name == "style" or name.startswith(("on", "hx-on")):
            found.append(f"<{tag.name} {name}>")
        if name == "hx-trigger" and "[" in value:
            found.append(f"a filter in hx-trigger: {value}")
        if name == "hx-vals" and value.startswith("js:"):
            found.append("script in hx-vals")
        if (
            name in ("href", "src", "action")
            and value.lower().startswith(("javascript:", "http:"))
            and not value.startswith(SANDBOX)
        ):
            found.append(f"<{tag.name} {name}={value}>")
    # A page works without script: what asks by itself (load, every) shows what it has, what a
    # person starts is a link or a form of its own.
    verbs = {"hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete"} & tag.attributes.keys()
    if verbs and tag.name not in ("a", "form") and not _asks_for_its_form(tag):
        trigger = tag.attributes.get("hx-trigger", "")
        if not any(word in trigger for word in ("every", "load", "revealed", "from:body")):
            found.append(f"<{tag.name} {verbs}> does nothing without script")
    posted = tag.attributes.get("hx-post")
    if tag.name == "form" and posted and tag.attributes.get("action") != posted:
        found.append(f"hx-post={posted} without the same action")
    if tag.name == "a" and "hx-get" in verbs and not tag.attributes.get("href"):
        found.append("a link with hx-get and no href")
    return found


def _form_faults(form: Tag) -> list[str]:
    method = form.attributes.get("method", "get").lower()
    found = [] if form.attributes.get("action") else ["a form without action"]
    if method == "post" and not form.all("input", name="csrf_token"):
        found.append(f"the form to {form.attributes.get('action')} has no CSRF token")
    if method == "get" and form.all("input", name="csrf_token"):
        found.append("a GET form puts its CSRF token into the address")
    return found


def _labelled(control: Tag, page: Tag) -> bool:
    attributes = control.attributes
    if attributes.get("type") in ("hidden", "submit", "button"):
        return True
    if "aria-label" in attributes or "aria-labelledby" in attributes or control.inside("label"):
        return True
    return any(label.text for label in page.all("label", for_=attributes.get("id", "")))
