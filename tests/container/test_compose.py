"""The compose file as it is: TLS, a token for each client, metrics, and a container that is confined."""

import os
import re
import socket
import urllib.request
import uuid
from contextlib import contextmanager
from pathlib import Path

import pullback
import pytest

from tests.waiting import PATIENCE, eventually

from .engine import IMAGE, Container, podman, tool
from .secrets import make_secrets

pytestmark = [pytest.mark.container]

COMPOSE = Path(__file__).parents[2] / "deploy" / "compose.yaml"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def composed(secrets):
    project = f"pullback-test-{uuid.uuid4().hex[:8]}"
    port, metrics = free_port(), free_port()
    environment = {
        **os.environ,
        "PULLBACK_IMAGE": IMAGE,
        "PULLBACK_SECRETS": str(secrets.folder),
        "PULLBACK_PUBLISH": f"127.0.0.1:{port}",
        "PULLBACK_PUBLISH_METRICS": f"127.0.0.1:{metrics}",
    }

    def compose(*words):
        tool("podman-compose", "--file", COMPOSE, "--project-name", project, *words, env=environment)

    try:
        compose("up", "--detach", "--no-build")
        (name,) = podman("ps", "--filter", f"name={project}", "--format", "{{.Names}}").split()
        container = Container(name, f"127.0.0.1:{port}")
        container.wait_until_healthy()
        yield container, metrics
    finally:
        compose("down")


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    return make_secrets(tmp_path_factory.mktemp("secrets"), "alice")


@pytest.fixture(scope="module")
def server(secrets):
    with composed(secrets) as started:
        yield started


def test_a_client_with_a_token_differentiates_over_tls(server, secrets):
    container, _ = server
    with secrets.client(container.target) as client:
        assert client.differentiate("a**2", {"a": 3}).gradients["a"].item() == 6


def test_a_client_without_a_token_is_refused(server, secrets):
    container, _ = server
    with pullback.Client(container.target, tls=secrets.tls()) as client, pytest.raises(pullback.Unauthenticated):
        client.differentiate("a**2", {"a": 3})


def test_a_client_without_tls_gets_no_answer(server, secrets):
    container, _ = server
    with pullback.Client(container.target) as client, pytest.raises(pullback.Unavailable):
        client.differentiate("a**2", {"a": 3}, timeout=PATIENCE)


def test_prometheus_finds_the_calls_counted(server, secrets):
    container, metrics = server
    with secrets.client(container.target) as client:
        client.differentiate("a**2", {"a": 3})
    page = urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=PATIENCE).read().decode()
    counted = [line for line in page.splitlines() if re.match('pullback_.*method="Differentiate"', line)]
    assert any('status="OK"' in line for line in counted), page


def test_the_container_is_confined(server):
    container, _ = server
    assert container.inspect(".HostConfig.ReadonlyRootfs")
    assert container.inspect(".HostConfig.SecurityOpt") == ["no-new-privileges"]
    status = container.execute("cat", "/proc/1/status")
    assert f"CapEff:\t{'0' * 16}" in status
    assert f"CapBnd:\t{'0' * 16}" in status


def test_a_certificate_that_is_renewed_is_served_without_a_restart(tmp_path):
    """Files are written in place: a container's mount follows the file, not its name."""
    secrets = make_secrets(tmp_path, "alice")
    with composed(secrets) as (container, _):
        secrets.renew_certificate()

        def answered():
            with secrets.client(container.target) as client:
                try:
                    return client.differentiate("a**2", {"a": 3}, timeout=PATIENCE).gradients["a"].item() == 6
                except pullback.Unavailable:
                    return False

        eventually(answered, every=1, message=container.logs)
