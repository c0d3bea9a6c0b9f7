"""Made-up names: nothing here is meant to be anybody's music."""

from random import Random


def _list(text: str, mark: str = " ") -> tuple[str, ...]:
    return tuple(text.split(mark))


ADJECTIVES = _list(
    "Paper Velvet Hollow Distant Copper Slow Amber Crooked Silent Midnight Borrowed Salted "
    "Tangerine Wooden Electric Pale Restless Gentle Broken Second Lunar Feral Cobalt Drowsy "
    "Secret Marble Rainy Woollen Static Northern Tin Wandering Lemon Humble Violet"
)
NOUNS = _list(
    "Lanterns Orchard Kettle Meridian Sparrows Tramlines Observatory Harbourmaster Foxglove "
    "Satellites Parade Cartographer Thimble Monsoon Carousel Beekeepers Elevator Almanac "
    "Ferryman Glasshouse Compass Understudy Pendulum Marigold Locksmith Aquarium Semaphore "
    "Driftwood Bakery Telescope Umbrellas Quarry Postcards Turnstile Accordion Pinecone"
)
VERBS = _list(
    "Counting Forgetting Painting Chasing Folding Mending Leaving Calling "
    "Borrowing Watering Rewinding Following Learning"
)
PLACES = _list(
    "Platform Nine-Ish|the Upper Deck|Lower Tidewater|Pelican Street|Room 404|the Long Field|"
    "Gallowmere|Station Rooftops|Old Windmill Lane|the Salt Road|Terminal Q|Osterwick",
    "|",
)
SYLLABLES = _list("va lo ri mek tan shu bel oru quin das nef il zo pra wen tho ky mar esk ju")


def artist_name(rng: Random) -> str:
    """A plain artist name."""
    pick = rng.random()
    if pick < 0.4:
        return f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}"
    if pick < 0.6:
        return f"The {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}"
    given = "".join(rng.choices(SYLLABLES, k=2)).title()
    if pick < 0.75:
        return given
    return f"{given} {''.join(rng.choices(SYLLABLES, k=3)).title()}"


def album_name(rng: Random) -> str:
    """A plain album name."""
    pick = rng.random()
    if pick < 0.5:
        return f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}"
    if pick < 0.8:
        return f"{rng.choice(NOUNS)} from {rng.choice(PLACES)}"
    return rng.choice(NOUNS)


def track_name(rng: Random) -> str:
    """A plain track name."""
    pick = rng.random()
    if pick < 0.35:
        return f"{rng.choice(VERBS)} {rng.choice(NOUNS)}"
    if pick < 0.6:
        return f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}"
    if pick < 0.8:
        return f"{rng.choice(NOUNS)} at {rng.choice(PLACES)}"
    return rng.choice(ADJECTIVES)
