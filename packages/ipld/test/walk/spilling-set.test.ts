import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HostFault, toHex } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CidBytes, cidOf, cidOfDigest, hashes, makeCid, rawCidOf } from "../../src/index.ts";
import { openSeenFile, tempRunFiles } from "../../src/seen-file.node.ts";
import { type RunFiles, SpillingCidSet, walkSync } from "../../src/walk/index.ts";
import { codeOf, createTestStore } from "./blocks.ts";

/** Files in memory, on a disk that may be full. */
function memoryFiles(disk: { left: number } = { left: Number.POSITIVE_INFINITY }): RunFiles & { open: number } {
  const files = {
    open: 0,
    create() {
      let bytes = new Uint8Array(0);
      files.open++;
      return {
        append(more: Uint8Array) {
          if (more.length > disk.left) throw new HostFault("host/store-failed", { operation: "write", reason: "full" });
          disk.left -= more.length;
          const grown = new Uint8Array(bytes.length + more.length);
          grown.set(bytes);
          grown.set(more, bytes.length);
          bytes = grown;
        },
        read(offset: number, into: Uint8Array) {
          expect(offset + into.length).toBeLessThanOrEqual(bytes.length);
          into.set(bytes.subarray(offset, offset + into.length));
        },
        close() {
          files.open--;
          disk.left += bytes.length;
        },
      };
    },
  };
  return files;
}

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "copse-ipld-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** CIDs of several forms; some digests agree in their first bytes. */
function manyCids(count: number, random: () => number): CidBytes[] {
  return Array.from({ length: count }, (_, i) => {
    const digest = Uint8Array.from({ length: 32 }, () => Math.floor(random() * 256));
    if (i % 5 === 0) digest.fill(7, 0, 12);
    if (i % 13 === 0) return makeCid(digest.subarray(0, i % 40), { hash: hashes.identity });
    if (i % 3 === 0) return makeCid(digest, { hash: hashes.sha256 });
    return i % 11 === 0 ? rawCidOf(digest) : cidOfDigest(digest);
  });
}

