"""The servers an operator names, and the names of files on them."""

from __future__ import annotations

import uuid

import pytest

from sidecar.servers import Servers
from sidecar.transfers.comfy import Output, outputs_of, remote_name, stays_inside


def test_a_server_is_found_by_its_name_and_its_origin():
    servers = Servers("comfy1=http://Comfy1:8188/, https://gpu.example.com:443 ,http://[::1]:8188")
    first, second, third = servers
    assert (first.name, first.origin, first.host) == ("comfy1", "http://comfy1:8188", "comfy1")
    assert (second.name, second.origin) == ("https://gpu.example.com", "https://gpu.example.com")
    assert (third.origin, third.host) == ("http://[::1]:8188", "::1")
    for said in ("comfy1", "http://comfy1:8188", "HTTP://COMFY1:8188/"):
        assert servers.find(said) == first
    assert servers.find("https://gpu.example.com/") == second


@pytest.mark.parametrize(
    "said",
    ["", "comfy", "http://comfy1", "https://comfy1:8188", "http://comfy1:8188@evil.test", "http://comfy1:99999",
     "http://evil.test#comfy1:8188", "http://comfy1:8188/view"],
)  # fmt: skip
def test_what_is_not_named_is_not_found(said):
    assert Servers("comfy1=http://comfy1:8188").find(said) is None


@pytest.mark.parametrize(
    "named",
    ["comfy1", "ftp://a", "http://", "http://a/b", "http://a?b", "a b=http://a", "http://a, http://a:80", "http://a:0",
     "x=http://a, x=http://b", "=http://a"],
)  # fmt: skip
def test_what_is_no_origin_is_refused_with_a_sentence(named):
    with pytest.raises(ValueError, match=r"^(is a list of origins|names .* twice)"):
        Servers(named)


def test_a_password_in_an_origin_is_refused_and_not_repeated():
    with pytest.raises(ValueError, match="is a list of origins") as caught:
        Servers("http://user:hunter2@comfy1:8188")
    assert "hunter2" not in str(caught.value)


def test_tokens_belong_to_servers_and_are_not_shown():
    servers = Servers("a=http://a, http://b", "a=t0ken=, http://b=Basic dXNlcg==")
    assert [server.authorization for server in servers] == ["Bearer t0ken=", "Basic dXNlcg=="]
    assert "t0ken" not in repr(list(servers))
    for tokens in ("c=hunter2", "a=hunter2\n", "a=hünter2", "a="):
        with pytest.raises(ValueError, match="token") as caught:
            Servers("a=http://a", tokens.replace("\n", "\x07"))
        assert "nter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("filename", "subfolder"), [("a.png", ""), ("a.png", "b/c"), ("a.png", "b\\c"), ("..a", "..b")]
)
def test_names_that_stay_inside(filename, subfolder):
    assert stays_inside(filename, subfolder)


@pytest.mark.parametrize(
    ("filename", "subfolder"),
    [("", ""), ("..", ""), (".", ""), ("a/b", ""), ("a", ".."), ("a", "/b"), ("a", "b//c"), ("a", "b\\..\\c"),
     ("a", "c:\\b"), ("a\0", "")],
)  # fmt: skip
def test_names_that_do_not(filename, subfolder):
    assert not stays_inside(filename, subfolder)


def test_a_history_is_read_whatever_kinds_of_files_nodes_leave():
    files = {"images": [{"filename": "a.png", "subfolder": "x", "type": "temp"}], "gifs": [{"filename": "b.mp4"}]}
    history = {"p": {"outputs": {"9": {**files, "animated": [True], "text": ["t"]}, "10": {}}, "prompt": []}}
    assert outputs_of(history, "p") == [Output("a.png", "x", "temp", "9"), Output("b.mp4", "", "output", "9")]


def test_the_name_on_a_server_tells_path_and_number_and_is_one_files_own():
    one, two = uuid.uuid4(), uuid.uuid4()
    name = remote_name("scenes[3].image", 12, one, "../../Final Cut.PNG")
    assert name == f"scenes_3_.image-v12-{one.hex[:12]}.png"
    assert remote_name("a", 1, one, None) != remote_name("a", 1, two, None)
    assert len(remote_name("a" * 255, 1, one, "x." + "y" * 300)) < 130
    assert stays_inside(name)
