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

LONG_TITLE = (
    "In Which the Understudy Learns, Rather Late and by Way of Several Unposted Letters, That the "
    "Harbourmaster Had Been Waiting on the Wrong Pier Since Tuesday, and What the Gulls Made of "
    "It All (Rooftop Version, Recorded in One Take with the Windows Open and the Kettle On)"
)

# Every script and trap that text goes through on its way to a page, a CSV and back.
HARD_ARTISTS = (
    "硝子の電車",
    "비 오는 정류장",
    "فرقة القمر المائل",
    "להקת חלון פתוח",
    "Ночной трамвай №7½",
    "ดวงไฟริมคลอง",
    "🦊🌧️ fox.rain 🌧️🦊",
    "Ångström & the Ünlikely Čhoir",
    '<b>Bold</b> & "Quoted" O\'Clock',
    "=SUM(Choir)",
    "Q",
    "Zo\u0308e\u0301 Combining",
)
HARD_ALBUMS = (
    "雨の日の地図",
    "خريطة المطر",
    "",
    "¿¡?!",
    "Semicolons; Commas, and | Pipes",
    LONG_TITLE,
    "👩‍🚀 orbit songs 🏳️‍🌈",
    "-1+1",
)
HARD_TRACKS = (
    "終電のあとで (リミックス)",
    "자정의 우산",
    "أغنية طويلة عن نافذة صغيرة",
    "שיר קצר על גשם (live)",
    "🪩",
    "4′33½″ of Toast",
    'She said "commas, please"',
    "<script>alert('tune')</script>",
    "@home +tax -rain",
    "Tab\there",
    LONG_TITLE,
    "Supercalibratedharmonoscopicreverberationalobservatoryexpialidosonic",
    "ﷺ ligature ﬁn",
    "A\u202eB mirror",
    ".",
)


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
