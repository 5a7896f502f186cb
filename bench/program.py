"""The program that is measured: the one beside this Python."""

import sys
from pathlib import Path

POOLTOP = str(Path(sys.executable).with_name("pooltop"))
