import { type CidBytes, cidOf, rawCidOf, toCid } from "@copse/ipld";
import { equalBytes, isCopseError, toHex } from "@copse/primitives";
import { BlockstoreError } from "../errors.ts";
import type { AsyncStore, SyncReads } from "../store.ts";

/** What a store may be other than most: rules that do not apply are not run, or ask for less. */
export interface StoreTraits {
  /** Blocks are found by multihash, whatever version and codec the CID has. */
  readonly byMultihash?: boolean | undefined;
  /** The store cannot list its blocks: `entries` and `getAll` throw `blockstore/unlisted`. */
  readonly unlisted?: boolean | undefined;
  /** The store checks hashes: blocks whose hash it cannot know are not tried. */
  readonly verifies?: boolean | undefined;
  /** The longest CID it takes, where that is less than `maxCidBytes`; longer ones are not tried. */
  readonly longestCid?: number | undefined;
}

/** A rule: ends without a word, or throws `blockstore/not-compliant`. */
export type Rule<Subject> = (subject: Subject, traits: StoreTraits) => Promise<void>;

/** Rules by what they say. */
export type Rules<Subject> = Readonly<Record<string, Rule<Subject>>>;

/** Ends a test that found something else than the rule says. */
export function mustBe(rule: string, holds: boolean, found = "otherwise"): void {
  if (!holds) throw new BlockstoreError("blockstore/not-compliant", { rule, found });
}

/** Two byte strings, either perhaps absent, are the same. */
export function mustEqual(rule: string, found: Uint8Array | undefined, expected: Uint8Array | undefined): void {
  const same = found === undefined || expected === undefined ? found === expected : equalBytes(found, expected);
  mustBe(rule, same, found === undefined ? "nothing" : toHex(found.subarray(0, 64)));
}

/** The work throws an error of that code, and of that name where one is given. */
export async function mustThrow(rule: string, work: () => unknown, code: string, name?: string): Promise<void> {
  try {
    await work();
  } catch (error) {
    mustBe(rule, isCopseError(error) && error.code === code && (name ?? error.name) === error.name, String(error));
    return;
  }
  mustBe(rule, false, "no error");
}

/** Every way of reading a block gives `expected`; where that is `undefined`, every way says that it is not there. */
export async function mustHold(
  rule: string,
  store: AsyncStore,
  cid: CidBytes,
  expected: Uint8Array | undefined,
): Promise<void> {
  const there = expected !== undefined;
  mustEqual(`${rule}: getBytes`, await store.getBytes(cid), expected);
  mustBe(`${rule}: hasBytes`, (await store.hasBytes(cid)) === there);
  const [one] = await store.getManyBytes([cid]);
  mustEqual(`${rule}: getManyBytes`, one, expected);
  mustBe(`${rule}: has`, (await store.has(toCid(cid))) === there);
  const get = (): Promise<Uint8Array> => joined(store.get(toCid(cid)));
  if (there) mustEqual(`${rule}: get`, await get(), expected);
  else await mustThrow(`${rule}: get`, get, "blockstore/not-found", "NotFoundError");
  if (!readsAtOnce(store)) return;
  mustEqual(`${rule}: getSync`, store.getSync(cid), expected);
  mustBe(`${rule}: hasSync`, store.hasSync(cid) === there);
}

/** Whether a store answers at once too. */
export function readsAtOnce(store: AsyncStore): store is AsyncStore & SyncReads {
  return "getSync" in store && "hasSync" in store;
}

/** A block that no other seed gives: a CBOR byte string of `size` bytes or so. */
export function sampleBlock(seed: number, size = 32): readonly [cid: CidBytes, bytes: Uint8Array] {
  const bytes = new Uint8Array(size + 7);
  bytes.set([0x5a, size >>> 24, size >>> 16, size >>> 8, size]);
  new DataView(bytes.buffer).setUint32(size + 3, seed);
  return [seed % 3 === 0 ? rawCidOf(bytes) : cidOf(bytes), bytes];
}

/** Blocks of that many seeds, from `first` on. */
export function sampleBlocks(first: number, count: number): (readonly [cid: CidBytes, bytes: Uint8Array])[] {
  return Array.from({ length: count }, (_, i) => sampleBlock(first + i));
}

/** All that an interface-store iterable gives, in one array. */
export async function joined(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    length += chunk.length;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Everything an iterable gives. */
export async function gathered<T>(source: Iterable<T> | AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}
