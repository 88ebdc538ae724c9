// The grid that positions lie on.
const GRID = 8;

export const snap = (value) => Math.round(value / GRID) * GRID;
