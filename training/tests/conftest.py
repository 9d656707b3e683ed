import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from weights.reader_commands import BASE  # noqa: E402
from weights.smollm import Base  # noqa: E402

needs_base = pytest.mark.skipif(not BASE.is_file(), reason="`python -m weights base` was not run")


@pytest.fixture(scope="session")
def base() -> Base:
    return Base(BASE)