describe("SpillingCidSet", () => {
  for (const [limit, filterBytes] of [
    [1, 0],
    [7, 64],
    [50, 1 << 20],
    [300, 100],
  ] as const) {
    it(`does as a Set of texts with ${limit} CIDs in memory and ${filterBytes} B of filters`, () => {
      const random = seeded(limit);
      const files = memoryFiles();
      const set = new SpillingCidSet(files, { limit, filterBytes });
      const model = new Set<string>();
      const cids = manyCids(1500, random);
      for (let step = 0; step < 5000; step++) {
        const cid = cids[Math.floor(random() * cids.length)] as CidBytes;
        const key = toHex(cid);
        if (random() < 0.7) {
          if (set.add(cid) === model.has(key)) expect.fail(`add ${key} at step ${step}`);
          model.add(key);
        } else if (set.has(cid) !== model.has(key)) expect.fail(`has ${key} at step ${step}`);
      }
      expect(set.size).toBe(model.size);
      expect([...set].map(toHex).toSorted()).toEqual([...model].toSorted());
      expect(set.spilled).toBeGreaterThan(0);
      set.clear();
      expect(files.open).toBe(0);
      expect(set.size).toBe(0);
      expect(set.add(cids[0] as CidBytes)).toBe(true);
    });
  }

  it("keeps at most a few runs open, and filters within their bound", () => {
    const files = memoryFiles();
    const set = new SpillingCidSet(files, { limit: 100, filterBytes: 4096 });
    for (let i = 0; i < 5000; i++) set.add(cidOf(Uint8Array.of(i, i >> 8)));
    expect(set.spilled).toBe(4900);
    expect(files.open).toBeLessThanOrEqual(14);
    expect(set.byteLength).toBeLessThan(64_000);
    for (let i = 0; i < 5000; i++) if (!set.has(cidOf(Uint8Array.of(i, i >> 8)))) expect.fail(`lost ${i}`);
    set.close();
    expect(files.open).toBe(0);
  });

  it("a full disk leaves it as it was, and it goes on when there is room", () => {
    const disk = { left: 32 * 250 };
    const files = memoryFiles(disk);
    const set = new SpillingCidSet(files, { limit: 100 });
    const cid = (i: number): CidBytes => cidOf(Uint8Array.of(i, i >> 8));
    let added = 0;
    const full = codeOf(() => {
      for (;;) {
        set.add(cid(added));
        added++;
      }
    });
    expect(full).toBe("host/store-failed");
    expect(added).toBe(300);
    expect(set.size).toBe(300);
    expect(set.has(cid(300))).toBe(false);
    expect(codeOf(() => set.add(cid(300)))).toBe("host/store-failed");
    for (let i = 0; i < 300; i++) expect(set.add(cid(i))).toBe(false);
    disk.left = 32 * 1000; // room for eight runs, not for their merge
    expect(
      codeOf(() => {
        for (; ; added++) set.add(cid(added));
      }),
    ).toBe("host/store-failed");
    expect(set.size).toBe(added);
    disk.left = Number.POSITIVE_INFINITY;
    for (; added < 2000; added++) if (!set.add(cid(added))) expect.fail(`not new: ${added}`);
    for (let i = 0; i < 2000; i++) if (!set.has(cid(i))) expect.fail(`lost: ${i}`);
    expect(new Set([...set].map(toHex)).size).toBe(2000);
  });

  it("is of no use once closed", () => {
    const set = new SpillingCidSet(memoryFiles());
    set.close();
    expect(codeOf(() => set.add(cidOf(Uint8Array.of(1))))).toBe("walk/set-closed");
    expect(codeOf(() => set.has(cidOf(Uint8Array.of(1))))).toBe("walk/set-closed");
    expect(codeOf(() => [...set])).toBe("walk/set-closed");
  });

  it("is a walk's seen set", () => {
    const store = createTestStore();
    let root = store.value([0]);
    for (let i = 1; i < 200; i++)
      root = store.raw(Uint8Array.of(0x82, 0xd8, 0x2a, 0x58, 0x27, 0, ...root, 0x18, 24 + i), 0x71);
    const seen = new SpillingCidSet(memoryFiles(), { limit: 10 });
    expect([...walkSync(root, store, { seen })]).toHaveLength(200);
    expect([...walkSync(root, store, { seen })]).toHaveLength(0);
  });
});

describe("openSeenFile", () => {
  it("keeps its files without a name, and gives them back", () => {
    const folder = join(dir, "a", "b");
    {
      using set = openSeenFile({ dir: folder, limit: 10 });
      for (let i = 0; i < 500; i++) expect(set.add(cidOf(Uint8Array.of(i, i >> 8)))).toBe(true);
      for (let i = 0; i < 500; i++) expect(set.has(cidOf(Uint8Array.of(i, i >> 8)))).toBe(true);
      expect(set.spilled).toBe(490);
      if (process.platform !== "win32") expect(readdirSync(folder)).toEqual([]);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it("removes what a dead process left, and nothing else", () => {
    writeFileSync(join(dir, "copse-seen-1-1.run"), "left behind");
    writeFileSync(join(dir, "notes.run"), "not ours");
    tempRunFiles({ dir });
    expect(readdirSync(dir).filter((name) => name.endsWith(".run"))).toEqual(["notes.run"]);
  });

  it("a folder that cannot be is a fault of the host", () => {
    writeFileSync(join(dir, "file"), "");
    expect(codeOf(() => openSeenFile({ dir: join(dir, "file", "x") }))).toBe("host/store-failed");
    const set = openSeenFile({ dir: join(dir, "gone"), limit: 1 });
    rmSync(join(dir, "gone"), { recursive: true });
    set.add(cidOf(Uint8Array.of(1)));
    expect(codeOf(() => set.add(cidOf(Uint8Array.of(2))))).toBe("host/store-failed");
    expect(set.size).toBe(1);
    expect(() => tempRunFiles()).not.toThrow();
  });
});
