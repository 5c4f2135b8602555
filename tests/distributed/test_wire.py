"""The wire format, on its own: what is written is read, and nothing else is."""

from __future__ import annotations

import msgpack
import pytest
from hypothesis import given, settings, strategies as st
from tests.properties.settings import many

from actrio.distributed._wire import (
    VERSION,
    Header,
    Parcel,
    Pushed,
    Written,
    read,
    read_failure,
    read_response,
    write,
    write_failure,
    write_response,
)
from actrio.exceptions import NamespaceVersionUnknown

few = settings(many, max_examples=30)

texts = st.text(max_size=20)
blobs = st.binary(max_size=40)
bodies = st.builds(Written, texts, texts, blobs)
words = st.from_regex(rb"[\w\-]{1,12}", fullmatch=True)
parcels = st.builds(
    Parcel,
    bodies,
    st.none() | texts,
    st.none() | st.tuples(texts, texts).map(list),
    texts,
    st.lists(words, max_size=4),
    st.none() | st.dictionaries(texts, texts, max_size=3),
)
headers = st.builds(
    Header,
    st.sampled_from("qneQNE"),
    words,
    st.integers(0, 2**53),
    st.integers(0, 9),
    st.integers(0, 2**53),
)


def same(parcel: Parcel) -> tuple[object, ...]:
    """Return what a parcel holds, lists and tuples alike."""
    return (
        parcel.body,
        parcel.sender,
        parcel.topic,
        parcel.message_id,
        list(parcel.chain),
        parcel.trace,
    )


@few
@given(parcels)
def test_a_parcel_comes_back(parcel: Parcel) -> None:
    """Whatever it holds, what is read is what was written."""
    assert same(read(write(parcel))) == same(parcel)


@few
@given(bodies)
def test_a_response_comes_back(body: Written) -> None:
    """Its class, format and bytes are read as they were written."""
    assert read_response(write_response(body)) == body


@few
@given(blobs)
def test_noise_is_named_as_such(data: bytes) -> None:
    """Bytes that nobody wrote are a documented error, and no other."""
    for reader in (read, read_response):
        try:
            reader(data)
        except NamespaceVersionUnknown:
            continue
    read_failure(data)


@few
@given(parcels, st.integers(0, 200))
def test_a_parcel_cut_short_is_refused(parcel: Parcel, at: int) -> None:
    """A part of a message is never taken for the whole."""
    data = write(parcel)
    if at < len(data):
        with pytest.raises(NamespaceVersionUnknown):
            read(data[:at])


@pytest.mark.parametrize("version", [0, VERSION + 1, None, "1"])
def test_another_version_is_named(version: object) -> None:
    """The error has the version that came and the one that is read."""
    data = msgpack.packb((version, "what", "ever"))
    with pytest.raises(
        NamespaceVersionUnknown, match=rf"{version!r}.*reads version {VERSION}"
    ):
        read(data)


def test_plain_values_of_a_failure_come_back() -> None:
    """Numbers as keys too; what is no value is None."""
    values: dict[str, object] = {"type": "a.B", "args": [1, "x", None]}
    assert read_failure(write_failure(values)) == values
    assert read_failure(b"\xc1") is None


@few
@given(words, words, st.integers(0, 2**53), headers, words, blobs, blobs)
def test_what_the_server_shows_is_read(
    worker: bytes,
    id: bytes,
    fence: int,
    header: Header,
    agent: bytes,
    more: bytes,
    data: bytes,
) -> None:
    """Agent and data may hold any bytes: the length says where one ends."""
    agent += more
    fields = (header.serial, header.attempt, header.deadline, len(agent))
    numbers = b" ".join(b"%d" % number for number in fields)
    head = b" ".join((worker, id, b"%d" % fence, header.kind.encode(), header.client))
    pushed = Pushed.read(head + b" " + numbers + b"\n" + agent + data)
    assert pushed == Pushed(worker, id, fence, header, agent, data)


def test_which_kinds_are_requests() -> None:
    """Somebody waits for all but what is published."""
    found = {kind: Header(kind, b"c", 1, 0, 0).is_request for kind in "qneQNE"}
    assert [kind for kind, is_request in found.items() if is_request] == list("qnQN")
