"""The manifests: each overlay is valid, says what it should, and the Deployment runs, with podman as its kubelet."""

import shutil
from pathlib import Path

import pullback
import pytest
import yaml
from pullback_server.service.config import settings

from .engine import Container, podman, tool
from .secrets import make_secrets

pytestmark = [pytest.mark.container]

TOP = Path(__file__).parents[2]
KUBERNETES = TOP / "deploy" / "kubernetes"
PODMAN = Path(__file__).parent / "podman"
OVERLAYS = {"": KUBERNETES, "trusted": KUBERNETES / "trusted", "cuda": KUBERNETES / "cuda", "podman": PODMAN}
#: Where the overlay for podman has the secrets' files, and the port of the host.
SECRETS, TARGET = Path("/run/pullback-test"), "127.0.0.1:50971"


def build(overlay):
    return tool("kubectl", "kustomize", OVERLAYS[overlay])


def manifest(overlay, kind):
    (one,) = [each for each in yaml.safe_load_all(build(overlay)) if each["kind"] == kind]
    return one


def container(overlay):
    (one,) = manifest(overlay, "Deployment")["spec"]["template"]["spec"]["containers"]
    return one


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_manifest_is_valid_to_the_letter(overlay, tmp_path):
    file = tmp_path / "all.yaml"
    file.write_text(build(overlay))
    tool("kubernetes-validate", "--strict", file)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_variable_is_a_setting_of_the_service(overlay):
    assert set(manifest(overlay, "ConfigMap")["data"]) <= {setting.variable for setting in settings()}


@pytest.mark.parametrize("overlay", ["", "trusted", "cuda"])
def test_pods_meet_the_restricted_standard(overlay):
    pod, one = manifest(overlay, "Deployment")["spec"]["template"]["spec"], container(overlay)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert one["securityContext"]["allowPrivilegeEscalation"] is False
    assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert one["securityContext"]["readOnlyRootFilesystem"] is True
    assert {next(iter(volume.keys() - {"name"})) for volume in pod["volumes"]} <= {"secret", "emptyDir"}


@pytest.mark.parametrize("overlay", ["", "trusted", "cuda"])
def test_probes_are_grpc_on_a_port_that_the_container_has(overlay):
    one = container(overlay)
    ports = {port["containerPort"] for port in one["ports"]}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert one[probe]["grpc"]["port"] in ports


def test_a_client_that_resolves_the_service_sees_every_pod():
    assert manifest("", "Service")["spec"]["clusterIP"] == "None"


def test_only_clients_with_the_label_come_in_and_nothing_goes_out():
    policy = manifest("", "NetworkPolicy")["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert policy["egress"] == []
    assert policy["ingress"][0]["from"] == [{"podSelector": {"matchLabels": {"pullback/client": "true"}}}]


def test_all_that_select_pods_select_those_of_the_deployment():
    labels = manifest("", "Deployment")["spec"]["template"]["metadata"]["labels"].items()
    for kind in ("Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"):
        spec = manifest("", kind)["spec"]
        selector = spec.get("selector") or spec["podSelector"]
        assert selector.get("matchLabels", selector).items() <= labels, kind


def test_pods_have_longer_to_end_than_calls_have_to_finish():
    pod = manifest("", "Deployment")["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > float(manifest("", "ConfigMap")["data"]["PULLBACK_DRAIN_GRACE"])


@pytest.fixture(scope="module")
def secrets():
    shutil.rmtree(SECRETS, ignore_errors=True)
    for folder in ("tls", "tokens"):
        (SECRETS / folder).mkdir(parents=True)
    made = make_secrets(SECRETS, "alice", "tls/tls.crt", "tls/tls.key", "tokens/tokens")
    yield made
    shutil.rmtree(SECRETS)


@pytest.fixture(scope="module")
def played(secrets, tmp_path_factory):
    file = tmp_path_factory.mktemp("podman") / "all.yaml"
    file.write_text(build("podman"))
    podman("play", "kube", str(file))
    try:
        started = Container("pullback-pod-0-pullback", TARGET)
        started.wait_until_healthy()
        yield started
    finally:
        podman("play", "kube", "--down", str(file), check=False)


def test_the_deployment_runs_and_answers_over_tls(played, secrets):
    with secrets.client(played.target) as client:
        reply = client.differentiate("softmax(x)", {"x": [1, 2, 3]}, upstream=[1, 0, 0])
    assert reply.verdicts["x"].outcome is pullback.Outcome.AGREE


def test_the_deployment_runs_with_the_limits_and_the_confinement_that_it_asks_for(played):
    assert played.inspect(".HostConfig.Memory") == 8 * 2**30
    assert played.inspect(".HostConfig.ReadonlyRootfs")
    status = played.execute("cat", "/proc/1/status")
    assert f"CapEff:\t{'0' * 16}" in status
    assert "Uid:\t10001" in status
    assert "NoNewPrivs:\t1" in status
