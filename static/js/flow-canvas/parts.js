// Parts that are loaded when they are first needed.
import { say } from "./words.js";

/** The module of a part, asked for by `import()`; null, and a sentence, where it can't be loaded. */
export async function loaded(canvas, part) {
  canvas.awaited += 1;
  try {
    return await part;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // import: no connection
    canvas.refuse(say("not-loaded"));
    return null;
  } finally {
    canvas.awaited -= 1;
  }
}
