import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cidKey, fromCid, toCid } from "@copse/ipld";
import { concatBytes, utf8 } from "@copse/primitives";
import { FsBlockstore as TheirFsBlockstore } from "blockstore-fs";
import { base32upper } from "multiformats/bases/base32";
import { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";
import { afterAll, describe, expect, it } from "vitest";
import { identityCid } from "../../src/compliance/block-rules.ts";
import { gathered, joined, sampleBlock, sampleBlocks } from "../../src/compliance/rules.ts";
import { describeReadOnlyStore } from "../../src/compliance.ts";
import { type FsBlockstore, openFsBlockstore } from "../../src/fs.ts";

const base = mkdtempSync(join(tmpdir(), "copse-folders-"));
afterAll(() => rmSync(base, { recursive: true }));
let count = 0;
const fresh = (): string => join(base, String(count++));
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
const storeFailed = { code: "host/store-failed", name: "HostFault" };

describe("what lies in a folder", () => {
  it("names files by their CID's text, in lower case, in folders of bits of the digest", async () => {
    const folder = fresh();
    await using store = await openFsBlockstore(folder);
    const [cid, bytes] = sampleBlock(1);
    await store.putManyBytes([[cid, bytes]]);
    const text = toCid(cid).toString();
    expect(filesIn(folder).sort()).toEqual(["LAYOUT", `${text.slice(-3, -1)}/${text}.data`].sort());
    expect(new Uint8Array(readFileSync(join(folder, text.slice(-3, -1), `${text}.data`)))).toEqual(bytes);
  });

  it("no CID leads out of it, and none is mistaken for a folder of its own", async () => {
    const folder = fresh();
    await using store = await openFsBlockstore(folder);
    const strange = [utf8("../../../etc/x"), utf8("/etc/passwd"), Uint8Array.of(0), new Uint8Array(0), utf8("LAYOUT")];
    for (const data of strange) {
      store.putSync(identityCid(data), data);
      expect(store.getSync(identityCid(data))).toEqual(data);
      expect(store.getSync(data)).toBeUndefined(); // no CID at all
      expect(store.hasSync(data)).toBe(false);
    }
    for (const file of filesIn(folder)) expect(file).toMatch(/^(LAYOUT|[a-z2-7_]{2}\/b[a-z2-7]+\.data)$/);
    expect(readdirSync(base).every((name) => /^[0-9]+$/.test(name))).toBe(true);
  });

  it("passes over what others left there, and what a crash left half-written is removed on opening", async () => {
    const folder = fresh();
    const [cid, bytes] = sampleBlock(1);
    const first = await openFsBlockstore(folder);
    first.putSync(cid, bytes);
    await first.close();
    const [place] = filesIn(folder).filter((name) => name.endsWith(".data")) as [string];
    const shard = join(folder, dirname(place));
    writeFileSync(join(shard, ".bafy.data.tmp"), "steno's");
    writeFileSync(join(shard, "notes.data"), "no CID");
    writeFileSync(join(shard, place.slice(3).replace("bafy", "BAFY")), "another case");
    writeFileSync(join(shard, `${toCid(sampleBlock(2)[0])}.data`), "in the wrong folder");
    mkdirSync(join(shard, `${toCid(sampleBlock(4)[0])}.data`));
    symlinkSync("/etc", join(folder, "zz"));
    writeFileSync(join(folder, "temporary", "999999999-0-abc-0"), "of a process that is gone");
    writeFileSync(join(folder, "temporary", `${process.pid}-0-abc-0`), "of one that runs");
    await using store = await openFsBlockstore(folder);
    expect(await gathered(store.entries())).toEqual([[cid, bytes]]);
    expect(Array.from(store.entriesSync())).toEqual([[cid, bytes]]);
    expect(readdirSync(join(folder, "temporary"))).toEqual([`${process.pid}-0-abc-0`]);
  });

  it("a file that lost power left empty or cut is written again by the next put", async () => {
    const folder = fresh();
    await using store = await openFsBlockstore(folder);
    const [cid, bytes] = sampleBlock(1);
    store.putSync(cid, bytes);
    const [place] = filesIn(folder).filter((name) => name.endsWith(".data")) as [string];
    writeFileSync(join(folder, place), "");
    await store.put(toCid(cid), bytes);
    expect(await store.getBytes(cid)).toEqual(bytes);
  });

  it("one folder serves several stores at a time", async () => {
    const folder = fresh();
    const stores = await Promise.all([1, 2, 3].map(() => openFsBlockstore(folder, { durable: false })));
    const blocks = sampleBlocks(1, 60);
    await Promise.all(stores.map((store) => store.putManyBytes(blocks)));
    for (const store of stores) expect((await gathered(store.entries())).length).toBe(60);
    expect(readdirSync(join(folder, "temporary"))).toEqual([]);
    for (const store of stores) await store.close();
  });
});

describe("folders of others", () => {
  it("blockstore-fs and we read what the other wrote", async () => {
    const folder = fresh();
    const theirs = new TheirFsBlockstore(folder);
    await theirs.open();
    const blocks = sampleBlocks(1, 40);
    for (const [cid, bytes] of blocks.slice(0, 20)) await theirs.put(toCid(cid), bytes);
    await using ours = await openFsBlockstore(folder, { layout: "blockstore-fs" });
    expect(ours.byMultihash).toBe(true);
    await ours.putManyBytes(blocks.slice(20));
    for (const [cid, bytes] of blocks) {
      expect(await ours.getBytes(cid)).toEqual(bytes);
      expect(await joined(theirs.get(toCid(cid)))).toEqual(bytes);
    }
    expect((await gathered(ours.entries())).length).toBe(40);
  });

  it("a folder in the making when the machine stopped is opened", async () => {
    const folder = fresh();
    mkdirSync(folder);
    writeFileSync(join(folder, "LAYOUT"), "");
    await using ours = await openFsBlockstore(folder);
    await ours.close();
    expect(readFileSync(join(folder, "LAYOUT"), "utf8")).toBe("copse-fs-1\n");
  });

  it("a folder that holds something else is left alone", async () => {
    const unknown = { code: "blockstore/layout-unknown" };
    const folder = fresh();
    await using ours = await openFsBlockstore(folder);
    await ours.close();
    await expect(openFsBlockstore(folder, { layout: "blockstore-fs" })).rejects.toMatchObject(unknown);
    await expect(openFsBlockstore(folder, { layout: "flatfs" })).rejects.toMatchObject(unknown);
    writeFileSync(join(folder, "LAYOUT"), "copse-fs-2\n");
    await expect(openFsBlockstore(folder)).rejects.toMatchObject(unknown);
    const other = fresh();
    mkdirSync(other);
    writeFileSync(join(other, "thesis.txt"), "");
    await expect(openFsBlockstore(other)).rejects.toMatchObject(unknown);
    expect(readdirSync(other)).toEqual(["thesis.txt"]);
    const flat = fresh();
    mkdirSync(flat);
    writeFileSync(join(flat, "SHARDING"), "/repo/flatfs/shard/v2/other/2");
    await expect(openFsBlockstore(flat)).rejects.toMatchObject(unknown);
  });
});

/** A folder as Kubo writes it: `CIQ….data` in folders of `shard`'s making, beside files of its own. */
function kuboFolder(
  sharding: string,
  shard: (name: string) => string,
  blocks: Iterable<readonly [Uint8Array, Uint8Array]>,
): string {
  const folder = fresh();
  mkdirSync(folder);
  writeFileSync(join(folder, "SHARDING"), `/repo/flatfs/shard/v1/${sharding}\n`);
  writeFileSync(join(folder, "_README"), "This is a repository of IPLD objects.");
  writeFileSync(join(folder, "diskUsage.cache"), '{"diskUsage":1,"accuracy":"initial-exact"}');
  for (const [cid, bytes] of blocks) {
    const name = base32upper.encode(toCid(cid).multihash.bytes).slice(1);
    mkdirSync(join(folder, shard(name)), { recursive: true });
    writeFileSync(join(folder, shard(name), `${name}.data`), bytes);
  }
  return folder;
}

for (const [sharding, shard] of [
  ["next-to-last/2", (name: string) => name.slice(-3, -1)],
  ["prefix/4", (name: string) => name.padEnd(4, "_").slice(0, 4)],
  ["suffix/2", (name: string) => name.slice(-2)],
] as const) {
  describeReadOnlyStore(
    `Kubo's folder ${sharding}`,
    {
      open: (blocks) => openFsBlockstore(kuboFolder(sharding, shard, blocks)),
      close: (store) => (store as FsBlockstore).close(),
      byMultihash: true,
    },
    { describe, it },
  );
}

it("a block that ipfs add made is found under its version 0 and version 1 CIDs", async () => {
  // printf 'hello\n' | ipfs add: the UnixFS file QmZULkCELmmk5XNfCgTnCyFgAVxBRBXyDHGGMVoLFLiXEN
  const bytes = concatBytes(Uint8Array.of(0x0a, 0x0c, 0x08, 0x02, 0x12, 0x06), utf8("hello\n"), Uint8Array.of(0x18, 6));
  const version0 = CID.createV0(await sha256.digest(bytes));
  expect(version0.toString()).toBe("QmZULkCELmmk5XNfCgTnCyFgAVxBRBXyDHGGMVoLFLiXEN");
  const folder = kuboFolder("next-to-last/2", (name) => name.slice(-3, -1), [[fromCid(version0), bytes]]);
  await using store = await openFsBlockstore(folder);
  for (const cid of [version0, version0.toV1()]) expect(await joined(store.get(cid))).toEqual(bytes);
  const [listed] = await gathered(store.entries());
  expect(cidKey(toCid(listed?.[0] as Uint8Array).multihash.bytes)).toBe(cidKey(version0.multihash.bytes));
  expect(readdirSync(folder)).not.toContain("temporary");
});

describe("trouble of the host", () => {
  it("a root that is a file, or lies where nothing can be made", async () => {
    const file = fresh();
    writeFileSync(file, "");
    await expect(openFsBlockstore(file)).rejects.toMatchObject(storeFailed);
    await expect(openFsBlockstore(join(file, "under"))).rejects.toMatchObject(storeFailed);
    await expect(openFsBlockstore(fresh(), { readOnly: true })).rejects.toMatchObject(storeFailed);
  });

  it("a file that cannot be read is a fault, not an absent block", async () => {
    const folder = fresh();
    await using store = await openFsBlockstore(folder);
    const [cid, bytes] = sampleBlock(1);
    store.putSync(cid, bytes);
    const [place] = filesIn(folder).filter((name) => name.endsWith(".data")) as [string];
    rmSync(join(folder, place));
    mkdirSync(join(folder, place)); // EISDIR: whoever runs the tests
    expect(() => store.getSync(cid)).toThrow("the store failed to read");
    await expect(store.getBytes(cid)).rejects.toMatchObject(storeFailed);
    await expect(store.deleteManyBytes([cid])).rejects.toMatchObject(storeFailed);
  });

  it.skipIf(process.platform === "win32")("a folder without permission", async () => {
    const folder = fresh();
    await using store = await openFsBlockstore(folder);
    chmodSync(join(folder, "temporary"), 0o500);
    const isRoot = process.getuid?.() === 0; // whom no permission stops: be nobody for a moment
    if (isRoot) process.seteuid?.(65_534);
    try {
      await expect(store.putManyBytes([sampleBlock(1)])).rejects.toMatchObject(storeFailed);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
    chmodSync(join(folder, "temporary"), 0o700);
    await store.putManyBytes([sampleBlock(1)]);
  });

  it.skipIf(process.platform === "win32")("a full disk leaves nothing of the batch, and nothing temporary", () => {
    const folder = fresh();
    const script = join(import.meta.dirname, "../fixtures/fill-folder.ts");
    const limited = 'ulimit -f 100; trap "" XFSZ; exec "$0" --conditions=@copse/source "$1" "$2"';
    const said = execFileSync("sh", ["-c", limited, process.execPath, script, folder], { encoding: "utf8" });
    expect(JSON.parse(said)).toEqual({ codes: Array(2).fill("host/store-failed"), held: [false, false, true] });
    expect(readdirSync(join(folder, "temporary"))).toEqual([]);
    expect(existsSync(join(folder, "LAYOUT"))).toBe(true);
  });

  it.skipIf(process.platform === "win32")("too few open files is a fault; few enough at a time are open", () => {
    const script = join(import.meta.dirname, "../fixtures/many-files.ts");
    const limited = 'ulimit -n 90; exec "$0" --conditions=@copse/source "$1" "$2"';
    const said = execFileSync("sh", ["-c", limited, process.execPath, script, fresh()], { encoding: "utf8" });
    expect(JSON.parse(said)).toEqual({ stored: 2000, read: 2000, code: "host/store-failed" });
  });
});
