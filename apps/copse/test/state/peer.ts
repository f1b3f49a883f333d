import { createMemoryDatabase } from "@copse/blockstore";
import { stateAtHand } from "@copse/chain/validate";
import { type CidBytes, runAsync, type SyncBlockReader } from "@copse/ipld";
import { NetworkError } from "@copse/network";
import { toHex } from "@copse/primitives";
import { loadStateTree } from "@copse/state";
import type { CID } from "multiformats/cid";
import { type StateSource, stateSource } from "../../src/sync/state-source.ts";

/** A node's source of states with nothing at hand, and one peer that has all. */
export function emptySource(peer: SyncBlockReader): { readonly source: StateSource; readonly asked: () => number } {
  const database = createMemoryDatabase();
  let asked = 0;
  const source = stateSource({
    database,
    reader: database.blocks,
    bitswap: {
      session: (peers) => ({
        peers,
        async get(cid: CidBytes) {
          asked++;
          const block = peer.getSync(cid);
          if (block !== undefined) return block;
          throw new NetworkError("network/block-not-found", { cid: toHex(cid), asked: 1, refused: 1 });
        },
      }),
    },
    peers: () => ["peer"],
    onlyLie: () => undefined,
    now: () => performance.now(),
  });
  return { source, asked: () => asked };
}

/** Opens the three states of a tipset. */
export async function openStates(source: StateSource, roots: Record<"lookback" | "leastPower" | "standing", CID>) {
  const open = async (root: CID) => stateAtHand(await runAsync(loadStateTree(root), source), 0, true);
  return {
    lookback: await open(roots.lookback),
    leastPower: await open(roots.leastPower),
    standing: await open(roots.standing),
  };
}
