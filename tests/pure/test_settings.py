"""The settings of sidecar and worker."""

from __future__ import annotations

import pytest

from sidecar.settings import SettingsError, read_settings

COMPLETE = {
    "ARTIFACTS_DATABASE_URL": "postgresql://artifacts_sidecar:x@127.0.0.1/artifacts",
    "ARTIFACTS_DIRECTUS_URL": "http://127.0.0.1:8055/",
    "ARTIFACTS_DIRECTUS_TOKEN": "a1b2" * 8,
    "ARTIFACTS_DIRECTUS_SECRET": "c3d4" * 8,
}


def test_a_complete_environment_is_read_with_its_defaults():
    settings = read_settings({**COMPLETE, "PATH": "/bin", "ARTIFACTS_LOG_LEVEL": ""})

    assert settings.directus_url == "http://127.0.0.1:8055"
    assert (settings.port, settings.workers, settings.threads) == (8090, 2, 8)
    assert (settings.json_limit, settings.upload_limit) == (2 * 1024**2, 1024**3)
    assert (settings.auth_cache_seconds, settings.reconcile_seconds, settings.log_level) == (10, 5, "info")
    assert settings.address == "http://127.0.0.1:8090"


def test_every_missing_setting_is_named_at_once():
    with pytest.raises(SettingsError) as caught:
        read_settings({})

    for name in COMPLETE:
        assert f"{name}: is missing" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DIRECTUS_SECRET", "short", "shorter than 32"),
        ("DIRECTUS_TOKEN", "short", "shorter than 32"),
        ("DIRECTUS_SECRET", "replace-with-secure-random-value-please", "well-known"),
        ("DIRECTUS_SECRET", "0" * 64, "well-known"),
        ("DIRECTUS_URL", "127.0.0.1:8055", "http://"),
        ("PUBLIC_URL", "ftp://here", "http://"),
        ("PORT", "0", "greater than 0"),
        ("PORT", "eighty", "integer"),
        ("WORKERS", "0", "greater than or equal to 1"),
        ("THREADS", "1000", "less than or equal to 256"),
        ("AUTH_CACHE_SECONDS", "60", "less than or equal to 10"),
        ("RECONCILE_SECONDS", "0", "greater than or equal to 1"),
        ("JSON_LIMIT", "10", "greater than or equal to 1024"),
        ("FETCH_ALLOW", "files.example, http://10.0.0.1", "which http://10.0.0.1 is not"),
        ("FETCH_ALLOW", "10.0.0.0/8, 10.0.0.1/8", "which 10.0.0.1/8 is not"),
        ("FETCH_SECONDS", "0", "greater than or equal to 1"),
        ("SERVERS", "comfy1=10.0.0.5:8188", "is a list of origins"),
        ("SERVER_TOKENS", "comfy1=hunter2", "a server that ARTIFACTS_SERVERS does not name"),
        ("TRANSFER_ATTEMPTS", "0", "greater than or equal to 1"),
        ("LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_wrong(name, value, sentence):
    with pytest.raises(SettingsError) as caught:
        read_settings({**COMPLETE, f"ARTIFACTS_{name}": value})

    assert f"ARTIFACTS_{name}: " in str(caught.value)
    assert sentence in str(caught.value)


def test_secrets_are_not_shown():
    settings = read_settings(COMPLETE)

    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert "c3d4" not in shown
        assert "artifacts_sidecar:x" not in shown
    with pytest.raises(SettingsError) as caught:
        read_settings({**COMPLETE, "ARTIFACTS_DIRECTUS_SECRET": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_settings_cannot_be_changed_while_running():
    settings = read_settings(COMPLETE)

    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]
