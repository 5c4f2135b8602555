"""A real primary with sentinels for tests, which need nothing installed by hand."""

from __future__ import annotations

import re

import pytest

from actrio.testing import RedisSentinels

pytestmark = pytest.mark.slow


def test_a_primary_dies() -> None:
    """The sentinels put its replica in its place."""
    with RedisSentinels(service="it", password="S3cret") as sentinels:
        assert re.fullmatch(
            r"redis\+sentinel://(127\.0\.0\.1:\d+,){2}127\.0\.0\.1:\d+/it/0",
            sentinels.url,
        )
        primary, replica = sentinels.servers
        assert sentinels.primary is primary
        assert primary.command("SET", "k", "v") == "+OK\r\n"
        assert primary.command("WAIT", "1", "5000") == ":1\r\n"
        assert replica.command("SET", "k", "v").startswith("-READONLY")
        asked = sentinels.sentinels[0].command("SENTINEL", "MASTERS")
        assert asked.startswith("-NOAUTH")
        primary.kill()
        sentinels.sentinels[0].kill()
        assert sentinels.primary is replica
        assert replica.command("GET", "k") == "$1\r\nv\r\n"
        folders = [one.folder for one in sentinels.sentinels]
    assert not any(folder.exists() for folder in folders)


def test_a_primary_alone() -> None:
    """The sentinels know it, and there is nobody to replace it."""
    with RedisSentinels("--requirepass", "x", replicas=0) as sentinels:
        assert len(sentinels.servers) == 1
        primary = sentinels.servers[0]
        assert primary.command("GET", "k").startswith("-NOAUTH")


def test_an_option_that_is_none() -> None:
    """It says what the server says, and leaves nothing behind."""
    sentinels = RedisSentinels("--no-such-option", "x")
    with pytest.raises(RuntimeError, match=r"does not start: (.|\n)*no-such-option"):
        with sentinels:
            pytest.fail("it runs")
    assert not any(one.is_running for one in sentinels.servers)
