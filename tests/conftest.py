"""Contract suites are imported by those who run them: their assertions shall explain themselves too."""

import pytest

pytest.register_assert_rewrite(
    "tests.contract.cache_contract", "tests.contract.limiter_contract", "tests.contract.slots_contract"
)
