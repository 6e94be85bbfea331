"""What the image is, before it runs."""

import json
from pathlib import Path

import pytest

from .engine import IMAGE, podman, running, tool

pytestmark = pytest.mark.container

DEPLOY = Path(__file__).parents[2] / "deploy"
LARGEST = 1.4e9
WRITABLE = """
import os
for folder, _, files in os.walk("/"):
    if folder.startswith(("/proc", "/sys", "/dev")):
        continue
    for path in (folder, *(os.path.join(folder, file) for file in files)):
        if not os.path.islink(path) and os.access(path, os.W_OK):
            print(path)
"""


@pytest.fixture(scope="module")
def image():
    return json.loads(podman("image", "inspect", IMAGE))[0]


def run(*command):
    return podman("run", "--rm", "--network=none", f"--entrypoint={command[0]}", IMAGE, *command[1:])


def test_the_image_is_under_1_4_gigabytes(image):
    assert image["Size"] < LARGEST


def test_torch_is_the_build_for_the_cpu():
    version = run("python", "-c", "import torch; print(torch.__version__, torch.version.cuda)")
    assert version.endswith("+cpu None")


def test_the_default_user_is_nobody_special(image):
    assert image["Config"]["User"] == "10001:10001"


def test_nothing_is_started_through_a_shell(image):
    assert image["Config"]["Entrypoint"] == ["pullback"]
    assert image["Config"]["Cmd"] == ["serve"]
    assert image["Healthcheck"]["Test"][:3] == ["CMD", "pullback", "status"]


def test_the_user_can_write_nowhere_in_the_image():
    writable = run("python", "-c", WRITABLE)
    assert set(writable.split()) <= {"/tmp", "/var/tmp", "/run/lock"}


def test_no_installer_and_no_sources_are_left_in_what_was_installed():
    look = "import importlib.util, os; print(importlib.util.find_spec('pip'), os.path.exists('/src'))"
    assert run("python", "-c", look) == "None False"


def test_without_credentials_it_refuses_to_be_reached_from_elsewhere():
    with running(environment={}, wait=False) as container:
        assert container.wait() != 0
        assert "--allow-plaintext" in container.logs()


def test_the_dockerfile_is_clean():
    tool("hadolint", "--failure-threshold", "style", DEPLOY / "Dockerfile")
