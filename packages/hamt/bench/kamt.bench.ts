import { blake2b256 } from "@copse/crypto";
import { createKamt, diffKamt, evmStorage, kamtRoot, loadKamt, u256Codec } from "@copse/hamt/kamt";
import { type CidBytes, cidKey, runSync } from "@copse/ipld";
import { bytesToBigint } from "@copse/primitives";
import { bench } from "@copse/testkit/bench";

const nothing = { getSync: () => undefined };

function wordOf(n: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, n);
  return bytes;
}

/** Slots as a contract has them: a third low numbers, a third arrays that stand together, a third mappings anywhere. */
function slotOf(i: number): bigint {
  if (i % 3 === 0) return BigInt(i / 3);
  if (i % 3 === 2) return bytesToBigint(blake2b256(wordOf(i)));
  const slot = blake2b256(wordOf(Math.floor(i / 300))).slice();
  slot.set(wordOf(Math.floor(i / 3)), 28);
  return bytesToBigint(slot);
}

const slotsOf = (size: number): bigint[] => Array.from({ length: size }, (_, i) => slotOf(i));

function built(size: number) {
  const keys = slotsOf(size);
  const { root, blocks } = kamtRoot(
    keys.map((key, i) => [key, BigInt(i + 1)] as const),
    u256Codec,
    evmStorage,
  );
  const held = new Map(blocks.map(([cid, block]) => [cidKey(cid), block]));
  const store = { getSync: (cid: CidBytes) => held.get(cidKey(cid)) };
  return { keys, root, held, store, size };
}

for (const [size, name] of [
  [1000, "1k"],
  [100_000, "100k"],
  [1_000_000, "1M"],
] as const) {
  const rounds = size > 100_000 ? 2 : 4;

  await bench(`kamt/set ${name}-entries warm`, {
    given: () => slotsOf(size),
    run: (keys) => {
      const tree = createKamt(u256Codec, evmStorage);
      for (let i = 0; i < size; i++) runSync(tree.set(keys[i] as bigint, BigInt(i + 1)), nothing);
      return size;
    },
    unit: "entry",
    rounds,
  });

  await bench(`kamt/build ${name}-entries warm`, {
    given: () => slotsOf(size).map((key, i) => [key, BigInt(i + 1)] as const),
    run: (entries) => {
      kamtRoot(entries, u256Codec, evmStorage);
      return size;
    },
    unit: "entry",
    rounds,
  });

  await bench(`kamt/get ${name}-entries cold`, {
    given: () => built(size),
    run: ({ keys, root, store }) => {
      for (let i = 0; i < 100; i++) {
        const tree = runSync(loadKamt(root, u256Codec, evmStorage), store);
        runSync(tree.get(keys[(i * 7919) % size] as bigint), store);
      }
      return 100;
    },
    rounds,
  });

  await bench(`kamt/get ${name}-entries warm`, {
    given: () => {
      const tree = built(size);
      const kamt = runSync(loadKamt(tree.root, u256Codec, evmStorage), tree.store);
      for (const key of tree.keys) runSync(kamt.get(key), tree.store);
      return { ...tree, kamt };
    },
    run: ({ keys, kamt, store }) => {
      for (let i = 0; i < size; i++) runSync(kamt.get(keys[i] as bigint), store);
      return size;
    },
    rounds,
  });

  await bench(`kamt/walk ${name}-entries cold`, {
    given: () => built(size),
    run: ({ root, store }) => {
      let seen = 0;
      runSync(
        runSync(loadKamt(root, u256Codec, evmStorage), store).walk(() => void seen++),
        store,
      );
      return seen;
    },
    unit: "entry",
    rounds,
  });

  await bench(`kamt/delete-and-set ${name}-entries warm`, {
    given: () => {
      const keys = slotsOf(size);
      const tree = createKamt(u256Codec, evmStorage);
      for (let i = 0; i < size; i++) runSync(tree.set(keys[i] as bigint, BigInt(i + 1)), nothing);
      return { keys, tree };
    },
    run: ({ keys, tree }) => {
      for (const key of keys) runSync(tree.delete(key), nothing);
      for (let i = 0; i < size; i++) runSync(tree.set(keys[i] as bigint, BigInt(i + 1)), nothing);
      return size;
    },
    unit: "entry",
    rounds,
  });

  await bench(`kamt/diff ${name}-entries 1%-changed`, {
    given: () => {
      const tree = built(size);
      const kamt = runSync(loadKamt(tree.root, u256Codec, evmStorage), tree.store);
      for (let i = 0; i < size; i += 100) runSync(kamt.set(tree.keys[i] as bigint, 7n), tree.store);
      const { root: after, blocks } = kamt.flush();
      for (const [cid, block] of blocks) tree.held.set(cidKey(cid), block);
      return { ...tree, after };
    },
    run: ({ root, after, store }) => {
      let seen = 0;
      runSync(
        diffKamt(root, after, u256Codec, evmStorage).walk(() => void seen++),
        store,
      );
      return seen;
    },
    unit: "change",
    rounds,
  });
}
