"""Why a row of a file became no new play: every such row has exactly one reason."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The value is stored and written to reports; `sentence` is for people."""

    # Skipped: the row is understood and is not wanted.
    ALREADY_HERE = "already_here"
    DUPLICATE_IN_FILE = "duplicate_in_file"
    PART_OF_PLAY = "part_of_play"
    NOT_A_PLAY_EVENT = "not_a_play_event"
    NOT_AUDIO = "not_audio"
    LOVE_EVENT = "love_event"
    NOW_PLAYING = "now_playing"
    PODCAST_OFF = "podcast_off"
    AUDIOBOOK_OFF = "audiobook_off"
    PRIVATE_SESSION = "private_session"
    OTHER_ACCOUNT = "other_account"
    ADVERTISEMENT = "advertisement"
    DELETED_BEFORE = "deleted_before"
    OUTSIDE_RANGE = "outside_range"
    # Rejected: the row should be a play and cannot be read as one.
    NO_TIME = "no_time"
    TIME_OUT_OF_RANGE = "time_out_of_range"
    NO_METADATA = "no_metadata"
    NO_ARTIST = "no_artist"
    NO_TITLE = "no_title"
    UNREADABLE_ROW = "unreadable_row"
    WRONG_TYPE = "wrong_type"

    @property
    def rejects(self) -> bool:
        """Whether the row should have been a play; other rows were understood and not wanted."""
        return self in _REJECTING

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_REJECTING = frozenset(
    {
        Reason.NO_TIME,
        Reason.TIME_OUT_OF_RANGE,
        Reason.NO_METADATA,
        Reason.NO_ARTIST,
        Reason.NO_TITLE,
        Reason.UNREADABLE_ROW,
        Reason.WRONG_TYPE,
    }
)
_SENTENCES = {
    Reason.ALREADY_HERE: "This play is in the archive already.",
    Reason.DUPLICATE_IN_FILE: "The same play is in the files more than once.",
    Reason.PART_OF_PLAY: "A piece of a play that was paused; counted with its first piece.",
    Reason.NOT_A_PLAY_EVENT: "An event of another kind, not a play.",
    Reason.NOT_AUDIO: "Not music, a podcast or an audiobook.",
    Reason.LOVE_EVENT: "A love or like, not a play.",
    Reason.NOW_PLAYING: "Was still playing when the file was made; it has no time yet.",
    Reason.PODCAST_OFF: "A podcast; you chose to leave podcasts out.",
    Reason.AUDIOBOOK_OFF: "An audiobook; you chose to leave audiobooks out.",
    Reason.PRIVATE_SESSION: "Played in a private session; you chose to leave those out.",
    Reason.OTHER_ACCOUNT: "From another account; you chose to leave its files out.",
    Reason.ADVERTISEMENT: "An advertisement.",
    Reason.DELETED_BEFORE: "You deleted this play from the archive earlier.",
    Reason.OUTSIDE_RANGE: "Outside the time you chose.",
    Reason.NO_TIME: "The row does not say when it was played.",
    Reason.TIME_OUT_OF_RANGE: "The time is before 1999 or in the future.",
    Reason.NO_METADATA: "The row does not say what was played.",
    Reason.NO_ARTIST: "The row does not say who made it.",
    Reason.NO_TITLE: "The row has no title.",
    Reason.UNREADABLE_ROW: "The row is damaged.",
    Reason.WRONG_TYPE: "A value that is needed is of the wrong kind.",
}


def sentence(value: str) -> str:
    """What a stored reason says; one that only a newer release knows stays the word it is."""
    return Reason(value).sentence if value in _SENTENCES else value
