// Mints a chain of filler signatures and stores it, as a node that has it would hold it.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openLmdbDatabase } from "@copse/blockstore/lmdb";
import { type LinkTarget, linkRules, linkRun, openChainStore } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import { installFastest } from "@copse/crypto/fastest";
import { toHex } from "@copse/primitives";
import { networkJson } from "../../src/networks.ts";
import { answerOrders, type Minted, type Order } from "./messages.ts";

answerOrders(mint, () => {});

async function mint(order: Order): Promise<Minted> {
  if (order.do !== "mint") throw new Error(`cannot ${order.do}`);
  const { dir, epochs, blocks } = order;
  await installFastest();
  const minted = createMint({ seed: "sync bench", signatures: "none", miners: 15, blocks, forks: 0 });
  const tipsets: { headers: Uint8Array[] }[] = [{ headers: [minted.genesis.bytes] }];
  let head = minted.genesis.tipset;
  for (const epoch of minted.epochs()) {
    if (epoch.height > epochs) break;
    if (epoch.tipset === undefined) continue;
    head = epoch.tipset;
    tipsets.push({ headers: epoch.blocks.map(({ bytes }) => bytes) });
  }
  mkdirSync(dir, { recursive: true });
  const database = await openLmdbDatabase(join(dir, "chain.mdb"));
  const store = await openChainStore(database, { genesis: minted.network.genesisCid.bytes });
  const rules = linkRules(minted.network);
  let next: LinkTarget = { key: head.key };
  const { id } = await store.openSpan(next);
  for (let end = tipsets.length; end > 0; end -= 2000) {
    const run = linkRun(next, tipsets.slice(Math.max(0, end - 2000), end).reverse(), rules);
    await store.appendRun(id, run);
    next = run.next;
  }
  while ((await store.indexBlocks()) > 0);
  await store.switchHead(head.key);
  await database.close();
  let headers = 0;
  let headerBytes = 0;
  for (const tipset of tipsets) {
    headers += tipset.headers.length;
    for (const header of tipset.headers) headerBytes += header.length;
  }
  const about: Minted = {
    epochs,
    tipsets: tipsets.length,
    headers,
    headerBytes,
    head: toHex(head.key),
    height: head.height,
  };
  writeFileSync(join(dir, "network.json"), networkJson(minted.network));
  writeFileSync(join(dir, "about.json"), JSON.stringify(about)); // last: what has it is whole
  return about;
}
