// Lines that show what a moving card is in line with.
const MOST = 6;
const BEYOND = 20;

/** Path data of the lines through the left and upper edges that `lead` shares with cards that stay. */
export function guideLines(cards, lead, moving) {
  const lines = [];
  for (const card of cards.byId.values()) {
    if (moving.has(card.id) || lines.length >= MOST) continue;
    if (Math.abs(card.x - lead.x) < 1) {
      lines.push(`M${lead.x} ${Math.min(card.y, lead.y) - BEYOND}V${Math.max(card.y + card.h, lead.y + lead.h) + BEYOND}`);
    }
    if (Math.abs(card.y - lead.y) < 1) {
      lines.push(`M${Math.min(card.x, lead.x) - BEYOND} ${lead.y + 24}H${Math.max(card.x + card.w, lead.x + lead.w) + BEYOND}`);
    }
  }
  return lines.join("");
}
