"""What the image installs, read from pyproject.toml: `requirements.py torch` prints torch's line, `requirements.py` the others."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
needed = [*project["dependencies"], *project["optional-dependencies"]["server"]]
alone = sys.argv[1:]
print(*(line for line in needed if line.startswith("torch") == bool(alone)), sep="\n")
