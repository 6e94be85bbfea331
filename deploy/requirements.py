"""What the image installs, from pyproject.toml: with `torch` as argument torch's line, without it all others."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
needed = [*project["dependencies"], *extras["server"], *extras["traces"]]
print(*(line for line in needed if line.startswith("torch") == (sys.argv[1:] == ["torch"])), sep="\n")
