// Turns: items of a supervisor or a team. A row is called by who takes the turn, not by its number.
import { word } from "./words.js";

const PREFIX = /^(role|user|group|flow):/;
const ROLES = { __proto__: null, judge: "judge", moderator: "moderator", second_opinion: "secondOpinion" };
const VERSION = /^([^/]+)@\d+$/; // a model has a "/"

let cast = new Map();

/** {name, sla} of agents ("writer", "writer@1") and flows ("flow:numbers") as the run is pinned to them. */
export const meet = (found) => (cast = new Map(Object.entries(found ?? {})));

const known = (name) => cast.get(String(name)) ?? cast.get(bare(name));

/** What people call who takes part: an agent and a flow by their names. */
export const memberName = (name) => known(name)?.name ?? bare(name).replace(PREFIX, "");

/** Milliseconds that an agent promises to answer within. */
export const slaOf = (name) => (name && known(name)?.sla ? known(name).sla * 1000 : null);

const bare = (name) => String(name).replace(VERSION, "$1");

/** {who, part, asked} of what `step.started` says of a turn; nothing for any other step. */
export function turnOf({ turn, input }) {
  if (!turn || typeof input?.agent !== "string") return {};
  const { role, round } = input;
  const part = ROLES[role] ? word(ROLES[role]) : Number.isInteger(round) ? `${word("round")} ${round}` : "";
  return { who: memberName(input.agent), part, asked: input.agent };
}
