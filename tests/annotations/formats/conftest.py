"""How examples are drawn: the same ones each time, and no clock decides (a machine under load is no failure)."""

from hypothesis import HealthCheck, settings

settings.register_profile("formats", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("formats")
