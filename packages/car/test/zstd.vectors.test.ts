import { describeData, readData } from "@copse/testkit";
import { expect, it } from "vitest";
import { readCar } from "../src/index.ts";
import { decompressZstd as inBrowser } from "../src/zstd.browser.ts";
import { compressZstd, decompressZstd as inNode } from "../src/zstd.node.ts";

const plain = "chain/mainnet-chain4.car";
const packed = ["chain/mainnet-chain4.car.zst", "chain/mainnet-chain4.forest.car.zst"];

describeData("zstd, both adapters", [plain, ...packed], () => {
  for (const [who, decompress] of Object.entries({ inNode, inBrowser })) {
    const all = async (source: Iterable<Uint8Array>): Promise<Buffer> => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of decompress(source)) chunks.push(chunk);
      return Buffer.concat(chunks);
    };

    for (const name of packed) {
      it(`${who}: ${name} gives the plain file, however it is cut`, async () => {
        const file = readData(name);
        const expected = readData(plain);
        for (const size of [997, 65_536, file.length]) {
          expect((await all(cut(file, size))).equals(expected)).toBe(true);
        }
      });
    }

    it(`${who}: a cut or damaged stream is said to be one`, async () => {
      const file = readData(packed[0] as string);
      await expect(all([file.subarray(0, 300_000)])).rejects.toMatchObject({ code: "car/compression-damaged" });
      for (const at of [0, 5, 5000, 200_000]) {
        const damaged = Uint8Array.from(file);
        damaged.fill(0xff, at, at + 50);
        await expect(all([damaged]), `damaged at ${at}`).rejects.toMatchObject({ code: "car/compression-damaged" });
      }
    });

    it(`${who}: what the source throws comes out as it is, and the source is closed`, async () => {
      const file = readData(packed[1] as string);
      const boom = new RangeError("the peer is gone");
      let closed = 0;
      async function* source(fail: boolean): AsyncGenerator<Uint8Array> {
        try {
          for (const chunk of cut(file, 50_000)) yield chunk;
          if (fail) throw boom;
        } finally {
          closed++;
        }
      }
      const drain = async (): Promise<void> => {
        for await (const _ of decompress(source(true)));
      };
      await expect(drain()).rejects.toBe(boom);
      expect(closed).toBe(1);
      const car = await readCar(decompress(source(false)));
      for await (const _ of car.blocks) break;
      expect(closed).toBe(2);
    });
  }

  it("what is compressed here is decompressed here", async () => {
    const file = readData(plain);
    const chunks: Uint8Array[] = [];
    for await (const chunk of inBrowser(compressZstd(file, { level: 1 }))) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(file)).toBe(true);
  });
});

function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
