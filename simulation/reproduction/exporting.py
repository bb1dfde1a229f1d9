"""The sponsor's export of a trial as files, and the generator's own key beside them.

The export is what a sponsor's program gets: noted in the trail, blinded, one CSV for
each dataset. Which arm somebody is in stands in the key file alone, which the generator
can write because it made the lists; nothing of it is in the database in plain sight.
"""

from __future__ import annotations

import csv
from pathlib import Path

from accounts.vocabulary import Role
from audit.seeing import seeing
from exports.actions import note_export
from exports.datasets import DATASETS
from exports.serializers import csv_of
from randomization.access import randomization_numbers
from simulation.reproduction.stage import SETUP, Stage

ANALYZED = ("DM", "DS", "RS")
KEY = "key.csv"


def write_export(stage: Stage, folder: Path) -> None:
    """Write the datasets that the analysis reads as the sponsor gets them."""
    folder.mkdir(parents=True, exist_ok=True)
    by = stage.cast.actor(Role.SPONSOR)
    trial = stage.cast.trial
    for name in ANALYZED:
        note_export(trial=trial, dataset=name, form="CSV", filters="", by=by)
        with (folder / f"{name}.csv").open("wb") as file:
            file.writelines(csv_of(DATASETS[name], trial, by=by))


def write_key(stage: Stage, folder: Path) -> None:
    """Write which participant is in which arm, by participant number.

    Read off the generator's own lists by the randomization number, which is a site's
    number and a place on its list.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listed = {
        f"{each.stratum}-{each.position:03d}": each.arm for each in stage.cohort.lists
    }
    numbers = {row.pk: row.number for row in stage.rows.values()}
    with seeing(SETUP):
        places = randomization_numbers(numbers)
    with (folder / KEY).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("SUBJID", "ARM"))
        writer.writerows((numbers[pk], listed[place]) for pk, place in places.items())
