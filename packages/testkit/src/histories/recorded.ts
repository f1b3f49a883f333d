import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { agree, type History, type Player, play } from "./history.ts";

/** A history with what the references answered to it. */
export interface RecordedHistory extends Omit<History, "judges"> {
  /** Libraries that answered, with their versions; where there are several, all gave the same roots. */
  readonly by: readonly string[];
  /** An answer a line: `RESULT`, or `RESULT ROOT` with the first 8 bytes of the root's digest in hex. */
  readonly said: readonly string[];
  /** The last root's whole digest, or the bit field's bytes. */
  readonly root: string;
}

/** The histories of a file of JSON lines, gzipped. */
export function readHistories(file: string | URL): RecordedHistory[] {
  const text = gunzipSync(readFileSync(file)).toString("utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as RecordedHistory);
}

/** Plays a recorded history; tells the first answer that differs from the references', or nothing. */
export function firstDifference(player: Player, recorded: RecordedHistory): string | undefined {
  let last = "";
  for (const [i, line] of recorded.lines.entries()) {
    const theirs = recorded.said[i] as string;
    last = play(player, recorded.mode, line);
    if (!agree(line, last, theirs)) {
      return `${recorded.start}, seed ${recorded.seed}, step ${i}, ${line}: ${last}, but ${recorded.by} say ${theirs}`;
    }
  }
  const root = last.split(" ")[1];
  return root === recorded.root
    ? undefined
    : `${recorded.start}, seed ${recorded.seed}: last root ${root}, expected ${recorded.root}`;
}
