"""Marking a history as seen."""

from collections.abc import Mapping

from django.db import connection
from django.utils import timezone

from audit.actors import Actor
from audit.diffs import heads_of

# Never back: of two pages that were open at once, the older one takes nothing away.
_KEEP = """
INSERT INTO workbench_look AS look (user_id, chain, position, at)
SELECT %(user)s, s.chain, s.position, %(now)s
FROM unnest(%(chains)s::text[], %(positions)s::bigint[]) AS s (chain, position)
ON CONFLICT (user_id, chain) DO UPDATE
SET position = greatest(look.position, excluded.position), at = excluded.at
"""


def mark_seen(*, seen: Mapping[str, int], by: Actor) -> int:
    """Keep that the person has seen these chains up to these positions; return how many.

    A chain that they may not see is passed over, and so is what has not happened yet. No
    act of the trail: nothing of the trial changes.
    """
    heads = heads_of(seen)
    kept = {
        chain: min(position, heads[chain].position)
        for chain, position in seen.items()
        if chain in heads and position > 0
    }
    with connection.cursor() as cursor:
        cursor.execute(
            _KEEP,
            {
                "user": by.user_id,
                "now": timezone.now(),
                "chains": list(kept),
                "positions": list(kept.values()),
            },
        )
    return len(kept)
