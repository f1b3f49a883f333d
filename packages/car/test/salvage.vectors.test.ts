import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeData, readData, seeded } from "@copse/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type CarBlock, decodeCar, encodeCar } from "../src/index.ts";
import { openFileAccess, saveCarFile } from "../src/node.ts";
import { salvageCar, verifyCar } from "../src/report.ts";
import { bytesAccess } from "../src/store.ts";
import { framesOf } from "./frames.ts";

const plainName = "chain/mainnet-chain4.car";
const forestName = "chain/mainnet-chain4.forest.car.zst";
const zstName = "chain/mainnet-chain4.car.zst";

async function saved(file: Uint8Array) {
  const { roots, blocks, report } = await salvageCar(bytesAccess(file));
  const kept: CarBlock[] = [];
  for await (const { cid, bytes } of blocks)
    kept.push({ cid: Uint8Array.from(cid), bytes: Uint8Array.from(bytes), offset: 0 });
  return { roots, kept, report };
}

const same = (a: readonly { bytes: Uint8Array }[], b: readonly { bytes: Uint8Array }[]): boolean =>
  a.length === b.length && a.every(({ bytes }, i) => Buffer.compare(bytes, b[i]?.bytes as Uint8Array) === 0);

describeData("salvage", [plainName, forestName, zstName], () => {
  const whole = decodeCar(readData(plainName));
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "copse-salvage-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("of a plain file that is cut anywhere gives every whole block before the cut", async () => {
    const file = readData(plainName);
    const random = seeded(5);
    for (let i = 0; i < 60; i++) {
      const end = 100 + Math.floor(random() * (file.length - 100));
      const expected = whole.blocks.filter((_, at) => (whole.blocks[at + 1]?.offset ?? file.length) <= end);
      const { kept, report, roots } = await saved(file.subarray(0, end));
      expect(roots).toEqual(whole.roots);
      expect(same(kept, expected)).toBe(true);
      const rest = end - (whole.blocks[expected.length]?.offset ?? end);
      expect(report.lostBytes).toBe(rest);
      expect(report.losses.length).toBe(rest > 0 ? 1 : 0);
    }
  });

  it("of a CARv2 that is cut gives what its header says is there", async () => {
    const file = encodeCar(whole.roots, whole.blocks, { version: 2 });
    const { kept, report } = await saved(file.subarray(0, 500_000));
    expect(kept.length).toBeGreaterThan(300);
    expect(same(kept, whole.blocks.slice(0, kept.length))).toBe(true);
    expect(report.losses[0]?.why).toMatch(/ends inside/);
  });

  it("of a .forest.car.zst that is cut gives every whole section, of the last frame too", async () => {
    const file = readData(forestName);
    const spans = framesOf(file, file.length - 24_536);
    const random = seeded(6);
    for (let i = 0; i < 40; i++) {
      const end = 200 + Math.floor(random() * (file.length - 24_736));
      const { kept, report } = await saved(file.subarray(0, end));
      // A zstd block holds a section here: what is whole of them is whole of the other.
      const blocks = spans.slice(1).reduce((sum, span) => {
        const sections = span.blocks.slice(0, -1).filter((blockEnd) => blockEnd <= end).length;
        return sum + sections;
      }, 0);
      expect(kept.length).toBe(blocks);
      expect(same(kept, whole.blocks.slice(0, kept.length))).toBe(true);
      const isWhole = spans.some((span) => span.end === end);
      expect(report.losses.length).toBe(isWhole ? 0 : 1);
    }
  });

  it("of a damaged .forest.car.zst gives what lies before and after the damage", async () => {
    const file = Uint8Array.from(readData(forestName));
    const spans = framesOf(file, file.length - 24_536);
    for (const frame of [10, 30]) {
      const { start, end } = spans[frame] as { start: number; end: number };
      file.fill(0x5a, start + 4000, Math.min(end - 100, start + 4500));
    }
    const { kept, report } = await saved(file);
    const lost = whole.blocks.length - kept.length;
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThan(60);
    expect(report.losses.length).toBe(2);
    const known = new Set(whole.blocks.map(({ cid }) => Buffer.from(cid).toString("hex")));
    expect(kept.every(({ cid }) => known.has(Buffer.from(cid).toString("hex")))).toBe(true);
    // The last frames are there again.
    expect(same(kept.slice(-300), whole.blocks.slice(-300))).toBe(true);
  });

  it("of a file compressed as a whole gives every block that decompresses", async () => {
    const file = readData(zstName);
    const { kept, report } = await saved(file.subarray(0, 300_000));
    expect(kept.length).toBeGreaterThan(800);
    expect(same(kept, whole.blocks.slice(0, kept.length))).toBe(true);
    expect(report.losses.length).toBe(1);
  });

  it("leaves out a block that is not what its CID says, and goes on", async () => {
    const file = Uint8Array.from(readData(plainName));
    const at = (whole.blocks[700]?.offset as number) + 60;
    file[at] = (file[at] as number) ^ 1;
    const { kept, report } = await saved(file);
    expect(kept.length).toBe(whole.blocks.length - 1);
    expect(report.badBlocks).toBe(1);
    expect(report.lostBytes).toBe(0);
  });

  it("writes a good file", async () => {
    const { roots, blocks } = await salvageCar(bytesAccess(readData(plainName).subarray(0, 777_777)));
    await saveCarFile(join(folder, "saved.car"), roots, blocks);
    await using file = await openFileAccess(join(folder, "saved.car"));
    const report = await verifyCar(file);
    expect(report).toMatchObject({ isGood: true, damage: undefined, badBlocks: 0 });
    expect(report.blocks).toBe(770);
  });

  it("of a whole file loses nothing", async () => {
    for (const name of [plainName, forestName, zstName]) {
      const { kept, report } = await saved(readData(name));
      expect(same(kept, whole.blocks)).toBe(true);
      expect(report).toMatchObject({ badBlocks: 0, losses: [], lostBytes: 0, blocks: 1222 });
    }
  });

  it("needs the header", async () => {
    await expect(saved(readData(plainName).subarray(0, 20))).rejects.toMatchObject({ code: "car/cut" });
    await expect(saved(new Uint8Array(0))).rejects.toMatchObject({ code: "car/cut" });
    await expect(saved(readData(forestName).subarray(0, 40))).rejects.toMatchObject({ code: "car/frame-malformed" });
  });
});
