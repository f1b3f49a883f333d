import { type CidBytes, cidKey, type Fetching } from "@copse/ipld";

/** Blocks that were read, by CID. */
export class ReadRecord {
  readonly #blocks = new Map<string, readonly [cid: CidBytes, block: Uint8Array]>();

  /** A block that was read before, or `undefined`. */
  get(cid: CidBytes): Uint8Array | undefined {
    return this.#blocks.get(cidKey(cid))?.[1];
  }

  /** Notes a block. Both byte arrays are copied. */
  add(cid: CidBytes, block: Uint8Array): void {
    const key = cidKey(cid);
    if (!this.#blocks.has(key)) this.#blocks.set(key, [cid.slice(), block.slice()]);
  }

  /** Each block once, in the order in which they were first read. */
  blocks(): (readonly [cid: CidBytes, block: Uint8Array])[] {
    return [...this.#blocks.values()];
  }
}

/**
 * The same algorithm, and a record of each block that it reads: with them alone it can be run again. What was read once
 * is not asked for a second time.
 *
 * @example
 * const record = new ReadRecord();
 * const claim = runSync(recordReads(powerClaim(tree, miner), record), store);
 * record.blocks() // the path to the claim
 */
export function* recordReads<T>(steps: Fetching<T>, record: ReadRecord): Fetching<T> {
  let step = steps.next();
  while (step.done !== true) {
    const cid = step.value;
    let block = record.get(cid);
    if (block === undefined) {
      const asked = cid.slice();
      try {
        block = yield asked;
      } catch (error) {
        step = steps.throw(error);
        continue;
      }
      record.add(asked, block);
    }
    step = steps.next(block);
  }
  return step.value;
}
