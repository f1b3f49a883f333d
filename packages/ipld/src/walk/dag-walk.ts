import { equalBytes, isCopseError } from "@copse/primitives";
import type { OnLink, ScanForm } from "../cbor-scan.ts";
import { type CidBytes, chainCidLength, codecs, hashes, inlineBlock, isChainCid, readCid, toCid } from "../cid.ts";
import { type ScanOptions, scanLinks } from "../links.ts";
import { CidSet } from "./cid-set.ts";
import { WalkError } from "./errors.ts";
import { type WalkLimits, walkLimits } from "./limits.ts";
import { forestPolicy, type WalkChoice, type WalkPolicy } from "./policy.ts";
import type { SeenSet } from "./seen-set.ts";

/** How a DAG is walked. */
export interface WalkOptions {
  /** What is done with a block, by its codec. Default: `forestPolicy`. */
  readonly policy?: WalkPolicy | undefined;
  /** What was met before is not met again; new CIDs are added. Default: a `CidSet` of its own. */
  readonly seen?: SeenSet | undefined;
  /** How strictly blocks are scanned. Default: `chain`. */
  readonly form?: ScanForm | undefined;
  /** `skip` goes on where a block is not to be had, and counts it. Default: `fail`. */
  readonly missing?: "fail" | "skip" | undefined;
  /** Told of each block that is not to be had. `cid` is a view. */
  readonly onMissing?: ((cid: CidBytes, depth: number) => void) | undefined;
  readonly limits?: Partial<WalkLimits> | undefined;
  /** Goes on where another walk from the same roots was; `seen` must be what it was then. */
  readonly from?: WalkPlace | undefined;
}

/** Where a walk is, as plain data: the blocks from the roots to it, and how many links of each it has come to. */
export interface WalkPlace {
  /** `cid` is absent for the first, which stands for the roots. */
  readonly path: readonly { readonly cid?: CidBytes; readonly links: number }[];
  /** Whether the next link was asked for and not yet answered: it is seen, and yet to come. */
  readonly isAsked: boolean;
}

/** How far a walk is. */
export interface WalkCounts {
  /** Blocks given. */
  readonly blocks: number;
  /** Bytes of these. */
  readonly bytes: number;
  /** Blocks that were not to be had. */
  readonly missing: number;
  /** Links left alone by the policy. */
  readonly skipped: number;
}

/**
 * The order of a walk, without a store: depth first, a block before what it links to, links in the order of their
 * bytes, what was seen not again. `next()` names the block to load; `give()` or `lack()` answers it.
 *
 * It is the order of snapshot files: Forest's and Lotus's streams are this walk from one root after another over one
 * set. Memory: the blocks between the root and where it is, and eight bytes for each of their links.
 *
 * @see forest:src/ipld/util.rs `stream_chain`
 * @example
 * for (let cid = walk.next(); cid !== undefined; cid = walk.next()) {
 *   const block = walk.inline ?? store.getSync(cid);
 *   if (block === undefined) walk.lack();
 *   else if (walk.give(block)) console.log(toCid(cid), block.length);
 * }
 */
export class DagWalk {
  readonly #policy: WalkPolicy;
  readonly #chainChoice: WalkChoice;
  readonly #seen: SeenSet;
  readonly #limits: WalkLimits;
  readonly #scan: ScanOptions;
  readonly #options: WalkOptions;
  // of each block between a root and here: its CID (none for the roots) and bytes, where its links start, which is next
  readonly #cids: (CidBytes | undefined)[] = [];
  readonly #blocks: Uint8Array[] = [];
  readonly #from: number[] = [];
  readonly #next: number[] = [];
  // offset and length of each of their links; `#end` numbers are in use
  #links: Uint32Array = new Uint32Array(256);
  #end = 0;
  #choice: WalkChoice = "skip";
  #wanted: CidBytes | undefined;
  #inline: Uint8Array | undefined;
  /** Blocks on the way to the place to go on from, to be loaded again; the last first. */
  readonly #back: { readonly cid?: CidBytes; readonly links: number }[] = [];
  /** The next link counts as new: its block was asked for by the walk that this one goes on with. */
  #isAsked = false;
  #given = 0;
  #bytes = 0;
  #missing = 0;
  #skipped = 0;

