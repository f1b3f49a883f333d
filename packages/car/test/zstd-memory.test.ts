import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { expect, it } from "vitest";
import { decompressZstd, loadFrameDecoder } from "../src/zstd.browser.ts";
import { blockEnds } from "../src/zstd-frame.ts";

/** A frame that gives more than the limit. */
const wide = zstdCompressSync(new Uint8Array(1 << 20).map((_, i) => (i * i) >>> 7));
const limit = 64 << 10;

/** The same frame, its blocks where they were, with data in them that no decoder takes. */
function damagedFrame(): Uint8Array {
  for (let at = 40; at < wide.length; at += 50) {
    const frame = Uint8Array.from(wide);
    frame.fill(0xff, at, at + 10);
    if (blockEnds(frame, 0).at(-1) === wide.length && isRefused(frame)) return frame;
  }
  throw new RangeError("every damage is data");
}

function isRefused(frame: Uint8Array): boolean {
  try {
    zstdDecompressSync(frame);
    return false;
  } catch {
    return true;
  }
}

const grownBy = async (work: (i: number) => unknown): Promise<number> => {
  for (let i = 0; i < 50; i++) await work(i);
  const before = process.memoryUsage.rss();
  for (let i = 0; i < 600; i++) await work(i);
  return (process.memoryUsage.rss() - before) >> 20;
};

it("frames that give too much take no memory that stays", async () => {
  const decoder = await loadFrameDecoder();
  const grown = await grownBy((i) =>
    expect(() => decoder.decode(wide, limit, i)).toThrow(expect.objectContaining({ code: "car/frame-too-long" })),
  );
  expect(grown).toBeLessThan(100); // they once kept half a megabyte each
});

it("frames whose data is damaged take none either", async () => {
  const decoder = await loadFrameDecoder();
  const damaged = damagedFrame();
  const grown = await grownBy((i) =>
    expect(() => decoder.decode(damaged, 2 << 20, i)).toThrow(expect.objectContaining({ code: "car/frame-malformed" })),
  );
  expect(grown).toBeLessThan(100);
});

it("streams that nobody reads to the end take none", async () => {
  const grown = await grownBy(async () => {
    for await (const chunk of decompressZstd(wide)) if (chunk.length > 0) break;
  });
  expect(grown).toBeLessThan(100);
});
