// Turns: items of a supervisor or a team. A row is called by who takes the turn, not by its number.
import { word } from "./words.js";

const PREFIX = /^(role|user|group|flow):/;
const ROLES = { judge: "judge", moderator: "moderator", second_opinion: "secondOpinion" };
const VERSION = /@\d+$/;

export const shownName = (name) => String(name).replace(PREFIX, "").replace(VERSION, "");

/** {who, part} of what `step.started` says of a turn; nothing for any other step. */
export function turnOf({ turn, input }) {
  if (!turn || typeof input?.agent !== "string") return {};
  const { role, round } = input;
  const part = ROLES[role] ? word(ROLES[role]) : Number.isInteger(round) ? `${word("round")} ${round}` : "";
  return { who: shownName(input.agent), part };
}
