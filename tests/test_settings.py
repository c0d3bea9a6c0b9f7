"""Settings: what is wrong is said at once, in one clear line each."""

from __future__ import annotations

import stat

import pytest

from audiospective.environment import completed, keep_values
from audiospective.settings import Settings, SettingsError
from tests.fixtures import TOKEN_KEY


@pytest.fixture
def environ(tmp_path):
    return {
        "AUDIOSPECTIVE_HOME": str(tmp_path / "home"),
        "REDIS_URL": "redis://127.0.0.1:6379/0",
        "SECRET_KEY": "x" * 32,
        "TOKEN_KEYS": TOKEN_KEY,
    }


def test_what_is_not_set_has_a_default(environ, tmp_path):
    settings = Settings.from_env(environ)
    assert settings.database_url == f"sqlite:///{tmp_path}/home/audiospective.db"
    assert settings.callback_url == "http://127.0.0.1:8000/callback"
    assert (settings.spotify_app_mode, settings.spotify_seats) == ("development", 5)
    assert (settings.founding_member_cap, settings.batch_size) == (1000, 50)
    assert not settings.sandbox
    assert not settings.https


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("REDIS_URL", "", "REDIS_URL is not set"),
        ("REDIS_URL", "http://127.0.0.1", "REDIS_URL must begin with redis://"),
        ("SECRET_KEY", "", "SECRET_KEY is not set"),
        ("SECRET_KEY", "short", "SECRET_KEY is too short"),
        ("TOKEN_KEYS", "", "TOKEN_KEYS is not set"),
        ("TOKEN_KEYS", "abc", "TOKEN_KEYS: key 1 is not a Fernet key"),
        ("TOKEN_KEYS", "0" * 63, "TOKEN_KEYS: key 1 is not a Fernet key"),
        ("TOKEN_KEYS", f"{TOKEN_KEY},x", "TOKEN_KEYS: key 2 is not a Fernet key"),
        ("DATABASE_URL", "mysql://x/y", "DATABASE_URL must begin with"),
        ("DATABASE_URL", "sqlite://", "DATABASE_URL names no file"),
        ("DATABASE_URL", "postgres://u:p@h:5432", "DATABASE_URL names no database"),
        ("BASE_URL", "http://localhost:8000", "localhost"),
        ("BASE_URL", "https://app.localhost", "localhost"),
        ("BASE_URL", "http://192.168.1.5:8000", "must use https"),
        ("BASE_URL", "http://archive.example", "must use https"),
        ("BASE_URL", "https://archive.example/app", "must have no path"),
        ("BASE_URL", "archive.example", "must be an address"),
        ("SPOTIFY_APP_MODE", "live", "SPOTIFY_APP_MODE must be one of"),
        ("SPOTIFY_SEATS", "-1", "SPOTIFY_SEATS must be a whole number"),
        ("BATCH_SIZE", "51", "BATCH_SIZE must be a whole number from 1 to 50"),
        ("BATCH_SIZE", "²", "BATCH_SIZE must be a whole number"),
        ("POLL_MAX_MINUTES", "5", "POLL_MAX_MINUTES must be a whole number from 10"),
        ("DERIVED_STATS", "maybe", "DERIVED_STATS must be on or off"),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL must be one of"),
        ("SPOTIFY_API_URL", "http://api.example/v1", "SPOTIFY_API_URL must use https"),
        ("SPOTIFY_API_URL", "http://[::1", "SPOTIFY_API_URL cannot be read"),
        ("CONTACT", "me", "CONTACT must be an e-mail address, or a page"),
        ("CONTACT", "http://archive.example/", "CONTACT must be an e-mail address, or a page"),
        ("SOURCE_URL", "javascript:alert(1)", "SOURCE_URL must be a page"),
        ("MAIL_FROM", "nobody", "MAIL_FROM must be a sender"),
        ("MAIL_FROM", "a@b.example\r\nBcc: all@b.example", "MAIL_FROM must be a sender"),
        ("STORAGE_URL", "ftp://x", "STORAGE_URL must begin with"),
        ("STORAGE_URL", "s3://bucket", "S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY are not set"),
        ("S3_ENDPOINT_URL", "http://minio.example", "S3_ENDPOINT_URL must use https"),
        ("S3_REGION", "Frankfurt am Main", "S3_REGION must be a region"),
        ("SPOTIFY_CLIENT_ID", "alone", "belong together"),
        ("BASE_URL", "https://a\u200db.example", "must name a host"),
        ("SECRET_KEY_FALLBACKS", "short", "SECRET_KEY_FALLBACKS holds a key of less than 32"),
    ],
)
def test_a_bad_value_gives_one_clear_line(environ, name, value, says):
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({**environ, name: value})
    (fault,) = caught.value.faults
    assert says in fault
    assert "\n" not in fault


@pytest.mark.parametrize("url", ["s3://", "s3://Bucket", "s3://b/a b", "s3://bucket/../x"])
def test_a_bucket_has_a_name_and_a_plain_prefix(environ, url):
    keys = {"S3_ACCESS_KEY_ID": "key", "S3_SECRET_ACCESS_KEY": "secret"}
    with pytest.raises(SettingsError, match="STORAGE_URL"):
        Settings.from_env({**environ, **keys, "STORAGE_URL": url})
    settings = Settings.from_env({**environ, **keys, "STORAGE_URL": "s3://bucket/a/b"})
    assert "secret'" not in repr(settings)