  /** @throws {CidError} `cid/malformed` where a root is no CID */
  constructor(roots: CidBytes | readonly CidBytes[], options: WalkOptions = {}) {
    this.#options = options;
    this.#policy = options.policy ?? forestPolicy;
    this.#chainChoice = this.#policy(codecs.dagCbor, hashes.blake2b256);
    this.#seen = options.seen ?? new CidSet();
    this.#limits = walkLimits(options.limits);
    const { maxNesting, maxLinks } = this.#limits;
    this.#scan = { form: options.form ?? "chain", maxDepth: maxNesting, maxLinks };
    this.#openRoots(roots instanceof Uint8Array ? [roots] : roots);
    if (options.from !== undefined) this.#goBack(options.from);
  }

  /** What was done so far. */
  get counts(): WalkCounts {
    return { blocks: this.#given, bytes: this.#bytes, missing: this.#missing, skipped: this.#skipped };
  }

  /** Where it is. Give it to another walk as `from`, with the same roots and a set of what was seen. */
  get place(): WalkPlace {
    const isWanted = this.#wanted !== undefined && this.#back.length === 0;
    const path = this.#next.map((next, i) => {
      const cid = this.#cids[i]?.slice();
      const asked = isWanted && i === this.#next.length - 1 ? 1 : 0;
      const links = (next - (this.#from[i] as number)) / 2 - asked;
      return cid === undefined ? { links } : { cid, links };
    });
    return { path: [...path, ...this.#back.toReversed()], isAsked: isWanted || this.#isAsked };
  }

  /** How many links the block of the last `next()` is away from its root. */
  get depth(): number {
    return this.#blocks.length - 1;
  }

  /** The bytes of the block of the last `next()`, where its CID holds them itself. */
  get inline(): Uint8Array | undefined {
    return this.#inline;
  }

  /**
   * The CID of the block to load, a view; the same until it is answered. `undefined` at the end.
   *
   * @throws {WalkError} `walk/too-deep`, `walk/too-many-blocks`
   */
  next(): CidBytes | undefined {
    const back = this.#back.at(-1)?.cid;
    if (back !== undefined) {
      this.#wanted = back;
      this.#inline = inlineBlock(back);
    }
    while (this.#wanted === undefined) {
      const top = this.#blocks.length - 1;
      if (top < 0) return undefined;
      const at = this.#next[top] as number;
      if (at === this.#end) {
        this.#end = this.#from[top] as number;
        this.#cids.pop();
        this.#blocks.pop();
        this.#from.pop();
        this.#next.pop();
        continue;
      }
      this.#next[top] = at + 2;
      const block = this.#blocks[top] as Uint8Array;
      const offset = this.#links[at] as number;
      const length = this.#links[at + 1] as number;
      const choice = this.#choose(block, offset, length);
      if (choice === "skip") this.#skipped++;
      else if (this.#seen.add(block, offset, length) || this.#isAsked) {
        this.#isAsked = false;
        this.#choice = choice;
        this.#wanted = block.subarray(offset, offset + length);
        this.#inline = inlineBlock(this.#wanted);
        if (top > this.#limits.maxDepth) throw this.#broken("walk/too-deep", this.#limits.maxDepth);
      }
    }
    return this.#wanted;
  }

  /**
   * Answers `next()` with the block's bytes, which must stay as they are until its links are walked. True when the
   * block is of those that are given, in this order.
   *
   * @throws {WalkError} `walk/block-malformed`, `walk/block-too-large`, `walk/too-many-blocks`, `walk/too-many-bytes`
   */
  give(block: Uint8Array): boolean {
    const { maxBlockBytes, maxBlocks, maxBytes } = this.#limits;
    if (block.length > maxBlockBytes) {
      const facts = { cid: this.#text(), length: block.length, limit: maxBlockBytes };
      throw new WalkError("walk/block-too-large", facts);
    }
    if (this.#back.length > 0) return this.#openBack(block);
    const isGiven = this.#choice !== "through";
    if (isGiven) {
      if (this.#given >= maxBlocks) throw this.#broken("walk/too-many-blocks", maxBlocks);
      if (this.#bytes + block.length > maxBytes) throw this.#broken("walk/too-many-bytes", maxBytes);
      this.#given++;
      this.#bytes += block.length;
    }
    if (this.#choice !== "emit") this.#open(block);
    this.#wanted = undefined;
    return isGiven;
  }

  /** Answers `next()`: the block is not to be had. Gives false where the walk must not go on. */
  lack(): boolean {
    this.#options.onMissing?.(this.#wanted as CidBytes, this.depth);
    if (this.#options.missing !== "skip" || this.#back.length > 0) return false;
    this.#missing++;
    this.#wanted = undefined;
    return true;
  }

  /** CIDs of at most `limit` blocks that come next for sure, beginning with that of `next()`: what may be loaded ahead. Views. */
  ahead(limit: number): CidBytes[] {
    const found: CidBytes[] = this.#wanted === undefined || this.#inline !== undefined ? [] : [this.#wanted];
    let looks = limit * 4; // links seen before are passed over, but not without end
    for (let top = this.#blocks.length - 1, end = this.#end; top >= 0; end = this.#from[top--] as number) {
      const block = this.#blocks[top] as Uint8Array;
      for (let at = this.#next[top] as number; at < end; at += 2) {
        if (found.length >= limit || looks-- === 0) return found;
        const offset = this.#links[at] as number;
        const length = this.#links[at + 1] as number;
        if (this.#choose(block, offset, length) === "skip" || this.#seen.has(block, offset, length)) continue;
        const cid = block.subarray(offset, offset + length);
        if (inlineBlock(cid) === undefined) found.push(cid);
      }
    }
    return found;
  }

  #choose(block: Uint8Array, offset: number, length: number): WalkChoice {
    if (length === chainCidLength && isChainCid(block, offset)) return this.#chainChoice;
    const { codec, hash } = readCid(block.subarray(offset, offset + length));
    return this.#policy(codec, hash);
  }

  /** The roots are the links of a block that is none. */
  #openRoots(roots: readonly CidBytes[]): void {
    const block = new Uint8Array(roots.reduce((sum, root) => sum + root.length, 0));
    let at = 0;
    this.#push(block);
    for (const root of roots) {
      toCid(root); // nothing but a whole CID
      block.set(root, at);
      this.#onLink(at, root.length);
      at += root.length;
    }
  }

  /** Takes its place up: the blocks on the way are asked for again first. */
  #goBack({ path, isAsked }: WalkPlace): void {
    this.#next[0] = path[0] === undefined ? this.#end : this.#linkAt(0, path[0].links); // nothing is left of no path
    this.#back.push(...path.slice(1).toReversed());
    this.#isAsked = isAsked;
  }

  #openBack(block: Uint8Array): false {
    this.#open(block);
    const { cid, links } = this.#back.pop() as { cid?: CidBytes; links: number };
    const top = this.#blocks.length - 1;
    const opened = this.#cids[top]; // another where this one has no links
    if (cid === undefined || opened === undefined || !equalBytes(opened, cid)) throw this.#lost(cid);
    this.#next[top] = this.#linkAt(top, links);
    this.#wanted = undefined;
    return false;
  }

  #linkAt(frame: number, links: number): number {
    const at = (this.#from[frame] as number) + links * 2;
    if (at > this.#end) throw this.#lost(this.#cids[frame]);
    return at;
  }

  #lost(cid: CidBytes | undefined): WalkError {
    return new WalkError("walk/place-malformed", { cid: cid === undefined ? "the roots" : toCid(cid).toString() });
  }

  #push(block: Uint8Array): void {
    this.#cids.push(this.#wanted);
    this.#blocks.push(block);
    this.#from.push(this.#end);
    this.#next.push(this.#end);
  }

  /** Its links are next. */
  #open(block: Uint8Array): void {
    const start = this.#end;
    try {
      scanLinks(block, this.#onLink, this.#scan);
    } catch (error) {
      if (!isCopseError(error, "cbor/")) throw error;
      throw new WalkError("walk/block-malformed", { cid: this.#text(), why: error.message }, { cause: error });
    }
    if (this.#end === start) return;
    this.#push(block);
    this.#from[this.#from.length - 1] = start;
    this.#next[this.#next.length - 1] = start;
  }

  readonly #onLink: OnLink = (offset, length) => {
    if (this.#end + 2 > this.#links.length) {
      const grown = new Uint32Array(this.#links.length * 2);
      grown.set(this.#links);
      this.#links = grown;
    }
    this.#links[this.#end++] = offset;
    this.#links[this.#end++] = length;
  };

  #text(): string {
    return toCid(this.#wanted as CidBytes).toString();
  }

  #broken(code: "walk/too-deep" | "walk/too-many-blocks" | "walk/too-many-bytes", limit: number): WalkError {
    return new WalkError(code, { cid: this.#text(), limit });
  }
}
