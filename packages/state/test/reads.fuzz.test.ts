import { cidKey, runSync } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { Address } from "@copse/types";
import { describe } from "vitest";
import {
  accountKey,
  loadStateTree,
  minerInfo,
  minerState,
  networkName,
  powerClaim,
  powerTotals,
} from "../src/index.ts";
import { madeState } from "./made-state.ts";

const allowed = [
  "state/",
  "hamt/",
  "cbor/",
  "cid/",
  "address/",
  "amount/",
  "varint/",
  "bitfield/",
  "host/block-missing",
];
const isAllowed = (error: unknown): boolean => allowed.some((prefix) => isCopseError(error, prefix));

describe.each([0, 7, 16])("state of actors v%i with one damaged block", (actors) => {
  const { root, store } = madeState(actors);
  const blocks = [...store.blocks];
  fuzz(
    "every read",
    blocks.map(([, block]) => block),
    (bytes) => {
      // the damaged block stands in for the one it is most like: the longest common start
      const [name] = blocks.toSorted((a, b) => common(b[1], bytes) - common(a[1], bytes))[0] as [string, Uint8Array];
      const reader = { getSync: (cid: Uint8Array) => (cidKey(cid) === name ? bytes : store.blocks.get(cidKey(cid))) };
      const tree = runSync(loadStateTree(root), reader);
      const miner = Address.id(1000);
      const reads = [
        () => runSync(networkName(tree), reader),
        () => runSync(minerInfo(tree, miner), reader),
        () => runSync(minerState(tree, miner), reader),
        () => runSync(accountKey(tree, Address.id(100)), reader),
        () => runSync(powerClaim(tree, miner), reader),
        () => runSync(powerTotals(tree), reader),
      ];
      for (const read of reads) {
        try {
          read();
        } catch (error) {
          if (!isAllowed(error)) throw error;
        }
      }
    },
    isAllowed,
  );
});

function common(a: Uint8Array, b: Uint8Array): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
