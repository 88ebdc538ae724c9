import json, time
from governance import documents
from tests.flows.drawings import node, flow
from tests.runs.views.people import signed_in
def test_t(demo_with_flows):
    middle = [node(f"n{n}", "agent", {"agent": "billing-specialist", "text": "{{ input.x }}"}) for n in range(498)]
    ids = ["start", *(i["id"] for i in middle), "done"]
    body = flow([node("start","start"), *middle, node("done","end")], [], slug="big") 
    body["edges"]=[{"from": a, "to": b} for a, b in zip(ids, ids[1:])]
    documents.save_draft(demo_with_flows, "flow", "big", body, None)
    c=signed_in("ada")
    rev=1
    for k in range(4):
        a=time.perf_counter(); b=time.process_time()
        r=c.post("/projects/demo/flows/big/operations/", json.dumps({"revision":rev,"operations":[{"op":"move","positions":{"n3":{"x":k,"y":2}}},{"op":"configure","node":"n5","set":{"name":f"x{k}"}}]}), content_type="application/json")
        print("op ms", round((time.perf_counter()-a)*1000), "cpu", round((time.process_time()-b)*1000), r.status_code, len(r.content)); rev+=1
    import cProfile,pstats
    p=cProfile.Profile(); p.enable()
    c.post("/projects/demo/flows/big/operations/", json.dumps({"revision":rev,"operations":[{"op":"move","positions":{"n3":{"x":9,"y":2}}}]}), content_type="application/json")
    p.disable(); pstats.Stats(p).sort_stats("cumtime").print_stats(45)
    a=time.perf_counter(); r=c.get("/projects/demo/flows/big/"); print("page ms", round((time.perf_counter()-a)*1000), len(r.content))
    assert 0
