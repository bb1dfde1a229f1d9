import os
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]="1"
from datetime import timedelta, date, datetime, UTC
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test.testcases import LiveServerThread
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import sync_playwright
from axe_playwright_python.sync_playwright import Axe
from accounts.vocabulary import Role
from tests.world import *
from tests.randomization import world as wall
from randomization.actions import *
from adverse_events.actions import *

def test_look(own_database):
    world = wall.sealed(new_world("MAPP2"))
    now=timezone.now(); H=timedelta(hours=1)
    ready,=confirmed(world); early,=enrolled(world)
    p,=confirmed(world)
    co=world.actor(Role.COORDINATOR)
    randomize(randomizings=[Randomizing(p,datetime(2025,4,22,18,tzinfo=UTC))],by=co)
    held(world,[p],"dosing_1")
    v=visit_of(p,"dosing_1")
    dispense_kits(requests=[KitRequest(v,"initial","starting",now)],by=co)
    def ev(**o):
        d=dict(participant=p,term="Tightness of the jaw",onset_on=date(2025,4,28),severity="mild",valence="unpleasant",outcome="recovered",action_taken="not_changed",dosing_visit=v); d.update(o)
        return report_events(events=[NewEvent(**d)],by=co)[0]
    plain=ev()
    pl=ev(term="Unusual closeness to others, lasting into the evening and noticed by the family as well",valence="pleasant",severity="moderate")
    ser=ev(term="Fainting on standing",severity="severe",seriousness=frozenset({"life_threatening","hospitalization"}),site_aware_at=now-26*H,outcome="recovering",description="Fell in the bathroom; ambulance called at once.\nKept overnight.")
    rec=ev(term="Racing heart",seriousness=frozenset({"life_threatening"}),site_aware_at=now-100*H,special_interest="cardiac")
    mm=world.actor(Role.MEDICAL_MONITOR)
    receive(receipts=[Receipt(rec,now-90*H)],by=mm); determine(determinations=[Determination(rec,True,True,now-2*H)],by=mm)
    assess_causality(assessments=[Causality(plain,"probable",now)],password=PASSWORD,by=world.actor(Role.INVESTIGATOR))
    amend_event(event=plain,changes={"severity":"moderate","ended_on":date(2025,4,29)},reason="Follow-up information",by=co)
    void_event(event=pl,reason="Entered twice",at=now,by=co)
    E=lambda n,e,*m: reverse(f"adverse_events:{n}",args=[e.uuid,*m]); R=lambda n,o: reverse(f"randomization:{n}",args=[o.uuid])
    pages={
     "report":("therapist",reverse("adverse_events:report",args=[p.uuid])+f"?visit={v.uuid}"),
     "report_bad":("therapist",reverse("adverse_events:report",args=[p.uuid])),
     "event_plain":("investigator",E("event",plain)),
     "event_serious":("coordinator",E("event",ser)),
     "event_sponsor":("medical_monitor",E("event",rec)),
     "event_void":("coordinator",E("event",pl)),
     "amend":("coordinator",E("amend",ser)),
     "causality":("investigator",E("causality",plain)),
     "determine":("medical_monitor",E("determine",rec)),
     "send":("coordinator",E("send",ser,"site_to_sponsor")),
     "void":("coordinator",E("void",ser)),
     "board":("investigator",reverse("adverse_events:board")),
     "rz_early":("coordinator",R("randomize",early)),
     "rz_ready":("coordinator",R("randomize",ready)),
     "rz_done":("coordinator",R("randomize",p)),
     "dispense":("coordinator",R("dispense",v)),
     "unblind":("investigator",R("unblind",p)),
     "kits":("statistician",reverse("randomization:kits")),
     "load_list":("statistician",R("load_list",world.trial)),
     "load_kits":("pharmacist",R("load_kits",world.site)),
     "revealed":("investigator",R("unblind",p)),
    }
    thread=LiveServerThread("127.0.0.1",StaticFilesHandler,connections_override={}); thread.daemon=True
    thread.start(); thread.is_ready.wait(); base=f"http://127.0.0.1:{thread.port}"
    only=[x for x in os.environ.get("ONLY","").split(",") if x]
    with sync_playwright() as pw:
        b=pw.chromium.launch(executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium",args=["--no-sandbox","--disable-gpu"])
        for scheme,(w,h) in [("light",(1366,768)),("light",(390,844)),("dark",(1366,768)),("dark",(390,844))]:
            ctxs={}
            for name,(role,url) in pages.items():
                if only and name not in only: continue
                if role not in ctxs:
                    c=b.new_context(viewport={"width":w,"height":h},color_scheme=scheme); pg=c.new_page()
                    pg.goto(base+reverse("accounts:sign_in")); pg.fill("[name=username]",world.user(Role(role)).username); pg.fill("[name=password]",PASSWORD); pg.click("button[type=submit]:has-text('Continue')"); ctxs[role]=pg
                pg=ctxs[role]; msgs=[]
                pg.on("console",lambda m: msgs.append(m.text) if m.type in("error","warning") else None)
                r=pg.goto(base+url)
                if name=="report_bad":
                    pg.fill("[name=term]","Warm hands"); pg.click("summary:has-text('Seriousness')"); pg.check("[value=hospitalization]"); pg.click("button:has-text('Report event')"); pg.wait_for_load_state()
                if name=="revealed":
                    pg.fill("[name=why]","Seizure; the emergency physician must know"); pg.fill("[name=password]",PASSWORD); pg.click("button:has-text('Show the treatment')"); pg.wait_for_load_state()
                pg.screenshot(path=f"/tmp/h8/{name}-{w}-{scheme}.png",full_page=True)
                wide=pg.evaluate("document.documentElement.scrollWidth>document.documentElement.clientWidth")
                res=Axe().run(pg) if w==1366 or True else None
                bad=[(x["id"],x["nodes"][0]["html"][:150]) for x in res.response["violations"]]
                if wide or bad or msgs or r.status!=200: print(name,w,scheme,r.status,"WIDE" if wide else "",bad,msgs[:3])
        b.close()
    thread.terminate()
