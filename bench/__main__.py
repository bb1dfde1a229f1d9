"""`./run bench`: fill once, measure, print one JSON object a line."""

import argparse
import os
import time

from bench import databases

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["ALLOWED_HOSTS"] = "127.0.0.1,localhost,testserver"
os.environ["DEMONSTRATION"] = "1"


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench")
    parser.add_argument("--participants", type=int, default=1000)
    parser.add_argument("--afresh", action="store_true", help="fill a new database")
    chosen = parser.parse_args()
    name = databases.prepare(chosen.participants, afresh=chosen.afresh)

    import django  # noqa: PLC0415 - only now does the environment name the database

    django.setup()
    databases.omniscient()
    from bench import exporting, fill, measuring, saving, work  # noqa: PLC0415
    from trials.models import Trial  # noqa: PLC0415

    if not Trial.objects.exists():
        start = time.perf_counter()
        fill.fill(chosen.participants)
        seconds = time.perf_counter() - start
        rows = work.responses()
        measuring.emit(
            "fill",
            seconds=round(seconds, 1),
            responses=rows,
            rows_per_second=round(rows / seconds),
        )
    size = {
        "participants": chosen.participants,
        "responses": work.responses(),
        "entries": work.entries(),
    }
    measuring.emit("size of the data", database=name, load=os.getloadavg()[0], **size)
    work.pages(size)
    work.caps(size)
    saving.save_over_http()
    saving.fill_many()
    work.enrollment(size)
    work.amendment(size)
    exporting.export()


if __name__ == "__main__":
    main()
