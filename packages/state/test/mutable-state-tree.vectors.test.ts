import { diffHamt } from "@copse/hamt";
import { CborReader, type CidBytes } from "@copse/ipld";
import { toHex } from "@copse/primitives";
import { carBlocksOf, describeData, fvmVectors } from "@copse/testkit";
import { CID } from "multiformats/cid";
import { expect, it } from "vitest";
import { actorKeys, actorStateCodec } from "../src/actor-state.ts";
import { MutableStateTree } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

const actorsOf = (store: MemoryStore, root: CidBytes): CidBytes => {
  const reader = new CborReader(store.getSync(root) as Uint8Array);
  reader.array(3);
  reader.safeUint();
  return reader.link().slice();
};

describeData("mainnet state before and after messages", ["fvm-test-vectors/0001-shark-01"], () => {
  it("gets the root it has when what a message changes is set", { timeout: 120_000 }, () => {
    const tally = { vectors: 0, set: 0, deleted: 0 };
    for (const vector of fvmVectors()) {
      const store = new MemoryStore();
      for (const [key, block] of carBlocksOf(vector.car)) store.blocks.set(key, block);
      const [before, after] = [CID.parse(vector.root).bytes, CID.parse(vector.rootAfter).bytes];
      const tree = MutableStateTree.load(store, before);
      expect(toHex(tree.flush())).toBe(toHex(before));
      const options = { version: 3, keys: actorKeys } as const;
      const codec = actorStateCodec(tree.version);
      const changes = diffHamt(actorsOf(store, before), actorsOf(store, after), codec, options).changes(store);
      for (const change of changes) {
        tree.beginTransaction();
        if (change.kind === "removed") tree.deleteActor(change.key);
        else tree.setActor(change.key, change.after);
        tree.endTransaction(false);
        tally[change.kind === "removed" ? "deleted" : "set"]++;
      }
      // blocks of the state after are there already: that they are made anew shows in the root only
      expect(toHex(tree.flush()), vector.id).toBe(toHex(after));
      tally.vectors++;
    }
    expect(tally).toEqual({ vectors: 163, set: 704, deleted: 0 });
  });
});
