import { isCopseError } from "@copse/primitives";
import * as dagCbor from "@ipld/dag-cbor";
import { type CidBytes, cidKey, cidOf, makeCid, toCid } from "../../src/index.ts";

/** A store of both kinds, with a count of what was asked of it. */
export interface TestStore {
  readonly blocks: Map<string, Uint8Array>;
  readonly asked: string[];
  getSync(cid: CidBytes): Uint8Array | undefined;
  getBytes(cid: CidBytes, options?: { signal?: AbortSignal | undefined }): Promise<Uint8Array | undefined>;
  putManySync(entries: Iterable<readonly [CidBytes, Uint8Array]>): void;
  putManyBytes(entries: Iterable<readonly [CidBytes, Uint8Array]>): Promise<void>;
  /** Puts a value by @ipld/dag-cbor. */
  value(value: unknown): CidBytes;
  raw(bytes: Uint8Array, codec?: number): CidBytes;
}

export function createTestStore(): TestStore {
  const blocks = new Map<string, Uint8Array>();
  const asked: string[] = [];
  const put = (cid: CidBytes, block: Uint8Array): CidBytes => {
    blocks.set(cidKey(cid), block);
    return cid;
  };
  return {
    blocks,
    asked,
    getSync(cid) {
      asked.push(toCid(cid).toString());
      return blocks.get(cidKey(cid));
    },
    async getBytes(cid) {
      asked.push(toCid(cid).toString());
      await Promise.resolve();
      return blocks.get(cidKey(cid));
    },
    putManySync(entries) {
      for (const [cid, block] of entries) put(cid, block);
    },
    async putManyBytes(entries) {
      for (const [cid, block] of entries) put(cid, block);
    },
    value(value) {
      const block = Uint8Array.from(dagCbor.encode(value));
      return put(cidOf(block), block);
    },
    raw: (bytes, codec = 0x55) => put(makeCid(bytes, { codec }), bytes),
  };
}

/** The code that a function throws with. */
export function codeOf(run: () => unknown): string {
  try {
    run();
    return "accepted";
  } catch (error) {
    if (isCopseError(error)) return error.code;
    throw error;
  }
}

/** The code that a promise rejects with. */
export async function codeOfAsync(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
    return "accepted";
  } catch (error) {
    if (isCopseError(error)) return error.code;
    throw error;
  }
}