def test_all_faults_are_told_at_once(environ):
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({"AUDIOSPECTIVE_HOME": environ["AUDIOSPECTIVE_HOME"]})
    assert [line.split()[0] for line in caught.value.faults] == [
        "REDIS_URL",
        "SECRET_KEY",
        "TOKEN_KEYS",
    ]


@pytest.mark.parametrize(
    "url", ["https://archive.example", "http://127.0.0.1:8000", "http://[::1]:1"]
)
def test_https_and_loopback_addresses_are_accepted(environ, url):
    assert Settings.from_env({**environ, "BASE_URL": url + "/"}).base_url == url


def test_extended_mode_has_no_seat_limit_unless_one_is_set(environ):
    extended = {**environ, "SPOTIFY_APP_MODE": "extended"}
    assert Settings.from_env(extended).spotify_seats is None
    assert Settings.from_env({**extended, "SPOTIFY_SEATS": "7"}).spotify_seats == 7


def test_a_loopback_api_is_the_sandbox(environ):
    assert Settings.from_env({**environ, "SPOTIFY_API_URL": "http://127.0.0.1:8888/v1"}).sandbox


def test_a_database_on_several_hosts_is_one_deployment_whatever_its_password(environ):
    hosts = "a.example:5433,b.example:5434"
    one, other = (
        Settings.from_env({**environ, "DATABASE_URL": f"postgres://me:{word}@{hosts}/listens"})
        for word in ("a+b", "c%2Fd")
    )
    single = {**environ, "DATABASE_URL": "postgres://me@b.example:5434/listens"}
    assert one.deployment == other.deployment != Settings.from_env(single).deployment


def test_secrets_do_not_show_when_settings_are_printed(environ):
    more = {"RESEND_API_KEY": "re_secret", "DATABASE_URL": "postgres://u:hidden@h/db"}
    shown = repr(Settings.from_env({**environ, **more}))
    for secret in (TOKEN_KEY, "x" * 32, "re_secret", "hidden"):
        assert secret not in shown


def test_secrets_for_one_machine_are_made_once_and_kept_private(tmp_path):
    home = tmp_path / "var"
    first = completed(home, {})
    second = completed(home, {})
    assert first["SECRET_KEY"] == second["SECRET_KEY"]
    assert first["TOKEN_KEYS"] == second["TOKEN_KEYS"]
    assert stat.S_IMODE((home / "local.json").stat().st_mode) == 0o600
    other = completed(tmp_path / "other", {})
    assert other["SECRET_KEY"] != first["SECRET_KEY"]


def test_what_the_operator_sets_wins_over_what_was_generated(tmp_path):
    assert completed(tmp_path, {"SECRET_KEY": "mine" * 9})["SECRET_KEY"] == "mine" * 9


def test_other_commands_on_the_machine_find_the_generated_secrets(tmp_path):
    made = completed(tmp_path, {})
    environ = {"AUDIOSPECTIVE_HOME": str(tmp_path), "REDIS_URL": "redis://127.0.0.1:1/0"}
    assert Settings.from_env(environ).secret_key == made["SECRET_KEY"]


def test_a_damaged_file_of_secrets_is_said_not_replaced(tmp_path):
    (tmp_path / "local.json").write_text("{")
    with pytest.raises(SettingsError, match=r"local\.json cannot be read"):
        completed(tmp_path, {})
    assert (tmp_path / "local.json").read_text() == "{"


def test_the_host_of_the_pages_is_the_one_that_browsers_ask_for(environ):
    settings = Settings.from_env({**environ, "BASE_URL": "https://straße.example/"})
    assert settings.base_url == "https://xn--strae-oqa.example"


def test_former_secret_keys_are_a_list(environ):
    keys = f"{'a' * 32}, {'b' * 32},"
    settings = Settings.from_env({**environ, "SECRET_KEY_FALLBACKS": keys})
    assert settings.secret_key_fallbacks == ("a" * 32, "b" * 32)
    assert "a" * 32 not in repr(settings)


STAND_INS = {
    "SPOTIFY_ACCOUNTS_URL": "http://127.0.0.1:8888",
    "SPOTIFY_API_URL": "http://127.0.0.1:8888/v1",
    "RESEND_API_URL": "http://[::1]:8888",
}


@pytest.mark.parametrize("name", STAND_INS)
def test_a_public_site_never_speaks_to_a_stand_in(environ, name):
    public = {**environ, "BASE_URL": "https://archive.example", name: STAND_INS[name]}
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(public)
    (fault,) = caught.value.faults
    assert fault.startswith(f"{name} must not lead to a stand-in on this machine")


def test_the_secret_of_a_real_app_is_not_sent_to_the_sandbox_of_yesterday(environ, tmp_path):
    home = tmp_path / "home"
    completed(home, {})
    keep_values(home, {**STAND_INS, "SPOTIFY_CLIENT_ID": "x", "SPOTIFY_CLIENT_SECRET": "y"})
    assert Settings.from_env(environ).sandbox  # as `up` left it, for `doctor` and the like
    own = {"SPOTIFY_CLIENT_ID": "mine", "SPOTIFY_CLIENT_SECRET": "secret"}
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({**environ, **own})
    (fault,) = caught.value.faults
    assert "still kept in local.json although SPOTIFY_CLIENT_ID is set" in fault
    assert Settings.from_env({**environ, **own, **STAND_INS}).sandbox  # said by the operator


def test_an_existing_home_is_closed_to_others(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    completed(home, {})
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
