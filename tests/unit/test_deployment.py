"""What is deployed names settings and ports that the service has."""

import re
from pathlib import Path

import pytest
from pullback_server.service.config import settings

DEPLOY = Path(__file__).parents[2] / "deploy"
FILES = [path for path in sorted(DEPLOY.rglob("*")) if path.suffix in ("", ".yaml", ".md") and path.is_file()]
#: What compose.yaml takes from whoever runs it, beside the settings.
OF_COMPOSE = {"PULLBACK_IMAGE", "PULLBACK_MEMORY", "PULLBACK_PUBLISH", "PULLBACK_PUBLISH_METRICS", "PULLBACK_SECRETS"}
#: What the client takes from who calls it.
OF_CLIENT = {"PULLBACK_TARGET", "PULLBACK_TOKEN"}
PORTS = {"50051", "50052", "9464"}


@pytest.mark.parametrize("file", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_variable_is_a_setting(file):
    named = set(re.findall(r"PULLBACK_[A-Z_]+[A-Z]", file.read_text()))
    assert named - OF_COMPOSE - OF_CLIENT <= {setting.variable for setting in settings()}


def test_the_image_has_every_port_that_is_published():
    exposed = re.search(r"^EXPOSE (.*)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert exposed is not None
    assert set(exposed[1].split()) == PORTS
    deployment = (DEPLOY / "kubernetes" / "base" / "deployment.yaml").read_text()
    assert set(re.findall(r"containerPort: (\d+)", deployment)) == PORTS
