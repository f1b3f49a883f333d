import type { CidBytes } from "@copse/ipld";
import type { AbortOptions } from "@copse/primitives";
import type { BlockEntry } from "../store.ts";
import type { Face } from "./face.ts";
import { after, type Maybe } from "./maybe.ts";

/** What a layer knows of a block without asking below: its bytes, that it is not there, or nothing (`undefined`). */
export type Known = Uint8Array | null | undefined;

/** A face that may know a block itself and else asks the one below. */
export abstract class Layer implements Face {
  protected readonly base: Face;

  constructor(base: Face) {
    this.base = base;
  }

  /** What this layer knows itself. */
  protected abstract peek(cid: CidBytes): Known;

  abstract putMany(entries: readonly BlockEntry[], options?: AbortOptions): Maybe<void>;
  abstract deleteMany(cids: readonly CidBytes[], options?: AbortOptions): Maybe<void>;

  get(cid: CidBytes, options?: AbortOptions): Maybe<Uint8Array | undefined> {
    const known = this.peek(cid);
    if (known === undefined) return this.base.get(cid, options);
    return known ?? undefined;
  }

  has(cid: CidBytes, options?: AbortOptions): Maybe<boolean> {
    const known = this.peek(cid);
    return known === undefined ? this.base.has(cid, options) : known !== null;
  }

  getMany(cids: readonly CidBytes[], options?: AbortOptions): Maybe<(Uint8Array | undefined)[]> {
    const known = cids.map((cid) => this.peek(cid));
    const ask = cids.filter((_, at) => known[at] === undefined);
    if (ask.length === 0) return known.map((bytes) => bytes ?? undefined);
    return after(this.base.getMany(ask, options), (found) => {
      let next = 0;
      return known.map((bytes) => (bytes === undefined ? found[next++] : (bytes ?? undefined)));
    });
  }
}

/** A block's bytes in an array of their own: views of a large chunk would keep all of it alive. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes);
}
