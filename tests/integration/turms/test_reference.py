"""docs/protocol.md is what the program says of itself."""

import pathlib
import subprocess
import unittest

from server import BINARY


class Reference(unittest.TestCase):
    def test_the_documentation_is_not_stale(self):
        documented = (pathlib.Path(__file__).resolve().parents[3] / "docs/protocol.md").read_text()
        made = subprocess.run([BINARY, "protocol", "reference"], text=True, capture_output=True, timeout=60, check=True)
        self.assertEqual(made.stdout, documented, "run: turms protocol reference > docs/protocol.md")
