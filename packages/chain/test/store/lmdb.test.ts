import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLmdbDatabase } from "@copse/blockstore/lmdb";
import { TipsetKey } from "@copse/types";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { linkRun } from "../../src/link/link-run.ts";
import { ChainReader } from "../../src/store/chain-reader.ts";
import { openChainStore } from "../../src/store/chain-store.ts";
import { packRun } from "../../src/store/tipset-row.ts";
import { downFrom, type FakeTipset, fakeChain, fakeGenesis, fakeRules } from "../fixtures/fake-chain.ts";

describe("ChainStore on disk", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "copse-chain-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("goes on where it was closed, and holds every block at the end", async () => {
    const chain = fakeChain(fakeGenesis, 120, (height) => (height % 5 === 0 ? [] : [1, 2, 3].slice(height % 3)));
    const head = chain.at(-1) as FakeTipset;
    const down = downFrom(head);
    for (let at = 0; at < down.length; at += 25) {
      await using database = await openLmdbDatabase(folder);
      const store = await openChainStore(database, { genesis: fakeGenesis.key });
      const span = store.spans[0] ?? (await store.openSpan({ key: head.key }));
      const run = linkRun(span.next, down.slice(at, at + 25), fakeRules);
      expect(run.fault).toBeUndefined();
      await store.appendRun(span.id, packRun(run).run);
    }
    await using database = await openLmdbDatabase(folder);
    const store = await openChainStore(database, { genesis: fakeGenesis.key });
    await store.switchHead(head.key);
    while ((await store.indexBlocks(50)) > 0);
    expect(store.assembled).toBe(true);
    const reader = new ChainReader(database);
    expect([...reader.ancestors(head.key)].map((tipset) => tipset.key)).toEqual(down.map((tipset) => tipset.key));
    for (const tipset of down) {
      for (const [i, cid] of TipsetKey.cidBytes(tipset.key).entries()) {
        expect(reader.getSync(cid)).toEqual(tipset.headers[i]);
      }
    }
  });
});
