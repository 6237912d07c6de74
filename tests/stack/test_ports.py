"""Ports are chosen once and kept; another program's port is given up, and said so."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sidecar.stack import environments, ports
from sidecar.stack.progress import Failure
from sidecar.stack.stack import Stack


@contextmanager
def occupied(port: int) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", port)):
        yield


def test_ports_are_chosen_once_and_kept(given_stack):
    first = given_stack()
    first.prepare_folder()
    again = given_stack()
    again.prepare_folder()

    assert again.state["ports"] == first.state["ports"]
    assert len(set(first.state["ports"].values())) == 3


def test_two_stacks_have_ports_of_their_own(given_stack):
    one, other = given_stack("one"), given_stack("other")
    one.prepare_folder()
    with occupied(one.port("directus")):
        other.prepare_folder()

    assert one.port("directus") not in other.state["ports"].values()


def test_a_port_taken_by_another_program_is_replaced_and_named(given_stack):
    stack = given_stack()
    stack.prepare_folder()
    said: list[str] = []
    stack.say = said.append
    kept = dict(stack.state["ports"])

    with occupied(kept["sidecar"]):
        stack.settle_ports()

    assert stack.port("sidecar") != kept["sidecar"]
    assert stack.port("directus") == kept["directus"]
    assert said == [
        f"port {kept['sidecar']} of sidecar is taken by another program; sidecar moves to {stack.port('sidecar')}"
    ]
    assert Stack(stack.directory).state["ports"] == stack.state["ports"]


def test_a_host_that_this_machine_does_not_have_is_refused(given_stack):
    with pytest.raises(Failure, match=r"HOST=192\.0\.2\.1 is no address of this machine") as refusal:
        given_stack(host="192.0.2.1").prepare_folder()

    assert "HOST=0.0.0.0" in refusal.value.remedy


def test_the_host_is_remembered_and_the_stack_still_reached_on_loopback(given_stack):
    given_stack(host="0.0.0.0", public_url="https://review.example.org").prepare_folder()
    later = given_stack()

    assert environments.of_directus(later)["HOST"] == "0.0.0.0"
    assert environments.of_directus(later)["PUBLIC_URL"] == "https://review.example.org"
    assert later.url("directus") == f"http://127.0.0.1:{later.port('directus')}"


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:80"), ("::", "http://127.0.0.1:80"), ("::1", "http://[::1]:80")],
)
def test_addresses_of_hosts(host, url):
    assert ports.url(host, 80) == url
