"""What the terminal shows: every line with the name of the program it came from."""

from __future__ import annotations

from typing import TextIO

COLOURS = (36, 33, 35, 32, 34, 31)  # of the names, when a person is looking
LONGEST_LINE = 64 * 1024  # bytes; a program that never ends its line is cut here


class Output:
    """Prints lines, calmly: a terminal that has hung up is no reason to fail."""

    def __init__(self, stream: TextIO, names: list[str]) -> None:
        self._stream = stream
        self._width = max(map(len, names), default=0)
        coloured = stream.isatty()
        self._prefixes = {
            name: self._prefix(name, COLOURS[position % len(COLOURS)] if coloured else None)
            for position, name in enumerate(names)
        }

    def line(self, name: str, text: str) -> None:
        """A line that the program `name` wrote, or that is about it."""
        self.say(f"{self._prefixes.get(name, name)} {text}")

    def say(self, text: str) -> None:
        """A line of the supervisor's own."""
        try:
            self._stream.write(f"{text}\n")
            self._stream.flush()
        except (OSError, ValueError):  # hung up, a broken pipe, or closed
            return

    def _prefix(self, name: str, colour: int | None) -> str:
        label = f"{name:<{self._width}} |"
        return label if colour is None else f"\x1b[{colour}m{label}\x1b[0m"


class Lines:
    """Cuts a stream of bytes into lines of text."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes; bytes that are not UTF-8 are shown as such."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            whole, self._rest = [*whole, self._rest], b""
        return [self._text(line) for line in whole]

    def end(self) -> list[str]:
        """What is left when the stream ends without a line break."""
        rest, self._rest = self._rest, b""
        return [self._text(rest)] if rest else []

    @staticmethod
    def _text(line: bytes) -> str:
        return line.decode(errors="backslashreplace").rstrip("\r")
