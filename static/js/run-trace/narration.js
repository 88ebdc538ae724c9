// One line of the log: what an event says, and the status that colours it.
import { duration, usd } from "./format.js";
import { word } from "./words.js";

const place = ({ node, iteration, item }) => `${node}${iteration > 1 ? ` (${iteration})` : ""}${item == null ? "" : ` [${item}]`}`;
const because = (error) => (error ? `${error.code}: ${error.message}` : "");
const dollars = (amount) => usd((amount ?? 0) * 1e9);
const called = (name, { status, error, cost_usd, cached, tokens }) =>
  [name, error ? because(error) : status, cached ? "cached" : tokens ? `${tokens.input} in, ${tokens.output} out` : "", cost_usd ? dollars(cost_usd) : ""];

const SAYS = {
  "run.created": ({ user }) => [user],
  "run.finished": ({ status, error }) => [status, because(error)],
  "run.waiting": ({ waiting }) => (waiting ?? []).map(({ kind, node }) => `${kind} at ${node}`),
  "step.finished": ({ status, ports, error }) => [status, because(error), (ports ?? []).filter((port) => port !== "out").map((port) => `→ ${port}`).join(" ")],
  "step.retrying": ({ after_s, error }) => [`in ${duration((after_s ?? 0) * 1000)}`, because(error)],
  "step.waiting": ({ kind, until }) => [kind, until],
  "model.called": (data) => called(data.model, data),
  "tool.called": (data) => called(data.tool, data),
  "agent.handoff": ({ from, to }) => [`${from} → ${to}`],
  "choice.made": ({ chosen, reason, kind }) => [`${kind}: ${(chosen ?? []).join(", ") || "nothing"}`, reason],
  "policy.decided": ({ effect, action, policies, reason }) => [`${effect} ${action}`, (policies ?? []).join(", "), effect === "allow" ? "" : reason],
  "privacy.found": ({ where, entities, action }) => [where, (entities ?? []).join(", "), action],
  "budget.reserved": ({ amount_usd }) => [dollars(amount_usd)],
  "budget.settled": ({ cost_usd }) => [dollars(cost_usd)],
  "budget.exceeded": ({ reason }) => [reason],
  "approval.requested": ({ title, reviewers }) => [title, (reviewers ?? []).join(", ")],
  "approval.decided": ({ decision, by, reason }) => [decision, (by ?? []).join(", "), reason],
  note: ({ kind, text, run, error }) => [kind, text, run, because(error)],
};

/** `simulated`: the providers whose answers come from a script. */
export function said(event, simulated) {
  const parts = [...(SAYS[event.type]?.(event.data) ?? [])];
  if (simulated.has(event.data.model?.split("/")[0])) parts.splice(1, 0, word("simulated"));
  return [event.node ? place(event) : "", ...parts].filter((part) => part && typeof part === "string").join(" · ");
}

export function colour({ type, data }) {
  if (type === "policy.decided") return { deny: "blocked", approve: "waiting" }[data.effect] ?? "queued";
  if (type === "step.retrying" || data.error) return "failed";
  if (type.startsWith("approval.") || type.endsWith(".waiting")) return "waiting";
  if (type === "privacy.found") return "blocked";
  if (type.endsWith(".finished")) return data.status;
  return type === "choice.made" || type.endsWith(".called") ? "succeeded" : type.endsWith(".started") ? "running" : "queued";
}
