import { readCid } from "@copse/ipld";
import { equalBytes, isCopseError, utf8 } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { describe, expect } from "vitest";
import { identityCid } from "../../src/compliance/block-rules.ts";
import { sampleBlock } from "../../src/compliance/rules.ts";
import { type Root, readBlock, readEntry } from "../../src/fs/block-files.ts";
import type { Files, FileWork } from "../../src/fs/files.ts";
import { blockstoreFsLayout, copseLayout, flatfsLayout, isCid, type Layout } from "../../src/fs/layout.ts";
import { readRowKey } from "../../src/level/layout.ts";

const shardings = ["next-to-last/2", "prefix/5", "suffix/3"].map((name) => `/repo/flatfs/shard/v1/${name}\n`);
const layouts: Layout[] = [copseLayout, blockstoreFsLayout, ...shardings.map((text) => flatfsLayout("/", text))];
const cids = [sampleBlock(1)[0], sampleBlock(3)[0], identityCid(new Uint8Array(0)), identityCid(new Uint8Array(400))];
const long = identityCid(new Uint8Array(300).fill(7));
const longPlace = copseLayout.placeOf(long) as { folder: string; name: string };
const names = layouts.flatMap((layout) =>
  cids.map((cid) => layout.placeOf(cid)).filter((place) => place !== undefined),
);

/** Every place is below the root, and in a folder of one level. */
function expectInside(folder: string, name: string): void {
  expect(`${folder}/${name}`).toMatch(/^[A-Za-z2-7_]+\/[A-Za-z2-7]+\.(data|long)$/);
  expect(name.length).toBeLessThanOrEqual(255);
}

/** Runs work over one file of those bytes. */
function withFile<T>(work: FileWork<T>, bytes: Uint8Array): T {
  const files = { read: () => bytes } as unknown as Files;
  let step = work.next();
  while (step.done !== true) step = work.next(step.value(files));
  return step.value;
}

describe("folders of blocks", () => {
  fuzz(
    "place of a CID",
    cids,
    (cid) => {
      for (const layout of layouts) {
        const place = layout.placeOf(cid);
        if (place === undefined) continue;
        expectInside(place.folder, place.name);
        const found = layout.cidOf(place.folder, place.name);
        if (!isCid(cid) || found === "long") continue;
        const digest = readCid(cid).digest;
        expect(found !== undefined && equalBytes(readCid(found).digest, digest)).toBe(true);
        if (!layout.byMultihash) expect(equalBytes(found as Uint8Array, cid)).toBe(true);
      }
    },
    () => false,
  );

  fuzz(
    "CID of a file",
    names.map(({ folder, name }) => utf8(`${folder}/${name}`)),
    (bytes) => {
      const [folder = "", name = ""] = new TextDecoder().decode(bytes).split("/");
      for (const layout of layouts) {
        const found = layout.cidOf(folder, name);
        if (found === undefined) continue;
        expectInside(folder, name);
        if (found !== "long") expect(layout.placeOf(found)).toMatchObject({ folder, name });
      }
    },
    () => false,
  );

  fuzz(
    "sharding",
    shardings.map(utf8),
    (bytes) => flatfsLayout("/", new TextDecoder().decode(bytes)),
    (error) => isCopseError(error, "blockstore/layout-unknown"),
  );

  const root: Root = { path: "/", layout: copseLayout, durable: false, temporaryName: () => "" };
  fuzz(
    "file of a long CID",
    [Uint8Array.of(long.length >> 8, long.length, ...long, 1, 2, 3), Uint8Array.of(0, 4, 1, 0x55, 0, 0)],
    (bytes) => {
      const entry = withFile(readEntry(root, longPlace.folder, longPlace.name), bytes);
      if (entry !== undefined) expect(entry[0]).toEqual(long);
      expect(withFile(readBlock(root, long), bytes)).toEqual(entry?.[1]);
    },
    () => false,
  );
});

fuzz(
  "key of a Level database",
  [utf8("rheads\0key"), utf8("b\x01"), utf8("r"), utf8("r\0")],
  (bytes) => {
    const row = readRowKey(bytes);
    if (row !== undefined) expect(row.table.length + row.key.length + 2).toBe(bytes.length);
  },
  () => false,
);
