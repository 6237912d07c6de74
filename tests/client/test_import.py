"""What a program takes in with the client."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sidecar.client import Registry


def test_the_client_brings_neither_the_server_nor_its_settings():
    program = "import sys, sidecar.client; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True)
    modules = loaded.stdout.split()
    assert "requests" in modules
    assert {"flask", "psycopg", "procrastinate", "sidecar.settings", "sidecar.edge"}.isdisjoint(modules)


def test_address_and_token_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("SIDECAR_URL", "http://registry.test/")
    monkeypatch.setenv("SIDECAR_TOKEN", "art_secret")
    registry = Registry()
    assert registry.url == "http://registry.test"
    assert "art_secret" not in repr(registry)


def test_without_them_it_says_what_is_missing(monkeypatch):
    monkeypatch.delenv("SIDECAR_URL", raising=False)
    with pytest.raises(ValueError, match="SIDECAR_URL"):
        Registry()
    with pytest.raises(ValueError, match="http"):
        Registry("registry.test", "t")
