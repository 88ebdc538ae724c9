// One line of the log: what an event says, and the status that colours it.
import { duration, usd } from "./format.js";
import { memberName, turnOf } from "./turns.js";
import { word } from "./words.js";

const place = ({ iteration, item }, name, who) => `${name}${iteration > 1 ? ` (${iteration})` : ""}${item == null ? "" : who ? `: ${who}` : ` [${item}]`}`;
const because = (error) => (error ? `${error.code}: ${error.message}` : "");
const dollars = (amount) => usd((amount ?? 0) * 1e9);
const called = (name, { status, error, cost_usd, cached, tokens }) =>
  [name, error ? because(error) : status, cached ? word("cached") : tokens ? `${tokens.input} ${word("in")}, ${tokens.output} ${word("out")}` : "", cost_usd ? dollars(cost_usd) : ""];

const SAYS = {
  __proto__: null,
  "run.created": ({ user }) => [user],
  "run.finished": ({ status, error }) => [status, because(error)],
  "run.waiting": ({ waiting }, nodes) => (waiting ?? []).map(({ kind, node }) => `${kind} ${word("at")} ${nodes[node]?.name ?? node}`),
  "step.started": (data) => (data.turn ? [turnOf(data).part, data.input?.task] : []),
  "step.finished": ({ status, ports, error }) => [status, because(error), (ports ?? []).filter((port) => port !== "out").map((port) => `→ ${port}`).join(" ")],
  "step.retrying": ({ after_s, error }) => [`${word("after")} ${duration((after_s ?? 0) * 1000)}`, because(error)],
  "step.waiting": ({ kind, until }) => [kind, until],
  "model.called": (data) => called(data.model, data),
  "tool.called": (data) => called(data.tool, data),
  "agent.handoff": ({ from, to }) => [`${memberName(from)} ${word("hands")} ${memberName(to)}`],
  "choice.made": ({ chosen, reason, kind }) => kind === "out_of_scope" ? [`${word("outOfScope")}: ${(chosen ?? []).map(memberName).join(", ") || word("nobody")}`, reason] : [`${word(CHOICES[kind] ?? "") || kind}: ${(chosen ?? []).join(", ") || word("nothing")}`, reason],
  "policy.decided": ({ effect, action, policies, reason }) => [`${effect} ${action}`, (policies ?? []).join(", "), effect === "allow" ? "" : reason],
  "privacy.found": ({ where, entities, action }) => [where, (entities ?? []).join(", "), action],
  "budget.reserved": ({ amount_usd }) => [dollars(amount_usd)],
  "budget.settled": ({ cost_usd }) => [dollars(cost_usd)],
  "budget.exceeded": ({ reason }) => [reason],
  "approval.requested": ({ title, reviewers }) => [title, (reviewers ?? []).join(", ")],
  "approval.decided": ({ decision, by, reason }) => [decision, (by ?? []).join(", "), reason],
  note: ({ kind, round, text, run, error, agent }) =>
    [kind === "plan" ? `${word("plan")} ${round}` : REPORTS[kind] && agent ? `${memberName(agent)} ${word(REPORTS[kind])}` : kind, text, run, because(error)],
};
const REPORTS = { __proto__: null, status: "reports", help: "asksForHelp", escalate: "escalates" };
const CHOICES = { __proto__: null, delegation: "choiceDelegation", speaker: "choiceSpeaker", team: "choiceTeam", router: "choiceRouter", fallback: "choiceFallback" };

/** `simulated`: the providers whose answers come from a script; `who` takes the turn that the event belongs to; `nodes`
 * says what steps are called. */
export function said(event, simulated, nodes, who) {
  const name = nodes[event.node]?.name ?? event.node;
  const parts = [...(SAYS[event.type]?.(event.data, nodes) ?? [])];
  if (simulated.has(event.data.model?.split("/")[0])) parts.splice(1, 0, word("simulated"));
  return [event.node ? place(event, name, who) : "", ...parts].filter((part) => part && typeof part === "string").join(" · ");
}

export function colour({ type, data }) {
  if (type === "policy.decided") return { deny: "blocked", approve: "waiting" }[data.effect] ?? "queued";
  if (type === "step.retrying" || data.error) return "failed";
  if (type.startsWith("approval.") || type.endsWith(".waiting")) return "waiting";
  if (type === "note" && REPORTS[data.kind]) return data.kind === "status" ? "running" : "waiting";
  if (type === "privacy.found") return "blocked";
  if (type.endsWith(".finished")) return data.status;
  return type === "choice.made" || type.endsWith(".called") ? "succeeded" : type.endsWith(".started") ? "running" : "queued";
}
