"""For all tests: machines are noisy, so no test has a deadline in milliseconds."""

from hypothesis import settings

settings.register_profile("noisy", deadline=None)
settings.load_profile("noisy")
