"""Real child processes of every manner: started in order, restarted, stopped, none left behind."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.supervisor.stage import (
    AWAIT,
    DAEMON,
    HOLD,
    PARENT,
    POLITE,
    ROOT,
    STUBBORN,
    Stage,
    command,
    environment,
    supervised,
)
from tests.support.processes import alive, descendants, until


def horse_of(stage: Stage) -> int:
    return int(stage.sees("| horse ").split()[-1])


@pytest.mark.races
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_way_to_stop_ends_all_programs_and_itself(sign: signal.Signals) -> None:
    with supervised({"one": POLITE, "two": POLITE}) as stage:
        stage.sees("all up")
        stage.sees("hello", times=2)
        family = stage.family()
        assert len(family) == 2
        stage.process.send_signal(sign)
        assert stage.ends() == 0
        assert stage.lines[-1] == "all down"
        assert [pid for pid in family if alive(pid)] == []


@pytest.mark.races
def test_each_line_carries_the_name_of_its_program() -> None:
    with supervised({"one": POLITE, "longer": POLITE}) as stage:
        assert stage.sees("one").startswith("one    | hello")
        assert stage.sees("longer").startswith("longer | hello")


@pytest.mark.races
def test_a_last_line_without_a_line_break_is_shown() -> None:
    with supervised({"step": {"code": "print('half a', end='')", "once": True}}) as stage:
        stage.sees("step | half a")


@pytest.mark.races
def test_a_program_that_ignores_sigterm_is_killed_after_the_grace() -> None:
    with supervised({"polite": POLITE, "stubborn": STUBBORN}, grace=0.5) as stage:
        stage.sees("all up")
        stage.sees("never")
        family = stage.family()
        stage.process.send_signal(signal.SIGTERM)
        assert stage.ends() == 0
        stage.sees("stubborn | has not ended and is killed")
        assert [pid for pid in family if alive(pid)] == []


@pytest.mark.races
def test_a_second_ctrl_c_does_not_wait_for_the_grace() -> None:
    with supervised({"stubborn": STUBBORN}, grace=3600) as stage:
        stage.sees("never")
        stage.process.send_signal(signal.SIGINT)

        def again() -> bool:
            stage.process.send_signal(signal.SIGINT)
            return any("is killed" in line for line in stage.lines)

        until(again, "the second Ctrl-C is heard")
        assert stage.ends() == 0


@pytest.mark.races
def test_the_echo_of_one_ctrl_c_through_make_is_not_a_second_one() -> None:
    leaves_late = (
        f"{POLITE}"
        "print('winding down', flush=True)\n"
        "signal.sigtimedwait([signal.SIGUSR1], 0.3)\n"
        "print('wound down', flush=True)\n"
    )
    with supervised({"late": leaves_late}) as stage:
        stage.sees("all up")
        stage.sees("hello")
        stage.process.send_signal(signal.SIGINT)
        stage.process.send_signal(signal.SIGTERM)
        stage.sees("winding down")
        stage.process.send_signal(signal.SIGHUP)
        assert stage.ends() == 0
        stage.sees("wound down")
        assert not any("killed" in line for line in stage.lines)


@pytest.mark.races
@pytest.mark.parametrize("manner", [PARENT, DAEMON], ids=["own group", "own session"])
def test_grandchildren_that_will_not_go_are_ended_with_their_parent(manner: str) -> None:
    with supervised({"worker": manner}) as stage:
        horse = horse_of(stage)
        assert alive(horse)
        stage.process.send_signal(signal.SIGTERM)
        assert stage.ends() == 0
        assert not alive(horse)


@pytest.mark.races
def test_a_program_that_dies_starts_again_and_says_so_in_one_line() -> None:
    with supervised({"worker": POLITE, "other": POLITE}) as stage:
        stage.sees("all up")
        other = stage.pid_of("other ")
        os.kill(stage.pid_of("worker"), signal.SIGKILL)
        line = stage.sees("starts again")
        assert line == "worker | was ended by SIGKILL; starts again in 1 s"
        stage.sees("worker | hello", times=2)
        assert alive(other)
        assert len(stage.family()) == 2


@pytest.mark.races
def test_a_quiet_program_is_heard_only_when_it_dies(tmp_path: Path) -> None:
    flag = tmp_path / "pid"
    tells = (
        f"{HOLD}print('hello', flush=True)\n"
        f"with open({str(flag)!r} + '-', 'w') as file: file.write(str(os.getpid()))\n"
        f"os.rename(file.name, {str(flag)!r})\n{AWAIT}"
    )
    with supervised(
        {"queue": {"code": tells, "quiet": True, "wait_for": str(flag)}, "other": POLITE}
    ) as stage:
        stage.sees("all up")
        stage.sees("other | hello")
        assert not any("queue" in line for line in stage.lines)
        os.kill(int(flag.read_text()), signal.SIGKILL)
        stage.sees("queue | hello")
        stage.sees("queue | was ended by SIGKILL; starts again in 1 s")


@pytest.mark.races
def test_what_a_dead_program_left_behind_is_gone_before_it_starts_again() -> None:
    with supervised({"worker": PARENT}) as stage:
        stage.sees("all up")
        horse = horse_of(stage)
        parent = next(pid for pid in stage.family() if pid != horse)
        os.kill(parent, signal.SIGKILL)
        stage.sees("| horse ", times=2)
        assert not alive(horse)


@pytest.mark.races
def test_the_pause_before_a_restart_grows() -> None:
    dies = "import sys; sys.exit(3)"
    with supervised({"base": POLITE, "dies": dies}) as stage:
        stage.sees("ended with status 3; starts again in 1 s")
        stage.sees("ended with status 3; starts again in 2 s")


@pytest.mark.races
def test_a_program_starts_only_when_the_one_before_it_is_ready(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    slow = (
        f"import pathlib, signal; signal.sigtimedwait([signal.SIGUSR1], 0.2)\n"
        f"pathlib.Path({str(flag)!r}).touch()\n{POLITE}"
    )
    looks = f"import pathlib; print('ready before:', pathlib.Path({str(flag)!r}).exists())"
    with supervised(
        {
            "slow": {"code": slow, "wait_for": str(flag)},
            "looks": {"code": looks, "once": True},
        }
    ) as stage:
        stage.sees("ready before: True")
        stage.sees("all up")


@pytest.mark.races
def test_a_failed_step_stops_everything_and_is_named() -> None:
    fails = {"code": "import sys; sys.exit('no disk')", "once": True}
    with supervised({"base": POLITE, "migrate": fails, "never": POLITE}) as stage:
        assert stage.ends() == 1
        stage.sees("migrate | no disk")
        assert stage.lines[-1] == "migrate ended with status 1."
        assert not any(line.startswith("never") for line in stage.lines)


@pytest.mark.races
def test_a_program_that_never_comes_up_ends_the_start(tmp_path: Path) -> None:
    dies = {"code": "import sys; sys.exit('bad')", "wait_for": str(tmp_path / "never")}
    with supervised({"base": POLITE, "web": dies}) as stage:
        base = until(stage.family, "the first program")[0]
        assert stage.ends() == 1
        stage.sees("web  | bad", times=3)
        assert stage.lines[-1] == "web does not start: it ended with status 1."
        assert not alive(base)


@pytest.mark.races
def test_a_stop_while_starting_stops_what_is_up(tmp_path: Path) -> None:
    waiting = {"code": POLITE, "wait_for": str(tmp_path / "never")}
    with supervised({"base": POLITE, "waiting": waiting, "later": POLITE}) as stage:
        stage.sees("waiting | hello")
        family = stage.family()
        stage.process.send_signal(signal.SIGINT)
        assert stage.ends() == 0
        assert [pid for pid in family if alive(pid)] == []
        assert not any(line.startswith("later") or line == "all up" for line in stage.lines)


@pytest.mark.races
def test_foundations_stop_last() -> None:
    says = f"{POLITE}print('bye')"
    with supervised({"base": {"code": says, "foundation": True}, "worker": says}) as stage:
        stage.sees("| hello", times=2)
        stage.process.send_signal(signal.SIGTERM)
        assert stage.ends() == 0
        farewells = [line for line in stage.lines if line.endswith("bye")]
        assert farewells == ["worker | bye", "base   | bye"]


@pytest.mark.races
def test_programs_end_even_if_the_supervisor_itself_is_killed() -> None:
    with supervised({"one": POLITE, "two": POLITE}) as stage:
        stage.sees("hello", times=2)
        family = stage.family()
        stage.process.kill()
        until(lambda: not any(map(alive, family)), "both programs to follow")


@contextmanager
def at_a_terminal(code: str, *through: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A supervisor on a terminal of its own, as a person has it; yields the terminal's far end."""
    far, near = pty.openpty()

    def take_the_terminal() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        [*through, *command({"one": code, "two": POLITE})],
        stdin=near,
        stdout=near,
        stderr=near,
        cwd=ROOT,
        env=environment(),
        start_new_session=True,
        preexec_fn=take_the_terminal,  # noqa: PLW1509
    )
    os.close(near)
    try:
        yield process, far
    finally:
        with suppress(OSError):
            os.close(far)
        process.kill()
        process.wait()


