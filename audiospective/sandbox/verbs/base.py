"""What every group of verbs works on."""

from audiospective.sandbox.state import SandboxState


class Verbs:
    """Verbs on one sandbox. Listeners are named by id; unknown ones raise KeyError."""

    def __init__(self, state: SandboxState) -> None:
        self.state = state
