// What a row of the waterfall says: name, second line, time, cost, status. Plain values; the row draws them.
import { duration, usd } from "./format.js";
import { memberName, slaOf } from "./turns.js";
import { statusWord, word } from "./words.js";

const CALL_ICONS = { model: "message-square", tool: "wrench", handoff: "user-check", person: "hand" };
const WAITS = new Set(["approval", "question", "wait"]); // types whose time is not work

export function textOf(entry, trace, now, simulated) {
  if (entry.kind === "run") return ofRun(trace, now);
  if (entry.kind === "call") return ofCall(entry.call, now, simulated);
  return entry.kind === "node" ? ofNode(entry, trace, now) : ofStep(entry.row, trace, now);
}

function ofRun(trace, now) {
  const { status, start, end, cost } = trace;
  return { name: word("run"), note: trace.flow, status, start: start ?? null, end, time: since(start, end ?? now), cost: cost ? usd(cost) : "—" };
}

function ofStep(row, trace, now) {
  const known = trace.nodes[row.node] ?? { name: row.node };
  const name = row.item == null ? known.name : row.who || `[${row.item}]`;
  return { name: row.iteration > 1 && row.item == null ? `${name} (${row.iteration})` : name, note: noteOf(row, known, now), waited: WAITS.has(known.type), ...courseOf(row, now) };
}

function ofNode({ row, rows }, trace, now) {
  const cost = rows.reduce((sum, one) => sum + one.cost, 0);
  const note = `${rows.length} × ${word("iteration")}`;
  return { name: trace.nodes[row.node].name, note, waited: WAITS.has(trace.nodes[row.node].type), ...courseOf({ ...row, start: rows[0].start, cost }, now) };
}

function courseOf(row, now) {
  const { status, start, end } = row;
  const cost = (row.items ?? []).reduce((sum, item) => sum + item.cost, row.cost); // what its items and turns cost is its own
  const running = status === "running" || status === "waiting";
  const sum = cost > row.cost ? "Σ " : "";
  return { status, start, end, time: since(start, end ?? (running ? now : null)), cost: cost ? `${sum}${usd(cost)}` : "—", costTitle: sum && word("sum") };
}

function noteOf(row, known, now) {
  const parts = row.part ? [row.part] : [];
  const promised = row.status === "running" && promiseOf(row, known);
  if (promised) parts.push(`${word("sla")} ${duration(now - promised.since)} ${word("of")} ${duration(promised.limit)}`);
  if (row.attempts > 1) parts.push(`${word("attempt")} ${row.attempts}${known.attempts > 1 ? ` ${word("of")} ${known.attempts}` : ""}`);
  if (row.items?.length) parts.push(progress(row.items, word(known.turns ? "turns" : "items")));
  if (row.status === "failed" && row.note) parts.push(row.note);
  else if (row.ports?.length && !(row.ports.length === 1 && row.ports[0] === "out")) parts.push(row.ports.join(", "));
  if (row.agent && parts.length < 2) parts.push(playerOf(row, row.who ?? known.name));
  return parts.filter(Boolean).join(" · ");
}

/** Who plays it, with the version; the name alone where the row is called so already. */
function playerOf({ agent, who }, name) {
  const [, number] = agent.split("@");
  const player = memberName(agent);
  if (player === name) return who || !number ? "" : `v${number}`;
  return number ? `${player} v${number}` : player;
}

/** The SLA of the agent that works now, and since when it is measured. */
function promiseOf({ agent, asked, attempts, tried, start, items }, known) {
  const limit = items?.length ? null : slaOf(agent ?? asked ?? known.agent);
  const since = attempts > 1 ? (tried ?? start) : start;
  return limit && since != null ? { limit, since } : null;
}

function progress(items, what) {
  const done = items.filter((item) => item.end !== null).length;
  const failed = items.filter((item) => item.status === "failed").length;
  return `${done} ${word("of")} ${items.length} ${what}${failed ? `, ${failed} ${word("failed")}` : ""}`;
}

function ofCall(call, now, simulated) {
  const name = call.name || word(call.kind === "tool" ? "tool" : "call");
  const notes = [];
  if (call.cached) notes.push(word("cached"));
  else if (call.tokens && (call.tokens.input || call.tokens.output)) notes.push(`${call.tokens.input.toLocaleString()} ${word("in")}, ${call.tokens.output.toLocaleString()} ${word("out")}`);
  if (call.kind === "model" && simulated.has(name.split("/")[0])) notes.push(word("simulated"));
  if (call.note) notes.push(call.note);
  const { status, start, end, cost, worked } = call;
  return { name, note: notes.join(" · "), status, start, end, worked, waited: call.kind === "person", icon: CALL_ICONS[call.kind], time: since(start, end ?? now), cost: cost ? usd(cost) : "—" };
}

function since(start, until) {
  return start == null || until == null ? "—" : duration(until - start);
}

export function labelOf(shown) {
  return `${statusWord(shown.status)}, ${shown.time}`;
}
