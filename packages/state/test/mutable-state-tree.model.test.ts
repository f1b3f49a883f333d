import { hamtRoot } from "@copse/hamt";
import { CborWriter, type CidBytes, type Codec, cidOf, encode, rawCidOf, toCid } from "@copse/ipld";
import { isCopseError, toHex, utf8 } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { Address, AttoFil } from "@copse/types";
import { describe, expect, it } from "vitest";
import { type Actor, type ActorState, actorCodec, MutableStateTree } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

/** A state as plain maps; a transaction is a copy of all of it. */
interface Model {
  readonly actors: Map<bigint, ActorState>;
  readonly addresses: Map<string, readonly [Address, bigint]>;
  nextId: bigint;
}

const uintCodec: Codec<bigint> = { encode: (w, v) => void w.uint(v), decode: (r) => r.uint() };
const codes = ["a", "b", "c"].map((name) => rawCidOf(utf8(name)));
const initCode = rawCidOf(utf8("init"));
const ids = [2n, 99n, 127n, 128n, 1000n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n - 1n];
const networkName = "model";

const copyOf = (model: Model): Model => ({
  actors: new Map(model.actors),
  addresses: new Map(model.addresses),
  nextId: model.nextId,
});

/** The init actor of a model's addresses, all of its blocks made anew. */
function initOf(model: Model, store?: MemoryStore): ActorState {
  const map = hamtRoot(model.addresses.values(), uintCodec, { version: 3 });
  const block = new CborWriter().array(3).link(map.root).uint(model.nextId).text(networkName).finish();
  const head = cidOf(block);
  store?.putManySync([...map.blocks, [head, block]]);
  return { code: initCode, head, sequence: 0n, balance: 0n, delegatedAddress: null };
}

/** The root of a model's state, made from nothing by the reader's codec. */
function rootOf(model: Model, version: 4 | 5): string {
  const actors = [...model.actors].map(([id, actor]): [Uint8Array, Actor] => [
    Address.id(id),
    {
      code: toCid(actor.code),
      head: toCid(actor.head),
      nonce: actor.sequence,
      balance: AttoFil.from(actor.balance),
      delegatedAddress: actor.delegatedAddress,
    },
  ]);
  const { root } = hamtRoot(actors, actorCodec(version), { version: 3 });
  const info = cidOf(Uint8Array.of(0x80));
  return toHex(cidOf(new CborWriter().array(3).uint(version).link(root).link(info).finish()));
}

function history(version: 4 | 5, seed: number, steps: number): void {
  const random = seeded(seed);
  const pick = (limit: number): number => Math.floor(random() * limit);
  const store = new MemoryStore();
  let tree = MutableStateTree.create(store, version);
  let model: Model = { actors: new Map(), addresses: new Map(), nextId: 100n };
  model.actors.set(1n, initOf(model, store));
  tree.setActor(1n, initOf(model));
  const outer: Model[] = [];
  const idOf = (): bigint => (pick(3) === 0 ? (ids[pick(ids.length)] as bigint) : 100n + BigInt(pick(60)));
  const addressOf = (): Address => Address.actor(Uint8Array.of(pick(40)));
  const actorOf = (): ActorState => ({
    code: codes[pick(codes.length)] as CidBytes,
    head: cidOf(Uint8Array.of(pick(4))),
    sequence: BigInt(pick(2)) * (2n ** 64n - 1n),
    balance: BigInt(pick(3)) ** 90n,
    delegatedAddress: version === 5 && pick(2) === 0 ? Address.delegated(10, Uint8Array.of(pick(2))) : null,
  });
  /** Does what may fail until the store lets it: a failure must have changed nothing. */
  const insist = <T>(run: () => T): T => {
    for (;;) {
      try {
        return run();
      } catch (error) {
        if (!isCopseError(error, "host/block-missing") && (error as Error).message !== "full") throw error;
      }
    }
  };
  if (seed % 3 === 0) store.fails = () => random() < 0.1;

  for (let step = 0; step < steps; step++) {
    const action = pick(20);
    const id = idOf();
    if (action < 5) {
      const actor = actorOf();
      tree.setActor(id, actor);
      model.actors.set(id, actor);
    } else if (action < 8) {
      tree.deleteActor(id);
      model.actors.delete(id);
    } else if (action < 11) {
      expect(insist(() => tree.getActor(id))).toEqual(model.actors.get(id));
    } else if (action < 13) {
      const address = addressOf();
      expect(insist(() => tree.lookupId(address))).toBe(model.addresses.get(toHex(address))?.[1]);
    } else if (action < 14) {
      const address = addressOf();
      expect(insist(() => tree.registerNewAddress(address))).toBe(model.nextId);
      model.addresses.set(toHex(address), [address, model.nextId]);
      model.nextId++;
      model.actors.set(1n, initOf(model));
    } else if (action < 15) {
      // as the init actor's own code does it: new blocks, new head
      const address = addressOf();
      if (model.addresses.has(toHex(address))) continue;
      model.addresses.set(toHex(address), [address, model.nextId]);
      model.nextId++;
      const init = insist(() => initOf(model, store));
      model.actors.set(1n, init);
      tree.setActor(1n, init);
    } else if (action < 17) {
      tree.beginTransaction();
      outer.push(copyOf(model));
    } else if (action < 19 && outer.length > 0) {
      const before = outer.pop() as Model;
      const revert = pick(2) === 0;
      tree.endTransaction(revert);
      if (revert) model = before;
    } else if (outer.length === 0) {
      const root = insist(() => tree.flush());
      expect(toHex(root)).toBe(rootOf(model, version));
      if (pick(2) === 0) tree = insist(() => MutableStateTree.load(store, root));
    }
    expect(tree.depth).toBe(outer.length);
  }
  store.fails = () => false;
  const held = new Map(tree.actors());
  expect(held).toEqual(model.actors);
  while (outer.length > 0) {
    const before = outer.pop() as Model;
    tree.endTransaction(outer.length % 2 === 0);
    if (outer.length % 2 === 0) model = before;
  }
  expect(toHex(tree.flush())).toBe(rootOf(model, version));
  expect(encode(uintCodec, BigInt(tree.depth))).toEqual(Uint8Array.of(0));
}

describe.each([4, 5] as const)("a state tree of version %i", (version) => {
  it("goes through random histories as a plain map does", { timeout: 60_000 }, () => {
    for (let seed = 1; seed <= 40; seed++) history(version, seed, 300);
  });
});
