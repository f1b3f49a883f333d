import { type CidBytes, cidOf, rawCidOf } from "@copse/ipld";
import { equalBytes, isCopseError, toHex } from "@copse/primitives";
import { BlockstoreError } from "../errors.ts";

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

/** A block that no other seed gives: a CBOR byte string of `size` bytes or so. */
export function sampleBlock(seed: number, size = 32): readonly [cid: CidBytes, bytes: Uint8Array] {
  const bytes = new Uint8Array(size + 7);
  bytes.set([0x5a, size >>> 24, size >>> 16, size >>> 8, size]);
  new DataView(bytes.buffer).setUint32(size + 3, seed);
  return [seed % 3 === 0 ? rawCidOf(bytes) : cidOf(bytes), bytes];
}

/** All that an interface-store iterable gives, in one array. */
export async function joined(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: number[] = [];
  for await (const chunk of chunks) parts.push(...chunk);
  return Uint8Array.from(parts);
}
