import { amtRoot, createAmt, loadAmt } from "@copse/amt";
import { installFastest } from "@copse/crypto/fastest";
import { type CidBytes, cidKey, cidOf, linkCodec, runSync } from "@copse/ipld";
import { bench } from "@copse/testkit/bench";

const cids = (count: number): CidBytes[] => Array.from({ length: count }, (_, i) => cidOf(Uint8Array.of(i, i >> 8)));
const v0 = { version: 0 } as const;
const nothing = { getSync: () => undefined };

async function benchRoots(engine: string): Promise<void> {
  for (const count of [100, 1000]) await benchRoot(`amt/root ${count}-cids ${engine}`, count);
}

async function benchRoot(id: string, count: number): Promise<void> {
  await bench(id, {
    given: () => {
      const values = cids(count);
      return { values, blocks: amtRoot(values, linkCodec, v0).blocks };
    },
    run: ({ values }) => {
      amtRoot(values, linkCodec, v0);
      return 1;
    },
    unit: "list",
    beside: {
      "value by value": ({ values }) => {
        const tree = createAmt(linkCodec, v0);
        for (let i = 0; i < values.length; i++) runSync(tree.set(i, values[i] as CidBytes), nothing);
        tree.flush();
        return 1;
      },
      // what cannot be saved: the tree's blocks, made already, hashed
      "the hashes alone": ({ blocks }) => {
        for (const [, block] of blocks) cidOf(block);
        return 1;
      },
    },
  });
}

await benchRoots("noble");

const stored = () => {
  const { root, blocks } = amtRoot(cids(50_000), linkCodec, v0);
  const map = new Map(blocks.map(([cid, block]) => [cidKey(cid), block]));
  return { root, store: { getSync: (cid: CidBytes) => map.get(cidKey(cid)) } };
};

await bench("amt/walk 50k-values cold", {
  given: stored,
  run: ({ root, store }) => {
    let seen = 0;
    const tree = runSync(loadAmt(root, linkCodec, v0), store);
    runSync(
      tree.walk(() => void seen++),
      store,
    );
    return seen;
  },
  unit: "value",
});

await bench("amt/get 50k-values cold", {
  given: stored,
  run: ({ root, store }) => {
    for (let i = 0; i < 100; i++) {
      runSync(runSync(loadAmt(root, linkCodec, v0), store).get(i * 499), store);
    }
    return 100;
  },
});

await bench("amt/get 50k-values warm", {
  given: () => {
    const { root, store } = stored();
    const tree = runSync(loadAmt(root, linkCodec, v0), store);
    for (let i = 0; i < 100; i++) runSync(tree.get(i * 499), store);
    return { tree, store };
  },
  run: ({ tree, store }) => {
    for (let i = 0; i < 100; i++) runSync(tree.get(i * 499), store);
    return 100;
  },
});

await installFastest();
await benchRoots("fastest");
