import { loadAmt } from "@copse/amt";
import { decodeCar } from "@copse/car";
import { type CidBytes, cidKey, linkCodec, runSync, type SyncBlockReader } from "@copse/ipld";
import { type BlockHeader, createTipset, decodeBlockHeader, decodeMsgMeta, type Tipset } from "@copse/types";
import type { BlockMessages } from "../src/validate/read-messages.ts";

/** Mainnet's first forty epochs: 33 tipsets, 49 headers, all messages, the genesis state. */
export const export40 = "chain/mainnet-export40.car";

/** The chain of the file, oldest tipset first, and its blocks. */
export interface Export40 {
  readonly tipsets: readonly Tipset[];
  readonly messages: readonly (readonly BlockMessages[])[];
  readonly reader: SyncBlockReader;
}

/** Walks the file from its roots to genesis. */
export function readExport40(file: Uint8Array): Export40 {
  const car = decodeCar(file);
  const blocks = new Map(car.blocks.map(({ cid, bytes }) => [cidKey(cid), bytes]));
  const reader: SyncBlockReader = { getSync: (cid) => blocks.get(cidKey(cid)) };
  const get = (cid: CidBytes): Uint8Array => {
    const bytes = reader.getSync(cid);
    if (bytes === undefined) throw new Error("the file lacks a block");
    return bytes;
  };
  const tipsets: Tipset[] = [];
  let headers: BlockHeader[] = car.roots.map((root) => decodeBlockHeader(get(root)));
  for (;;) {
    const tipset = createTipset(headers);
    tipsets.unshift(tipset);
    if (tipset.height === 0) break;
    headers = (headers[0] as BlockHeader).parents.map((cid) => decodeBlockHeader(get(cid.bytes)));
  }
  const messages = tipsets.map((tipset) => tipset.blocks.map((header) => readBlock(header, reader, get)));
  return { tipsets, messages, reader };
}

function readBlock(header: BlockHeader, reader: SyncBlockReader, get: (cid: CidBytes) => Uint8Array): BlockMessages {
  const meta = decodeMsgMeta(get(header.messages.bytes));
  const list = (root: CidBytes): Uint8Array[] => {
    const found: Uint8Array[] = [];
    const amt = runSync(loadAmt(root, linkCodec, { version: 0 }), reader);
    const cursor = amt.cursor();
    for (let leaf = runSync(cursor.next(), reader); leaf !== undefined; leaf = runSync(cursor.next(), reader)) {
      for (const [, cid] of leaf) found.push(get(cid));
    }
    return found;
  };
  return { bls: list(meta.blsMessages.bytes), secp: list(meta.secpMessages.bytes) };
}
