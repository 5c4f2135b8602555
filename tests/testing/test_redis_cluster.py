"""A real cluster for tests, which needs nothing installed by hand."""

from __future__ import annotations

import pytest

from actrio.testing import RedisCluster, _redis_cluster


def test_no_two_nodes_have_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor one the port on which another is told things by the others."""
    monkeypatch.setattr(_redis_cluster, "_PORTS", range(12_690, 22_700, 10_000))
    with pytest.raises(RuntimeError, match="no free ports for 3 nodes of a cluster"):
        RedisCluster()
    monkeypatch.setattr(_redis_cluster, "_PORTS", range(22_600, 22_612))
    for _ in range(5):
        cluster = RedisCluster(replicas=1)
        assert len({one.port for one in (*cluster.nodes, *cluster.replicas)}) == 6


@pytest.mark.slow
def test_three_nodes() -> None:
    """Each has a part of all keys, and a slot moves with its keys; replicas step in."""
    with RedisCluster("--appendonly", "no", replicas=1) as cluster:
        ports = [node.port for node in cluster.nodes]
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        assert cluster.url == f"redis://{hosts}/0"
        owners = {cluster.owner(f"k{n}").port for n in range(20)}
        assert owners == set(ports)
        source, target = cluster.owner("{k}"), cluster.other("{k}")
        for n in range(250):  # more than are moved at a time
            assert source.command("SET", f"{{k}}:{n}", str(n)) == "+OK\r\n"
        assert target.command("GET", "{k}:7").startswith("-MOVED")
        with cluster.moving("{k}", target):
            assert source.command("GET", "{k}:none").startswith("-ASK")
        assert cluster.owner("{k}") is target
        assert target.command("GET", "{k}:249") == "$3\r\n249\r\n"
        assert source.command("GET", "{k}:7").startswith("-MOVED")
        with pytest.raises(RuntimeError, match=r"says to CLUSTER SETSLOT .* already"):
            cluster.move("{k}", target)
        primary = cluster.owner("k")
        replica = cluster.replicas[cluster.nodes.index(primary)]
        assert primary.command("SET", "k", "v") == "+OK\r\n"
        assert primary.command("WAIT", "1", "5000") == ":1\r\n"
        primary.kill()
        assert cluster.owner("k") is replica
        assert replica.command("GET", "k") == "$1\r\nv\r\n"
        cluster.wait_ok()
        folders = [node.folder for node in cluster.nodes]
    assert not any(folder.exists() for folder in folders)


@pytest.mark.slow
def test_an_option_that_is_none() -> None:
    """It says what the server says, and leaves nothing behind."""
    cluster = RedisCluster("--no-such-option", "x")
    with pytest.raises(RuntimeError, match=r"does not start: (.|\n)*no-such-option"):
        with cluster:
            pytest.fail("it runs")
    assert not any(node.is_running for node in cluster.nodes)
