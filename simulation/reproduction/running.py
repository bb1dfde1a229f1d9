"""The whole way: construct, play, export, read back, compare."""

from __future__ import annotations

from pathlib import Path

from audit.seeing import seeing
from simulation.reproduction.analysis import read_people
from simulation.reproduction.cohort import build_cohort
from simulation.reproduction.databases import own_database
from simulation.reproduction.exporting import write_export, write_key
from simulation.reproduction.mixed_model import fit_changes
from simulation.reproduction.playing import play
from simulation.reproduction.stage import SETUP, open_stage, read_definition
from simulation.reproduction.tables import section
from simulation.reproduction.targets import Target


def reproduced(target: Target, folder: Path) -> str:
    """Return the tables of a published trial; the same at every run.

    The export and the key are left in the folder, the database is not. Raises
    NoOwnerError where no database can be made.
    """
    with own_database():
        run_trial(target, folder)
    people = read_people(folder, target, read_definition(target))
    fit = fit_changes(people, target) if target.contrast else None
    return section(target, people, fit)


def run_trial(target: Target, folder: Path) -> None:
    """Play a trial in the database that is open, and write its export and its key."""
    definition = read_definition(target)
    cohort = build_cohort(target, definition)
    with seeing(SETUP):
        stage = open_stage(target, definition, cohort)
    play(stage)
    write_export(stage, folder)
    write_key(stage, folder)
    stage.cast.sign_out()
