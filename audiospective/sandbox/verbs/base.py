"""What every group of verbs works on."""

from audiospective.sandbox.world import World


class Verbs:
    """Verbs on one world. Listeners are named by id; unknown ones raise KeyError."""

    def __init__(self, world: World) -> None:
        self.world = world
