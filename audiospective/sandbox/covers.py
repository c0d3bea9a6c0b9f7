"""Cover art drawn from an id: two colours and a few shapes, the same each time."""

from random import Random


def cover(mark: str) -> str:
    """A square picture as SVG."""
    rng = Random(f"cover/{mark}")
    hue = rng.randrange(360)
    other = (hue + rng.choice((30, 150, 180, 210))) % 360
    shapes = "".join(
        f'<circle cx="{rng.randrange(64)}" cy="{rng.randrange(64)}" r="{rng.randrange(6, 30)}" '
        f'fill="hsl({other} 70% {rng.randrange(35, 80)}%)" fill-opacity=".55"/>'
        for _ in range(rng.randrange(2, 5))
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="640" height="640">'
        f'<rect width="64" height="64" fill="hsl({hue} 55% 32%)"/>{shapes}</svg>'
    )
