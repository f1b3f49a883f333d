import { blockMissing, type CidBytes, type SyncBlockReader } from "@copse/ipld";

/** A block of a store that answers at once. @throws {HostFault} `host/block-missing` */
export function blockOf(store: SyncBlockReader, cid: CidBytes): Uint8Array {
  const block = store.getSync(cid);
  if (block === undefined) throw blockMissing(cid);
  return block;
}
