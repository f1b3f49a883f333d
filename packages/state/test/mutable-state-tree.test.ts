import { CborWriter, cidOf, rawCidOf } from "@copse/ipld";
import { isCopseError, toHex, utf8 } from "@copse/primitives";
import { Address } from "@copse/types";
import { describe, expect, it } from "vitest";
import { type ActorState, MutableStateTree } from "../src/index.ts";
import { madeState } from "./made-state.ts";
import { MemoryStore } from "./memory-store.ts";

const actor: ActorState = {
  code: rawCidOf(utf8("code")),
  head: cidOf(Uint8Array.of(0x80)),
  sequence: 7n,
  balance: -5n,
  delegatedAddress: null,
};
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return isCopseError(error) ? error.code : `${error}`;
  }
  return "none";
};

/** A state as v8 or newer actors have it, which may be changed. */
function loaded(actors: number): MutableStateTree {
  const { root, store } = madeState(actors);
  const memory = new MemoryStore();
  for (const [key, block] of store.blocks) memory.blocks.set(key, block);
  return MutableStateTree.load(memory, root.bytes);
}

describe("a state tree", () => {
  it("without actors has the root it has in the reference", () => {
    // an empty HAMT is bafy2bzaceamp42wmmgr2g2ymg46euououzfyck7szknvfacqscohrvaikwfay, an empty list bafy2bzacebc3bt6…
    const tree = MutableStateTree.create(new MemoryStore(), 5);
    const hamt = cidOf(Uint8Array.of(0x82, 0x40, 0x80));
    const info = cidOf(Uint8Array.of(0x80));
    expect(tree.flush()).toEqual(cidOf(new CborWriter().array(3).uint(5).link(hamt).link(info).finish()));
    expect(tree.store.getSync(info)).toEqual(Uint8Array.of(0x80));
  });

  it("is unchanged by the same actor, and by one that came and went", () => {
    const tree = loaded(16);
    const before = toHex(tree.flush());
    const account = tree.getActor(100n) as ActorState;
    tree.setActor(100n, { ...account, head: account.head.slice() });
    tree.setActor(5000n, actor);
    tree.deleteActor(5000n);
    tree.deleteActor(5001n);
    expect(toHex(tree.flush())).toBe(before);
    tree.setActor(5000n, actor);
    expect(toHex(tree.flush())).not.toBe(before);
    expect(tree.getActor(5000n)).toEqual(actor);
    tree.deleteActor(5000n);
    expect(toHex(tree.flush())).toBe(before);
  });

  it.each([3, 4] as const)("of version %i keeps its version and has no delegated addresses", (version) => {
    const tree = MutableStateTree.create(new MemoryStore(), version);
    tree.setActor(100n, actor);
    const delegatedAddress = Address.delegated(10, Uint8Array.of(1));
    expect(codeOf(() => tree.setActor(101n, { ...actor, delegatedAddress }))).toBe("state/delegated-address");
    const again = MutableStateTree.load(tree.store, tree.flush());
    expect([again.version, again.getActor(100n), again.getActor(101n)]).toEqual([version, actor, undefined]);
  });

  it.each([0, 2, 3])("of the times of actors v%i is refused", (actors) => {
    expect(codeOf(() => loaded(actors))).toBe("state/version-unsupported");
  });

  it("writes the info field as it was", () => {
    const store = new MemoryStore();
    const empty = MutableStateTree.create(store, 5);
    empty.flush();
    const info = rawCidOf(utf8("anything"));
    const hamt = cidOf(Uint8Array.of(0x82, 0x40, 0x80));
    const block = new CborWriter().array(3).uint(5).link(hamt).link(info).finish();
    store.putSync(cidOf(block), block);
    expect(MutableStateTree.load(store, cidOf(block)).flush()).toEqual(cidOf(block));
  });

  it("takes any ID of 64 bits", () => {
    const tree = MutableStateTree.create(new MemoryStore(), 5);
    tree.setActor(2n ** 64n - 1n, actor);
    const again = MutableStateTree.load(tree.store, tree.flush());
    expect([...again.actors()]).toEqual([[2n ** 64n - 1n, actor]]);
  });
});

describe("addresses", () => {
  const fresh = Address.actor(utf8("fresh"));

  it("of IDs are their own, with or without an actor", () => {
    expect(MutableStateTree.create(new MemoryStore(), 5).lookupId(Address.id(77))).toBe(77n);
  });

  it("are none without an init actor", () => {
    const tree = MutableStateTree.create(new MemoryStore(), 5);
    expect(codeOf(() => tree.lookupId(fresh))).toBe("state/actor-missing");
    expect(codeOf(() => tree.registerNewAddress(fresh))).toBe("state/actor-missing");
  });

  it("are registered, and forgotten with a transaction that is reverted", () => {
    const tree = loaded(16);
    tree.beginTransaction();
    expect(tree.lookupId(fresh)).toBeUndefined();
    expect(tree.registerNewAddress(fresh)).toBe(1001n);
    expect(tree.lookupId(fresh)).toBe(1001n);
    tree.beginTransaction();
    expect(tree.registerNewAddress(Address.actor(utf8("other")))).toBe(1002n);
    tree.endTransaction(true);
    expect(tree.lookupId(Address.actor(utf8("other")))).toBeUndefined();
    expect(tree.lookupId(fresh)).toBe(1001n);
    tree.endTransaction(true);
    expect(tree.lookupId(fresh)).toBeUndefined();
    expect(tree.registerNewAddress(fresh)).toBe(1001n);
  });

  it("that were registered twice have the later ID", () => {
    const tree = loaded(16);
    expect([tree.registerNewAddress(fresh), tree.registerNewAddress(fresh)]).toEqual([1001n, 1002n]);
    expect(MutableStateTree.load(tree.store, tree.flush()).lookupId(fresh)).toBe(1002n);
  });

  it("are read through whatever head the init actor has", () => {
    const tree = loaded(16);
    const before = tree.getActor(1n) as ActorState;
    tree.registerNewAddress(fresh);
    const after = tree.getActor(1n) as ActorState;
    const other = MutableStateTree.load(tree.store, tree.flush());
    other.setActor(1n, before);
    expect(other.lookupId(fresh)).toBeUndefined();
    other.setActor(1n, after);
    expect(other.lookupId(fresh)).toBe(1001n);
  });
});

describe("transactions", () => {
  it("must be open to end, and ended to flush", () => {
    const tree = loaded(16);
    expect(codeOf(() => tree.endTransaction(false))).toBe("state/transaction-absent");
    tree.beginTransaction();
    expect(codeOf(() => tree.flush())).toBe("state/transaction-open");
    tree.endTransaction(false);
    expect(codeOf(() => tree.flush())).toBe("none");
  });

  it("give back actors, and none where there was none", () => {
    const tree = loaded(16);
    const account = tree.getActor(100n);
    const before = tree.flush();
    tree.beginTransaction();
    tree.deleteActor(100n);
    tree.setActor(7000n, actor);
    tree.beginTransaction();
    tree.setActor(100n, actor);
    tree.endTransaction(false);
    expect([tree.getActor(100n), tree.getActor(7000n)]).toEqual([actor, actor]);
    tree.endTransaction(true);
    expect([tree.getActor(100n), tree.getActor(7000n)]).toEqual([account, undefined]);
    expect(tree.flush()).toEqual(before);
  });
});
