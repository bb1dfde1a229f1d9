"""The simulation as an app: it has commands and no tables."""

from django.apps import AppConfig


class SimulationConfig(AppConfig):
    name = "simulation"
