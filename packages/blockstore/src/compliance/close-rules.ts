import { toCid } from "@copse/ipld";
import type { AsyncStore, Closable } from "../store.ts";
import { gathered, joined, mustThrow, type Rules, readsAtOnce, sampleBlock } from "./rules.ts";

/** Rules of a store that holds something open: files, a database. */
export const closeRules: Rules<AsyncStore & Closable> = {
  "a closed store refuses every use as a host fault": async (store, { unlisted }) => {
    const [cid, bytes] = sampleBlock(1);
    await store.flush();
    await store.close();
    await store.close();
    await store[Symbol.asyncDispose]();
    const uses: Record<string, () => unknown> = {
      getBytes: () => store.getBytes(cid),
      getManyBytes: () => store.getManyBytes([cid]),
      hasBytes: () => store.hasBytes(cid),
      get: () => joined(store.get(toCid(cid))),
      has: () => store.has(toCid(cid)),
      put: () => store.put(toCid(cid), bytes),
      putManyBytes: () => store.putManyBytes([[cid, bytes]]),
      delete: () => store.delete(toCid(cid)),
      deleteManyBytes: () => store.deleteManyBytes([cid]),
      flush: () => store.flush(),
    };
    if (unlisted !== true) uses["entries"] = () => gathered(store.entries());
    if (readsAtOnce(store)) {
      uses["getSync"] = () => store.getSync(cid);
      uses["hasSync"] = () => store.hasSync(cid);
    }
    for (const [name, use] of Object.entries(uses)) await mustThrow(name, use, "host/store-failed", "HostFault");
  },
};
