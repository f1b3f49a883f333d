import { type CidBytes, cidKey } from "@copse/ipld";

/** One fetch under way. Several may want the same block. */
export interface Want {
  readonly cid: CidBytes;
  /** Takes the block, whose hash is checked. */
  onBlock(block: Uint8Array, from: string): void;
  /** A peer says it has it. */
  onHave?(from: string): void;
  /** A peer does not have it, or could not be asked. */
  onDontHave(from: string): void;
  onError(error: Error): void;
}

/** CIDs remembered after their want ended: a second peer's copy is no offence. */
const maxRecent = 8_192;

/** Which blocks are wanted, by CID. */
export class Wants {
  readonly #limit: number;
  readonly #byCid = new Map<string, Set<Want>>();
  readonly #recent = new Set<string>();
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False when there are too many already. */
  add(want: Want): boolean {
    if (this.#count >= this.#limit) return false;
    const key = cidKey(want.cid);
    const same = this.#byCid.get(key);
    if (same === undefined) this.#byCid.set(key, new Set([want]));
    else same.add(want);
    this.#count++;
    return true;
  }

  /** Takes a want out; true when nobody wants its block any more. */
  remove(want: Want): boolean {
    const key = cidKey(want.cid);
    const same = this.#byCid.get(key);
    if (!same?.delete(want)) return false;
    this.#count--;
    if (same.size > 0) return false;
    this.#byCid.delete(key);
    this.#recent.add(key);
    if (this.#recent.size > maxRecent) this.#recent.delete(this.#recent.values().next().value ?? "");
    return true;
  }

  /** Hands a block to all who want it. `cid` is what its bytes hash to. */
  deliver(cid: CidBytes, block: Uint8Array, from: string): "received" | "duplicate" | "unwanted" {
    const key = cidKey(cid);
    const wanting = this.#byCid.get(key);
    if (wanting === undefined) return this.#recent.has(key) ? "duplicate" : "unwanted";
    for (const want of [...wanting]) want.onBlock(block.slice(), from);
    return "received";
  }

  have(cid: CidBytes, from: string): void {
    for (const want of [...(this.#byCid.get(cidKey(cid)) ?? [])]) want.onHave?.(from);
  }

  dontHave(cid: CidBytes, from: string): void {
    for (const want of [...(this.#byCid.get(cidKey(cid)) ?? [])]) want.onDontHave(from);
  }

  failAll(error: Error): void {
    for (const wants of [...this.#byCid.values()]) for (const want of [...wants]) want.onError(error);
  }
}
