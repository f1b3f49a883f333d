import { cidOf, runSync } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { describe } from "vitest";
import { diffKamt, evmStorage, type KamtOptions, kamtRoot, loadKamt, u256Codec } from "../../src/kamt/index.ts";

const entries = Array.from({ length: 60 }, (_, i) => {
  const slot = i % 3 === 0 ? BigInt(i) : i % 3 === 1 ? (1n << 255n) + BigInt(i * i) : BigInt(i) << BigInt(i * 4);
  return [slot, BigInt(i)] as const;
});
const forms: readonly (readonly [string, KamtOptions<bigint>])[] = [
  ["the EVM's form", evmStorage],
  ["bit width 3, buckets of 3 from depth 1", { ...evmStorage, bitWidth: 3, maxArrayWidth: 3, minDataDepth: 1 }],
  ["bit width 8", { ...evmStorage, bitWidth: 8, maxArrayWidth: 2 }],
];

describe.each(forms)("a KAMT of %s", (_, options) => {
  const { blocks, root } = kamtRoot(entries, u256Codec, options);
  fuzz(
    "a tree whose every block is the same bytes",
    [...blocks, ...kamtRoot([], u256Codec, options).blocks].map(([, block]) => block),
    (bytes) => {
      const honest = new Map(blocks.map(([cid, block]) => [String(cid), block]));
      const store = { getSync: (cid: Uint8Array) => (String(cid) === String(root) ? honest.get(String(cid)) : bytes) };
      const allowed = (run: () => unknown): void => {
        try {
          run();
        } catch (error) {
          if (!isCopseError(error, "kamt/") && !isCopseError(error, "cbor/")) throw error;
        }
      };
      const tree = runSync(loadKamt(cidOf(bytes), u256Codec, options), store);
      let left = 200; // a tree that is the same node all over has more entries than there is time
      const visit = (): boolean => --left > 0;
      allowed(() => runSync(tree.walk(visit), store));
      left = 200;
      allowed(() => runSync(tree.walk(visit, { from: 7n }), store));
      left = 200;
      allowed(() => runSync(diffKamt(root, cidOf(bytes), u256Codec, options).walk(visit), store));
      for (const key of [0n, 7n, (1n << 255n) + 49n, 5n << 20n]) {
        allowed(() => runSync(tree.get(key), store));
        allowed(() => runSync(tree.set(key, 1n), store));
        allowed(() => runSync(tree.delete(key), store));
      }
      tree.flush();
    },
    (error) => isCopseError(error, "kamt/") || isCopseError(error, "cbor/"),
  );
});
