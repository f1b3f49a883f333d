import type { SyncBlockReader } from "@copse/ipld";
import type { StateSource } from "../../src/sync/state-source.ts";

const nothing = { blocks: 0, bytes: 0, rounds: 0 };

/** States as far as a reader has them; no peer is asked. */
export function statesAtHand(held: SyncBlockReader = { getSync: () => undefined }): StateSource {
  const getBytes = async (cid: Uint8Array): Promise<Uint8Array | undefined> => held.getSync(cid);
  return {
    isAbsent: (cid) => held.getSync(cid) === undefined,
    getBytes,
    held,
    ahead: { getBytes },
    fetched: () => ({ needed: nothing, ahead: nothing }),
  };
}
