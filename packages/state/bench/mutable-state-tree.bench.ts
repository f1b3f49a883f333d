import { createHamt } from "@copse/hamt";
import { type BlockPair, CborWriter, type CidBytes, cidKey, cidOf, rawCidOf } from "@copse/ipld";
import { type ActorState, MutableStateTree } from "@copse/state";
import { bench } from "@copse/testkit/bench";
import { Address } from "@copse/types";

const count = 10_000;
const code = rawCidOf(Uint8Array.of(1));
const head = cidOf(Uint8Array.of(0x80));

/** A state of 10,000 actors, each with an address, loaded anew. */
function given() {
  const held = new Map<string, Uint8Array>();
  const putManySync = (pairs: Iterable<BlockPair>) => {
    for (const [cid, block] of pairs) held.set(cidKey(cid), block);
  };
  const store = {
    getSync: (cid: CidBytes) => held.get(cidKey(cid)),
    putSync: (cid: CidBytes, block: Uint8Array) => void held.set(cidKey(cid), block),
    putManySync,
  };
  const made = MutableStateTree.create(store, 5);
  const ids = createHamt<bigint>(
    { encode: (writer, id) => void writer.uint(id), decode: (reader) => reader.uint() },
    { version: 3 },
  );
  for (let i = 0; i < count; i++) {
    made.setActor(BigInt(100 + i), { code, head, sequence: 0n, balance: 10n ** 18n, delegatedAddress: null });
    ids.setSync(addresses[i] as Address, BigInt(100 + i));
  }
  const init = new CborWriter()
    .array(3)
    .link(ids.flushSync(store))
    .uint(100 + count)
    .text("bench")
    .finish();
  store.putSync(cidOf(init), init);
  made.setActor(1n, { code, head: cidOf(init), sequence: 0n, balance: 0n, delegatedAddress: null });
  const root = made.flush();
  return { store, root, tree: MutableStateTree.load(store, root) };
}

const addresses = Array.from({ length: count }, (_, i) => Address.actor(Uint8Array.of(i, i >> 8)));

/** What a message does to a tree at least: find the sender, take from it, give to another, or take that back. */
function transfers(tree: MutableStateTree, many: number): void {
  for (let i = 0; i < many; i++) {
    tree.beginTransaction();
    const from = tree.lookupId(addresses[i % count] as Address) as bigint;
    const to = BigInt(100 + ((i * 7919) % count));
    const sender = tree.getActor(from) as ActorState;
    tree.setActor(from, { ...sender, sequence: sender.sequence + 1n, balance: sender.balance - 1n });
    const receiver = tree.getActor(to) as ActorState;
    tree.setActor(to, { ...receiver, balance: receiver.balance + 1n });
    tree.endTransaction(i % 10 === 0);
  }
}

await bench("state/mutable-tree transfer 10k-actors cold", {
  given,
  run: ({ store, root }) => {
    const tree = MutableStateTree.load(store, root);
    transfers(tree, 300);
    tree.flush();
    return 300;
  },
  unit: "message",
});

await bench("state/mutable-tree transfer 10k-actors warm", {
  given: () => {
    const made = given();
    transfers(made.tree, count);
    return made;
  },
  run: ({ tree }) => {
    transfers(tree, 1000);
    return 1000;
  },
  unit: "message",
});
