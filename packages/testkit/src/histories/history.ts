import { createHash } from "node:crypto";

/**
 * Operations on a tree or a bit field, one a line, which the reference libraries can be made to repeat.
 *
 * Lines: `set KEY VALUE`, `setnew KEY VALUE`, `replace EACH VALUE`, `get KEY`, `has KEY`, `del KEY`, `delmany I,J [strict]`,
 * `clear`, `each`, `from KEY MAX`, `each START MAX`, `first`, `last`, `count`, `mark`, `diff`, `reload`, `root`; those of bit fields name the
 * registers 0 to 7 they work on. Keys are hex, or indexes in decimal; values are DAG-CBOR in hex.
 */
export interface History {
  readonly seed: number;
  /** What is made: `hamt 3 5 sha256`, `hamt 3 5 sha256 MINDATADEPTH BUCKET`, `kamt 8 0 3 bytes`, `amt 0 3`, `bits`. */
  readonly start: string;
  /** `every`: flushed after each line. `sparse`: only at `root`, so that changes pile up in memory. */
  readonly mode: "every" | "sparse";
  readonly lines: readonly string[];
  /** Which references judge it; both where they agree by their source. */
  readonly judges: readonly ("rust" | "go")[];
}

/** What a library answers; `Player.op` throws what it throws. */
export interface Player {
  /** The result of a line, `?` where there is no such operation. */
  op(words: readonly string[]): string;
  /** Flushes; the root's digest in hex, or a bit field's bytes. */
  root(words: readonly string[]): string;
  /** The word of an error the references know too: `depth`, `index`, `nokey`, `absent`. */
  kindOf(error: unknown): string;
}

/** Plays a line: `RESULT` or `RESULT ROOT`, in the form of the references' answers. */
export function play(player: Player, mode: History["mode"], line: string): string {
  const words = line.split(" ");
  let said: string;
  try {
    said = player.op(words);
  } catch (error) {
    said = `!${player.kindOf(error)}`;
  }
  return mode === "every" || words[0] === "root" ? `${said} ${player.root(words)}` : said;
}

/**
 * Whether two answers to a line say the same as far as both say something: `?` is silent, a library that tells no old
 * value tells whether there was one, and a root may be cut short.
 */
export function agree(line: string, ours: string, theirs: string): boolean {
  const [said = "", root = ""] = ours.split(" ");
  const [told = "", known = ""] = theirs.split(" ");
  if (root !== known && (root === "" || known === "" || !(root.startsWith(known) || known.startsWith(root))))
    return false;
  if (said === told || said === "?" || told === "?") return true;
  // a walk from a key that is not there fails by any name
  if (said.startsWith("!") || told.startsWith("!")) return line.startsWith("from ") && said[0] === told[0];
  if (said === "ok" || told === "ok") return true;
  if (line === "count") return told.endsWith(":?") && said.split(":")[0] === told.split(":")[0];
  const flags = [said, told].filter((answer) => answer === "true" || answer === "false");
  if (flags.length !== 1) return false;
  const value = said === flags[0] ? told : said;
  if (line.startsWith("del ")) return (flags[0] === "true") === (value !== "-");
  if (line.startsWith("set ")) return (flags[0] === "true") === (value !== line.split(" ")[2]);
  return false;
}

/** Count and digest of a walk, as the references' programs make it. */
export function digestOf(): { add(...parts: Uint8Array[]): void; done(): string } {
  const hash = createHash("sha256");
  let count = 0;
  return {
    add: (...parts) => {
      for (const part of parts) hash.update(part);
      count++;
    },
    done: () => `${count}:${hash.digest("hex").slice(0, 16)}`,
  };
}
