import type { CidBytes, Codec } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import { type DiffForm, type DiffTask, diffForm, HamtDiff } from "./diff.ts";
import { keysOf } from "./keys.ts";
import { type HamtOptions, type KeyedHamtOptions, layoutOf } from "./layout.ts";

/**
 * The changes from one tree to another, by their roots.
 *
 * Cost: the blocks that are in one of the trees only. Of equal roots not even those are read.
 *
 * @throws {HamtError} `hamt/bit-width-unsupported`, `hamt/option-out-of-range`, `hamt/hash-length`
 * @see go-hamt-ipld:diff.go
 * @example
 * for (const change of diffHamt(before, after, actorCodec, { version: 3 }).changes(store)) console.log(change.kind);
 */
export function diffHamt<V, K>(
  before: CidBytes,
  after: CidBytes,
  codec: Codec<V>,
  options: KeyedHamtOptions<K>,
): HamtDiff<V, K>;
export function diffHamt<V>(before: CidBytes, after: CidBytes, codec: Codec<V>, options: HamtOptions): HamtDiff<V>;
export function diffHamt<V, K>(
  before: CidBytes,
  after: CidBytes,
  codec: Codec<V>,
  options: HamtOptions | KeyedHamtOptions<K>,
): HamtDiff<V, K> {
  return new HamtDiff(formOf(codec, options), tasksOf(before, after));
}

function formOf<V, K>(codec: Codec<V>, options: HamtOptions | KeyedHamtOptions<K>): DiffForm<V, K> {
  const side = { layout: layoutOf(options), codec };
  return diffForm(side, side, keysOf(options));
}

function tasksOf(before: CidBytes, after: CidBytes): DiffTask[] {
  return equalBytes(before, after) ? [] : [{ before: before.slice(), after: after.slice(), depth: 0 }];
}
