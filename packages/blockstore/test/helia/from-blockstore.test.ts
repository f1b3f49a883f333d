import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryBlockstore } from "blockstore-core";
import { FsBlockstore } from "blockstore-fs";
import { LevelBlockstore } from "blockstore-level";
import { afterAll, describe, expect, it } from "vitest";
import { gathered, sampleBlock } from "../../src/compliance/rules.ts";
import { describeAsyncStore } from "../../src/compliance.ts";
import { type AsyncStore, asyncStoreOf, createMemoryBlockstore, fromBlockstore } from "../../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "copse-theirs-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const fresh = (): string => join(folder, String(count++));
const runner = { describe, it };

const memory = (): AsyncStore => fromBlockstore(new MemoryBlockstore());
describeAsyncStore("blockstore-core's memory, as ours", { open: memory, byMultihash: true }, runner);
describeAsyncStore("ours, as theirs, as ours", { open: () => fromBlockstore(createMemoryBlockstore()) }, runner);

const opened: LevelBlockstore[] = [];
describeAsyncStore(
  "blockstore-level, as ours",
  {
    byMultihash: true,
    async open() {
      const theirs = new LevelBlockstore(fresh());
      await theirs.open();
      opened.push(theirs);
      return fromBlockstore(theirs);
    },
    close: () => opened.pop()?.close(),
  },
  runner,
);

describeAsyncStore(
  "blockstore-fs, as ours",
  {
    byMultihash: true,
    longestCid: 157,
    unlisted: true, // see below
    async open() {
      const theirs = new FsBlockstore(fresh());
      await theirs.open();
      const store = fromBlockstore(theirs);
      return asyncStoreOf({
        getBytes: (cid, options) => store.getBytes(cid, options),
        hasBytes: (cid, options) => store.hasBytes(cid, options),
        putManyBytes: (entries, options) => store.putManyBytes(entries, options),
        deleteManyBytes: (cids, options) => store.deleteManyBytes(cids, options),
      });
    },
  },
  runner,
);

it("blockstore-fs 4.0.1 lists no block of the chain: it takes the multihash in a file's name for a CID", async () => {
  const theirs = new FsBlockstore(fresh());
  await theirs.open();
  const store = fromBlockstore(theirs);
  await store.putManyBytes([sampleBlock(1)]);
  const fault = { code: "host/store-failed", message: "the store failed to list: Invalid CID version 45600" };
  await expect(gathered(store.entries())).rejects.toMatchObject(fault);
});

it("a store that fails is a host fault, or an abort where the signal has fired", async () => {
  const theirs = new LevelBlockstore(fresh());
  await theirs.open();
  const store = fromBlockstore(theirs);
  await theirs.close();
  const [cid, bytes] = sampleBlock(1);
  const failed = { code: "host/store-failed", name: "HostFault" };
  await expect(store.getBytes(cid)).rejects.toMatchObject(failed);
  await expect(store.hasBytes(cid)).rejects.toMatchObject(failed);
  await expect(store.putManyBytes([[cid, bytes]])).rejects.toMatchObject(failed);
  await expect(store.deleteManyBytes([cid])).rejects.toMatchObject(failed);
  const stop = new AbortController();
  const read = store.getBytes(cid, { signal: stop.signal });
  stop.abort();
  await expect(read).rejects.toMatchObject({ code: "host/aborted" });
});