def read_until(far: int, *parts: bytes) -> bytes:
    seen = b""
    while not all(part in seen for part in parts):
        seen += os.read(far, 4096)
    return seen


@pytest.mark.races
def test_ctrl_c_at_a_terminal_stops_in_order() -> None:
    with at_a_terminal(f"{POLITE}print('bye')") as (process, far):
        read_until(far, b"all up", b"\x1b[36mone |\x1b[0m hello")  # in colour, for a person
        os.write(far, b"\x03")
        seen = read_until(far, b"all down")
        assert b"bye" in seen  # its SIGTERM came from us, not the terminal's SIGINT
        assert process.wait(120) == 0


@pytest.mark.races
@pytest.mark.parametrize("through", [(), ("sh", "-c", '"$@"; true', "sh")], ids=["first", "below"])
def test_a_terminal_that_is_closed_leaves_nothing_running(through: tuple[str, ...]) -> None:
    """Only the first process of the terminal's session is told; here, a shell that keeps quiet."""
    chatty = (
        f"{HOLD}print('hello', flush=True)\n"
        "while not signal.sigtimedwait([signal.SIGTERM], 0.01):\n"
        "    print('still here', flush=True)\n"
    )
    with at_a_terminal(chatty, *through) as (process, far):
        read_until(far, b"still here")
        family = descendants(process.pid)
        assert len(family) == 2 + bool(through)
        os.close(far)
        until(lambda: not any(map(alive, family)), "everything to end")


@pytest.mark.races
def test_nohup_is_respected() -> None:
    with supervised({"one": POLITE}, "nohup") as stage:
        stage.sees("one | hello")
        stage.process.send_signal(signal.SIGHUP)
        os.kill(stage.pid_of("one"), signal.SIGKILL)
        stage.sees("one | hello", times=2)
