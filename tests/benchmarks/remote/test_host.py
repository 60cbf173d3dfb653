import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.remote import host
from benchmarks.remote.host import Host
from device.errors import InputError


@pytest.mark.parametrize(
    ("text", "parsed", "shown", "folder"),
    [
        ("ssh://kitchen", Host("kitchen"), "kitchen", "kitchen"),
        ("ssh://pi@10.0.0.7", Host("10.0.0.7", "pi"), "pi@10.0.0.7", "pi@10.0.0.7"),
        ("ssh://pi@lab:2222/", Host("lab", "pi", 2222), "pi@lab:2222", "pi@lab-2222"),
        ("ssh://[fe80::1%eth0]", Host("fe80::1%eth0"), "[fe80::1%eth0]", "fe80--1-eth0"),
    ],
)
def test_a_host_is_read_and_named(text, parsed, shown, folder):
    read = host.parse(text)
    assert (read, str(read), read.folder) == (parsed, shown, folder)


@pytest.mark.parametrize(
    "text",
    [
        "pi@lab",
        "ssh://",
        "ssh://-oProxyCommand=touch${IFS}x",
        "ssh://-l@lab",
        "ssh://pi@-oProxyCommand=x",
        "ssh://pi@lab;reboot",
        "ssh://pi@lab/folder",
        "ssh://pi@lab:0",
        "ssh://pi@lab:70000",
        "ssh://pi@lab\n",
        "ssh://pi@../etc",
        "ssh://pi@$(id)",
    ],
)
def test_what_is_no_host_is_refused_in_one_line(text):
    with pytest.raises(InputError) as refusal:
        host.parse(text)
    assert len(str(refusal.value).splitlines()) == 1


def test_adb_and_passwords_get_a_word_of_their_own():
    with pytest.raises(InputError, match="not supported yet"):
        host.parse("adb")
    with pytest.raises(InputError, match="your keys"):
        host.parse("ssh://pi:raspberry@lab")


def test_a_host_is_measured_once_at_a_time():
    with pytest.raises(InputError, match="twice"):
        host.parse_all(["ssh://pi@lab", "ssh://pi@lab/"])


@given(st.text() | st.from_regex(r"ssh://\S+@\S+:[0-9]+", fullmatch=True))
def test_no_accepted_host_is_an_option_or_leaves_its_folder(text):
    try:
        read = host.parse(text)
    except InputError:
        return
    *options, dashes, destination, _ = read.command("true")
    assert dashes == "--" and not destination.startswith("-")
    assert all(option.startswith("-") or option.isdigit() for option in options[1:])
    assert "/" not in read.folder and read.folder not in ("", ".", "..")


@given(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1))
def test_a_program_is_one_word_of_the_shell(path):
    if path.startswith("-"):
        with pytest.raises(InputError):
            host.quoted(path)
    elif path.startswith("~/"):
        assert shlex.split(host.quoted(path)) == [f"$HOME/{path[2:]}"]
    else:
        assert shlex.split(host.quoted(path)) == [path]


@pytest.mark.parametrize("path", ["", "-c", "a\nb"])
def test_what_is_no_program_is_refused(path):
    with pytest.raises(InputError, match="--remote-python"):
        host.quoted(path)
