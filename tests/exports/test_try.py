import time, resource
import pytest
from django.db import connection
from tests.exports.study import *
from tests.exports.filling import fill
from tests import databases
def test_x(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), databases.cloned():
        w = new_world(); t, plain = new_token(w)
        s = Study(w, None, None, None, None, t, plain)
        a = time.time(); n = fill(w, 1000); print("fill", time.time()-a, n)
        a = time.time()
        with connection.cursor() as c:
            pass
        for kind in ("noanalyze",):
            b = time.time(); r = s.get("datasets/RS", format="csv"); it = iter(r.streaming_content); first = next(it); ttfb = time.time()-b
            size = len(first) + sum(len(x) for x in it); r.close()
            print(kind, "csv", time.time()-b, "ttfb", ttfb, size, n/(time.time()-b), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
            b = time.time(); r = s.get("datasets/RS", limit=100000); size=len(body_of(r)); print("json 100k", time.time()-b, size)
            b = time.time(); r = s.get("datasets/RS", limit=1000); size=len(body_of(r)); print("json 1k", time.time()-b, size)
            from exports.datasets import complete, DATASETS
            from psycopg import sql
            with connection.cursor() as c:
                text = complete(DATASETS["RS"], trial_id=w.trial.pk).as_string(c.cursor if hasattr(c,'cursor') else None)
                c.execute("EXPLAIN (ANALYZE, TIMING OFF) " + text[6:text.rindex(") TO STDOUT")].replace("%","%%"))
                print("\n".join(x[0] for x in c.fetchall())[:7000])
