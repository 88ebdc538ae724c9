// Work that is done once a frame, however often it was asked for.
const waiting = new Set();

export function eachFrame(job) {
  if (!waiting.size) requestAnimationFrame(run);
  waiting.add(job);
}

function run() {
  const jobs = [...waiting];
  waiting.clear();
  for (const job of jobs) job();
}
