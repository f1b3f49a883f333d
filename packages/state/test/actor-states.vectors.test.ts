import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { type CidBytes, cidKey, runSync, toCid } from "@copse/ipld";
import { carBlocksOf } from "@copse/testkit";
import type { CID } from "multiformats/cid";
import { describe, expect, it } from "vitest";
import { loadStateTree } from "../src/index.ts";
import { ReadAll } from "./read-all.ts";

/** A state that the actors of a version made, see `vectors/README.md`. */
function stateOf(version: number) {
  const car = new Uint8Array(gunzipSync(readFileSync(new URL(`vectors/v${version}.car.gz`, import.meta.url))));
  const blocks = carBlocksOf(car);
  const [first] = blocks.keys(); // the root comes first
  const read = new Set<string>();
  const store = {
    getSync(cid: CidBytes) {
      read.add(cidKey(cid));
      return blocks.getSync(cid);
    },
  };
  return { root: toCid(Uint8Array.from(first as string, (char) => char.charCodeAt(0))), blocks, store, read };
}

/** What the state of a version holds. */
function heldBy(version: number): Record<string, number> {
  const registry =
    version < 9
      ? { "verified client": 1 }
      : {
          datacap: 1,
          "data cap": 2,
          "data cap allowance": 2,
          "allocating client": 1,
          allocation: 3,
          "claiming provider": 1,
          claim: 1,
        };
  const transient = version < 16 ? {} : { "EVM transient slot": 1 };
  const evm = {
    eam: 1,
    evm: 2,
    "EVM bytecode": 4,
    "EVM slot": version < 16 ? 5 : 4,
    "EVM tombstone": 1,
    ...transient,
  };
  // before actors v11 two deals were forgotten when they had not begun in time
  const deals =
    version < 11
      ? { "deal proposal": 2, "deal op": 1, "deal at": 2 }
      : { "deal proposal": 4, "pending proposal": 4, "deal op": 4, "deal at": 4, "deal's allocation": 1 };
  return {
    "actor codes": version < 9 ? 11 : version < 10 ? 12 : 16,
    system: 1,
    init: 1,
    address: version < 10 ? 10 : 14,
    cron: 1,
    reward: 1,
    account: 8,
    multisig: 1,
    "multisig transaction": 3,
    paymentchannel: 1,
    "payment lane": 2,
    verifiedregistry: 1,
    verifier: 2,
    removal: 2,
    ...registry,
    storagepower: 1,
    "power claim": 1,
    "cron epoch": 1,
    "cron event": 1,
    storageminer: 1,
    "vesting fund": version < 17 ? 178 : 179,
    sector: 3,
    "pre-commit": 1,
    "pre-commit clean-up": 1,
    deadline: 48,
    "deadline's expiration": 2,
    "window PoSt": 1,
    partition: 1,
    "expiration set": 2,
    storagemarket: 1,
    "deal state": 2,
    escrow: 2,
    locked: 2,
    ...deals,
    ...(version < 10 ? {} : evm),
    ...(version < 13 ? {} : { "sector with deals": 1 }),
  };
}

describe.each([8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18])("a state made by actors v%i", (version) => {
  const { root, blocks, store, read } = stateOf(version);
  const tree = runSync(loadStateTree(root), store);
  const all = new ReadAll(tree, store);

  it("is read to the last block, and written again to the same bytes", () => {
    all.actors();
    const found = [...all.tally].filter(([, count]) => count > 0);
    expect(Object.fromEntries(found)).toEqual(heldBy(version));
    const unread = [...blocks.keys()].filter((key) => !read.has(key));
    expect(unread).toEqual([cidKey((tree.info as CID).bytes)]); // which says nothing
  });

  it("has the epochs of its deals as keys, since actors v14 twice", () => {
    const keys = [...(all.keys.get("deal op") as bigint[])].sort();
    const epochs = version < 11 ? [5880n] : [86400n, 86401n, 86402n, 86403n];
    expect(keys).toEqual(epochs.map((epoch) => (version < 14 ? epoch : 2n * epoch)));
  });
});
