import { cidOf, cidOfDigest } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import { fuzz, seeded } from "@copse/testkit";
import { beforeAll } from "vitest";
import { readAtOnce } from "../src/access.ts";
import { readForestFooter } from "../src/forest/footer.ts";
import { findFrames, openForestIndex, scanForestIndex } from "../src/forest/index-reader.ts";
import { CarError, encodeCar } from "../src/index.ts";
import { readLayout } from "../src/layout.ts";
import { writeForestCar } from "../src/node.ts";
import { defaultCarLimits } from "../src/options.ts";
import { salvageCar, verifyCar } from "../src/report.ts";
import { findOffsets, openSortedIndex, scanSortedIndex } from "../src/sorted-index.ts";
import { bytesAccess, CarIndexBuilder, createCarStore, indexCar } from "../src/store.ts";
import { loadFrameDecoder as loadInBrowser } from "../src/zstd.browser.ts";
import { loadFrameDecoder } from "../src/zstd.node.ts";
import { FrameWalker, measureFrame } from "../src/zstd-frame.ts";

const random = seeded(9);
const blocks = Array.from({ length: 12 }, (_, i) => {
  const bytes = Uint8Array.from({ length: 5 + i * 11 }, () => Math.floor(random() * 4));
  return { cid: cidOf(bytes), bytes };
});
const identity = { cid: Uint8Array.of(1, 0x55, 0, 2, 7, 7), bytes: Uint8Array.of(7, 7) };
const roots = blocks.slice(0, 2).map(({ cid }) => cid);
const absent = cidOfDigest(new Uint8Array(32).fill(99));
const coded = (error: unknown): boolean => error instanceof CarError;

const joined = async (chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return concatBytes(...parts);
};

const forest: Uint8Array[] = [];
const indexes: Uint8Array[] = [];
const frames: Uint8Array[] = [];
const files: Uint8Array[] = [encodeCar(roots, [...blocks, identity]), encodeCar(roots, blocks, { version: 2 })];
beforeAll(async () => {
  for (const frameSize of [1, 100, 8192])
    forest.push(await joined(writeForestCar(roots, [...blocks, identity], { frameSize })));
  for (const kind of ["sorted", "multihash"] as const) {
    const index = new CarIndexBuilder({ kind, identity: true });
    for (const [i, { cid }] of [...blocks, identity, ...blocks].entries()) index.add(cid, i * 100);
    indexes.push(await joined(index.write()));
  }
  for (const file of forest) {
    for (let at = 0; at < file.length && frames.length < 12; ) {
      const frame = measureFrame(file, at, 0);
      if (typeof frame === "number") break;
      frames.push(file.subarray(at, at + frame.length));
      at += frame.length;
    }
  }
  files.push(...forest);
});

fuzz(
  "index of CARv2",
  indexes,
  (bytes) => {
    const access = bytesAccess(bytes);
    const index = readAtOnce(openSortedIndex(0, bytes.length), access);
    let records = 0;
    readAtOnce(
      scanSortedIndex(index, () => records++),
      access,
    );
    if (records !== index.count) throw new RangeError(`${records} of ${index.count} records`);
    for (const { cid } of [...blocks, identity, { cid: absent }]) readAtOnce(findOffsets(index, cid), access);
  },
  coded,
);

fuzz(
  "footer and index of .forest.car.zst",
  forest,
  (bytes) => {
    const access = bytesAccess(bytes);
    const start = readAtOnce(readForestFooter(bytes.length), access);
    if (start === undefined) return;
    const index = readAtOnce(openForestIndex(start, bytes.length), access);
    readAtOnce(
      scanForestIndex(index, () => {}),
      access,
    );
    for (const { cid } of [...blocks, identity, { cid: absent }]) {
      for (const frame of readAtOnce(findFrames(index, cid), access)) {
        if (frame >= start) throw new RangeError(`frame ${frame} is past the data`);
      }
    }
  },
  coded,
);

fuzz(
  "header of CARv2",
  files.slice(0, 2),
  (bytes) => {
    const layout = readAtOnce(readLayout(bytes.length, defaultCarLimits), bytesAccess(bytes));
    if (layout.dataEnd > bytes.length || layout.sectionsStart > layout.dataEnd)
      throw new RangeError("outside the file");
  },
  coded,
);

/** Where a frame ends must not depend on the chunks; both decoders give what is within the bound, or refuse. */
fuzz(
  "zstd frames",
  frames,
  async (bytes) => {
    const whole = measureFrame(bytes, 0, 0);
    const walker = new FrameWalker(0);
    for (let at = 0; at < bytes.length && !walker.isDone; at += 3) walker.push(bytes.subarray(at, at + 3), 0);
    const length = walker.isDone ? walker.length : walker.length + walker.missing;
    if (length !== (typeof whole === "number" ? whole : whole.length)) throw new RangeError(`${length} by chunks`);
    if (typeof whole === "number" || whole.isSkippable) return;
    for (const load of [loadFrameDecoder, loadInBrowser]) {
      const content = (await load()).decode(bytes.subarray(0, whole.length), 1 << 16, 0);
      if (content.length > Math.min(whole.most, 1 << 16)) throw new RangeError(`${content.length} B came out`);
    }
  },
  coded,
);

fuzz(
  "a store over any file",
  files,
  async (bytes) => {
    const store = await createCarStore(bytesAccess(bytes), { cacheBytes: 1 << 20 });
    for (const { cid } of [...blocks, identity, { cid: absent }]) {
      try {
        store.getSync(cid);
        store.hasSync(cid);
        for await (const _ of store.stream(cid));
      } catch (error) {
        if (!coded(error)) throw error;
      }
    }
    for (const _ of store.entriesSync());
    for await (const _ of store.entries());
  },
  coded,
);

fuzz(
  "salvage",
  files,
  async (bytes) => {
    const { blocks: saved, report, roots: kept } = await salvageCar(bytesAccess(bytes));
    const all = [];
    for await (const block of saved) all.push({ cid: Uint8Array.from(block.cid), bytes: Uint8Array.from(block.bytes) });
    if (all.length !== report.blocks) throw new RangeError(`${all.length} of ${report.blocks} blocks`);
    if (report.lostBytes < 0 || report.lostBytes > bytes.length) throw new RangeError(`${report.lostBytes} B lost`);
    const found = await verifyCar(bytesAccess(encodeCar(kept, all)));
    if (found.damage !== undefined || found.badBlocks > 0) throw new RangeError("what was saved is not good");
  },
  coded,
);

fuzz("verify", files, async (bytes) => void (await verifyCar(bytesAccess(bytes))), coded);

fuzz(
  "making an index",
  files.slice(0, 2),
  async (bytes) => void (await joined((await indexCar(bytesAccess(bytes))).write())),
  coded,
);
