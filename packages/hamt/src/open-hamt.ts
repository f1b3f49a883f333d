import type { CidBytes, Codec, Fetching } from "@copse/ipld";
import { Hamt } from "./hamt.ts";
import { keysOf } from "./keys.ts";
import { type HamtOptions, type KeyedHamtOptions, layoutOf } from "./layout.ts";
import { loadNode } from "./load-node.ts";
import { wholeRoom } from "./room.ts";

/**
 * An empty HAMT.
 *
 * @throws {HamtError} `hamt/bit-width-unsupported`, `hamt/option-out-of-range`, `hamt/hash-length`
 * @example
 * createHamt(linkCodec, { version: 3 }).isEmpty // => true
 */
export function createHamt<V, K>(codec: Codec<V>, options: KeyedHamtOptions<K>): Hamt<V, K>;
export function createHamt<V>(codec: Codec<V>, options: HamtOptions): Hamt<V>;
export function createHamt<V, K>(codec: Codec<V>, options: HamtOptions | KeyedHamtOptions<K>): Hamt<V, K> {
  return new Hamt(codec, keysOf(options), layoutOf(options));
}

/**
 * Opens the HAMT of a root.
 *
 * @throws {HamtError} `hamt/bit-width-unsupported`, `hamt/option-out-of-range`, `hamt/hash-length`, or its node is none
 * @example
 * const actors = runSync(loadHamt(stateRoot, actorCodec, { version: 0 }), store);
 */
export function loadHamt<V, K>(root: CidBytes, codec: Codec<V>, options: KeyedHamtOptions<K>): Fetching<Hamt<V, K>>;
export function loadHamt<V>(root: CidBytes, codec: Codec<V>, options: HamtOptions): Fetching<Hamt<V>>;
export function* loadHamt<V, K>(
  root: CidBytes,
  codec: Codec<V>,
  options: HamtOptions | KeyedHamtOptions<K>,
): Fetching<Hamt<V, K>> {
  const layout = layoutOf(options);
  return new Hamt(codec, keysOf(options), layout, loadNode(yield root, layout, 0, wholeRoom), root.slice());
}
