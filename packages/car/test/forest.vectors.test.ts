import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@copse/crypto";
import { toHex } from "@copse/primitives";
import { dataFile, describeData, readData } from "@copse/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type CarEntry, carBlocks, decodeCar } from "../src/index.ts";
import { decompressZstd, openCarStore, saveForestCar, writeForestCar } from "../src/node.ts";
import { bytesAccess, createCarStore } from "../src/store.ts";
import { type FrameSpan, framesOf, replaying } from "./frames.ts";

const plainName = "chain/mainnet-chain4.car";
const forestName = "chain/mainnet-chain4.forest.car.zst";
/** Index and footer of the file: a skippable frame of 24,512 B, and one of 8. */
const tailBytes = 8 + 24_512 + 16;
/**
 * SHA-256 of the data frames that the Rust crate zstd 0.13 with libzstd 1.5.7, which Forest is built with now, makes of the
 * blocks by Forest's rule, at a level and a frame size (scratch program, 2026-11-20). Forest's own file here was made with
 * libzstd 1.5.6 or before: seven of its 53 frames have blocks that 1.5.7 compresses to a few bytes more or less.
 */
const rustFrames = [
  ["mainnet-chain4", 3, 8192, "766cb3c427e9e2c0f9894d01f8692051bdefe25b73896773cca4ad60f7425d0b"],
  ["mainnet-chain4", 1, 100, "43723ac6e4fa9b6687bee577fa9397d79f6e07aa1a07749d96188a529e5ce15e"],
  ["mainnet-chain4", 9, 65536, "a17f2e3d161ee3fd1999c8ad88599a3e4abb97a084ddfeb9d87f136e6302d1c3"],
  ["mainnet-chain4", 3, 0, "bf1d3aff0ec736aafada9ff93a4806fe84eb3cef86d5b59767d9d290ad6a47a7"],
  ["mainnet-export40", 3, 8192, "770e0f8ee1453209c48876c9cecbf5ee58811dce6551a8d372ad3fde645508cc"],
  ["mainnet-export40", 1, 100, "7bccdffbf887d5ba6aec7ee2c166f15de410309ae3167b6999ed0ed8fc7ed1ce"],
  ["mainnet-export40", 9, 65536, "48d55571eb09609145393c9ba56141c4e8a00eed289e4faea87ca1e0bd0c9aa2"],
  ["mainnet-export40", 3, 0, "94f8b7ce5f4912d93aa18920e721086332260fee4791a917d03e6718cc8ce146"],
  ["calibnet-genesis", 3, 8192, "c19864b7a642722c479a5db0e0d64692682d8dc40cafad991ccf7c39916fd2f4"],
  ["calibnet-genesis", 1, 100, "9c5c6eeb7ac48869ea93f7a0a26c97f157a009a14bf4a49318bf9236defc8617"],
  ["calibnet-genesis", 9, 65536, "ae02c2f6896e4381320e71a038e96eff5c5b414d86ee61d95388feba7dcfe85c"],
  ["calibnet-genesis", 3, 0, "91170a42780963722a98fc6ddb0ff5a86a5329a46da888fe06ab345bb611bdff"],
] as const;

const others = ["chain/mainnet-export40.car", "chain/calibnet-genesis.car", "chain/mainnet-carv2.car.zst"];

