import { type CidBytes, cidKey, runSync } from "@copse/ipld";
import { accountKey, buildGenesisState, loadStateTree, minerInfo, powerClaim, powerTotals } from "@copse/state";
import { bench } from "@copse/testkit/bench";
import { Address, AttoFil } from "@copse/types";
import type { CID } from "multiformats/cid";

const miners = Array.from({ length: 1000 }, (_, i) => ({
  id: 1000 + i,
  worker: Address.fromBls(Uint8Array.from({ length: 48 }, (_, at) => (at < 2 ? (i >> (8 * at)) & 0xff : 7))),
  rawBytePower: 2n ** 40n,
  qualityAdjPower: 2n ** 41n,
  sectorSize: 2 ** 35,
}));

const given = () => {
  const { root, blocks } = buildGenesisState({ networkName: "bench", miners, accounts: [] });
  const held = new Map(blocks.map(([cid, block]) => [cidKey(cid), block]));
  return { root, store: { getSync: (cid: CidBytes) => held.get(cidKey(cid)) } };
};

type Given = ReturnType<typeof given>;

/** What a header's leader checks read: worker key, claim and totals. */
function leader(root: CID, store: Given["store"], id: number): number {
  const tree = runSync(loadStateTree(root), store);
  const miner = Address.id(id);
  const { worker } = runSync(minerInfo(tree, miner), store);
  runSync(accountKey(tree, worker), store);
  runSync(powerClaim(tree, miner), store);
  runSync(powerTotals(tree), store);
  return 1;
}

await bench("state/leader 1k-miners cold", {
  given,
  run: ({ root, store }) => leader(root, store, 1500),
  unit: "header",
});

await bench("state/leader 1k-miners warm", {
  given: () => {
    const { root, store } = given();
    return { tree: runSync(loadStateTree(root), store), store };
  },
  run: ({ tree, store }) => {
    for (let id = 1000; id < 1100; id++) {
      const { worker } = runSync(minerInfo(tree, Address.id(id)), store);
      runSync(accountKey(tree, worker), store);
      runSync(powerClaim(tree, Address.id(id)), store);
      runSync(powerTotals(tree), store);
    }
    return 100;
  },
  unit: "header",
});

await bench("state/build-genesis 1k-miners", {
  given: () => 0,
  run: () => {
    buildGenesisState({
      networkName: "bench",
      miners,
      accounts: [{ address: miners[0]?.worker as Address, balance: AttoFil.zero }],
    });
    return 1;
  },
  unit: "state",
});
