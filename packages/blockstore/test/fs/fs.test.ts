import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { describeClosable, describeReadOnlyStore, describeStore } from "../../src/compliance.ts";
import { type FsBlockstore, openFsBlockstore } from "../../src/fs.ts";

const folder = mkdtempSync(join(tmpdir(), "copse-fs-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

// 155 B of multihash is the most that a name of blockstore-fs takes.
const foreign = { byMultihash: true, longestCid: 157 };
for (const [options, traits] of [
  [{ durable: false }, {}],
  [{ durable: false, layout: "blockstore-fs" }, foreign],
] as const) {
  const suite = {
    open: () => openFsBlockstore(join(folder, String(count++)), options),
    close: (store: unknown) => (store as FsBlockstore).close(),
    ...traits,
  };
  describeStore(`files ${JSON.stringify(options)}`, suite, { describe, it });
  describeClosable(`files ${JSON.stringify(options)}`, suite, { describe, it });
}

describeReadOnlyStore(
  "files for reading",
  {
    async open(blocks) {
      const path = join(folder, String(count++));
      const writer = await openFsBlockstore(path);
      await writer.putManyBytes(blocks);
      await writer.close();
      return openFsBlockstore(path, { readOnly: true });
    },
    close: (store) => (store as FsBlockstore).close(),
  },
  { describe, it },
);