describeData("writing .forest.car.zst", [plainName, forestName, ...others], () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "copse-forest-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const made = async (options = {}): Promise<Buffer> => {
    const { roots, blocks } = decodeCar(readData(plainName));
    const chunks: Uint8Array[] = [];
    for await (const chunk of writeForestCar(roots, blocks, options)) chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  it("makes Forest's file byte for byte, given what Forest's libzstd makes of each section", async () => {
    const sample = readData(forestName);
    const file = await made({ encoder: replaying(sample, sample.length - tailBytes) });
    expect(file.equals(sample)).toBe(true);
  });

  it.each(rustFrames)(
    "%s at level %i, frames of %i B: the data frames of the Rust crate",
    async (name, level, frameSize, hash) => {
      if (process.versions["zstd"] !== "1.5.7") return;
      const { roots, blocks } = decodeCar(readData(`chain/${name}.car`));
      const chunks: Uint8Array[] = [];
      for await (const chunk of writeForestCar(roots, blocks, { level, frameSize })) chunks.push(chunk);
      const file = Buffer.concat(chunks);
      const end = Number(file.readBigUInt64LE(file.length - 8)) - 8;
      expect(toHex(sha256(file.subarray(0, end)))).toBe(hash);
    },
  );

  it("writes no frame that is empty, wherever frames end in the buffers of Node.js", async () => {
    // With a frame a block, one of some hundred ends where the buffer of 16 KiB is just full.
    const blocks: CarEntry[] = [];
    for await (const { cid, bytes } of carBlocks(decompressZstd(readData(others[2] as string)))) {
      blocks.push({ cid: Uint8Array.from(cid), bytes: Uint8Array.from(bytes) });
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of writeForestCar([], blocks, { frameSize: 0 })) chunks.push(chunk);
    const file = Buffer.concat(chunks);
    const spans = framesOf(file, Number(file.readBigUInt64LE(file.length - 8)) - 8);
    expect(spans.length).toBe(7153 + 1);
    expect(spans.every(({ content }) => content.length > 0)).toBe(true);
  });

  it("cuts the frames where Forest cuts them, and has its index but for the frames' sizes", async () => {
    const sample = readData(forestName);
    const file = await made();
    const [ours, theirs] = [file, sample].map((bytes) => framesOf(bytes, bytes.length - tailBytes));
    expect(ours?.length).toBe(54);
    expect(ours?.map(({ content }) => toHex(sha256(content)))).toEqual(
      theirs?.map(({ content }) => toHex(sha256(content))),
    );
    const table = (bytes: Uint8Array, spans: readonly FrameSpan[] | undefined): string[] => {
      const view = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - tailBytes + 8, 24_512);
      const rows = [8, 16, 24].map((at) => String(view.getBigUint64(at, true)));
      for (let at = 32; at < view.byteLength; at += 16) {
        const frame = spans?.findIndex(({ start }) => BigInt(start) === view.getBigUint64(at + 8, true));
        rows.push(`${view.getBigUint64(at, true).toString(16)} ${frame}`);
      }
      return rows;
    };
    expect(table(file, ours)).toEqual(table(sample, theirs));
  });

  it("saves a file from which every block is read in place", async () => {
    const { roots, blocks } = decodeCar(readData(plainName));
    const path = join(folder, "made.forest.car.zst");
    const size = await saveForestCar(path, roots, blocks);
    expect((await readFile(path)).length).toBe(size);
    await using store = await openCarStore(path);
    expect(store.kind).toBe("ForestCARv1.zst");
    expect(store.roots).toEqual(roots);
    for (const { cid, bytes } of blocks) {
      expect(Buffer.compare(store.getSync(cid) as Uint8Array, bytes)).toBe(0);
    }
  });

  it("reads an index in several frames, wherever it is cut", async () => {
    const { blocks } = decodeCar(readData(plainName));
    const file = await made({ severalIndexFrames: true });
    expect(file.equals(await made())).toBe(true); // 24 KB fit the first frame of 512 MiB
    const data = file.subarray(0, file.length - tailBytes);
    const index = file.subarray(data.length + 8, file.length - 16);
    for (const piece of [1, 1000, 4096, 24_000]) {
      const pieces: Uint8Array[] = [];
      // A piece of one byte, then large ones: seams in the header, in a slot, and between slots.
      for (let at = 0; at < index.length; ) {
        const part = index.subarray(at, at + (at === 0 ? 1 : Math.max(piece, 512)));
        const head = Buffer.from("502a4d1800000000", "hex");
        head.writeUInt32LE(part.length, 4);
        pieces.push(head, part);
        at += part.length;
      }
      const store = await createCarStore(bytesAccess(Buffer.concat([data, ...pieces, file.subarray(-16)])));
      for (const { cid, bytes } of blocks) {
        expect(Buffer.compare(store.getSync(cid) as Uint8Array, bytes)).toBe(0);
      }
    }
  });

  it("reads Forest's own file in place: every block, by every face, and in pieces", async () => {
    const { blocks } = decodeCar(readData(plainName));
    await using store = await openCarStore(dataFile(forestName) as string, { cacheBytes: 100_000 });
    for (const [i, { cid, bytes }] of blocks.entries()) {
      expect(Buffer.compare(store.getSync(cid) as Uint8Array, bytes)).toBe(0);
      if (i % 20 !== 0) continue;
      const pieces: Uint8Array[] = [];
      for await (const piece of store.stream(cid)) pieces.push(piece);
      expect(Buffer.compare(Buffer.concat(pieces), bytes)).toBe(0);
      const absent = Uint8Array.from(cid);
      absent[30] = (absent[30] as number) ^ 1;
      expect(await store.getBytes(absent)).toBeUndefined();
    }
  });
});
