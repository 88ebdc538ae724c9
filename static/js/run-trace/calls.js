// The calls of one step, folded from its events: what it asked, what a person had to allow, what came of it.
import { memberName } from "./turns.js";

const KINDS = { __proto__: null, "model.call": "model", "tool.call": "tool", handoff: "handoff" };
export const CALL_EVENTS = new Set([
  "policy.decided", "approval.requested", "approval.decided", "model.called", "tool.called", "agent.handoff",
]);

/** Folds one event into `calls` (Map by name, in order). Applied twice it changes nothing. */
export function foldCall(calls, event) {
  const { type, at, data } = event;
  if (!data.call) return;
  if (type === "policy.decided") {
    const kind = KINDS[data.action];
    if (kind && !calls.has(data.call)) calls.set(data.call, { call: data.call, kind, start: at, ...decided(data, at) });
    return;
  }
  const call = calls.get(data.call) ?? { call: data.call, kind: "person", start: at, name: "" };
  calls.set(data.call, call);
  if (type === "approval.requested") Object.assign(call, { status: "waiting", name: data.title, end: null });
  else if (type === "approval.decided") afterPerson(call, data, at);
  else ended(call, data, at, type);
}

function decided({ effect, reason }, at) {
  if (effect === "deny") return { status: "blocked", name: reason, end: at };
  return { status: effect === "approve" ? "waiting" : "running", name: "", end: null };
}

function afterPerson(call, data, at) {
  const goesOn = call.kind !== "person" && data.decision === "approve";
  if (goesOn) Object.assign(call, { status: "running", worked: at });
  else Object.assign(call, { status: data.decision === "reject" ? "failed" : "succeeded", end: at, note: data.decision });
}

function ended(call, data, at, type) {
  call.kind = { "model.called": "model", "tool.called": "tool", "agent.handoff": "handoff" }[type];
  call.name = data.model ?? data.tool ?? (data.to ? memberName(data.to) : call.name);
  call.status = !data.status || data.status === "ok" ? "succeeded" : "failed";
  call.end = at;
  call.cost = Math.round((data.cost_usd ?? 0) * 1e9);
  call.tokens = data.tokens;
  call.cached = data.cached;
  call.note = data.error?.code;
}

/** The step is over: what had no answer was cut off. */
export function closeCalls(calls, at) {
  for (const call of calls?.values() ?? []) if (call.end === null) Object.assign(call, { status: "cancelled", end: at });
}
