"""Names with every script and trap that text goes through on its way to a page, a CSV and back."""

LONG_TITLE = (
    "In Which the Understudy Learns, Rather Late and by Way of Several Unposted Letters, That the "
    "Harbourmaster Had Been Waiting on the Wrong Pier Since Tuesday, and What the Gulls Made of "
    "It All (Rooftop Version, Recorded in One Take with the Windows Open and the Kettle On)"
)

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
