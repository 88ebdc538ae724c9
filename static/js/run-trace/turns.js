// Turns: items of a supervisor or a team. A row is called by who takes the turn, not by its number.
import { word } from "./words.js";

const PREFIX = /^(role|user|group|flow):/;
const ROLES = { judge: "judge", moderator: "moderator", second_opinion: "secondOpinion" };
const VERSION = /@\d+$/;

let cast = {};

/** {name, sla} of agents ("writer") and flows ("flow:numbers") as the run is pinned to them. */
export const meet = (found) => (cast = found ?? {});

/** What people call who takes part: an agent and a flow by their names. */
export const memberName = (name) => cast[bare(name)]?.name ?? bare(name).replace(PREFIX, "");

/** Milliseconds that an agent promises to answer within. */
export const slaOf = (name) => (name && cast[bare(name)]?.sla ? cast[bare(name)].sla * 1000 : null);

const bare = (name) => String(name).replace(VERSION, "");

/** {who, part, asked} of what `step.started` says of a turn; nothing for any other step. */
export function turnOf({ turn, input }) {
  if (!turn || typeof input?.agent !== "string") return {};
  const { role, round } = input;
  const part = ROLES[role] ? word(ROLES[role]) : Number.isInteger(round) ? `${word("round")} ${round}` : "";
  return { who: memberName(input.agent), part, asked: input.agent };
}
