// Money and durations as the server's templates write them.
const NANO = 1e9;

/** Dollars from nano-dollars with enough digits to be true: $42.18, $0.0031, $0 for nothing. */
export function usd(nanos) {
  const amount = nanos / NANO;
  if (!amount) return "$0";
  if (amount >= 1) return `$${amount.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  let digits = 2;
  while (digits < 9 && amount * 10 ** digits < 10) digits++;
  const shown = amount.toFixed(Math.max(digits, 3)).replace(/0+$/, "");
  return `$${shown.split(".")[1].length >= 2 ? shown : amount.toFixed(2)}`;
}

/** 12ms, 0.3s, 1m 06s, 2h 05m, 3d 4h, from milliseconds. */
export function duration(millis) {
  const seconds = Math.max(0, millis) / 1000;
  if (seconds < 60) return seconds >= 0.1 || !seconds ? `${seconds.toFixed(1)}s` : `${Math.round(seconds * 1000)}ms`;
  const whole = Math.floor(seconds);
  const two = (number) => String(number).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`;
  return `${Math.floor(whole / 86400)}d ${Math.floor((whole % 86400) / 3600)}h`;
}
