import { hashes, readCid } from "@copse/ipld";
import { describeData, readData } from "@copse/testkit";
import { expect, it } from "vitest";
import { type CarBlock, carBlocks, decodeCar, readCar } from "../src/index.ts";

const files = {
  "chain/mainnet-genesis.car": 1222,
  "chain/calibnet-genesis.car": 1207,
  "chain/mainnet-export40.car": 1581,
  "chain/mainnet-chain4.car": 1222,
};

describeData("files of the real chain", Object.keys(files), () => {
  for (const [name, count] of Object.entries(files)) {
    it(`reads ${name}: ${count} blocks, each equal to its hash`, () => {
      const car = decodeCar(readData(name));
      expect(car.version).toBe(1);
      expect(car.blocks.length).toBe(count);
    });
  }

  it("finds one sha2-256 block among 1,581 of mainnet-export40", () => {
    const { blocks } = decodeCar(readData("chain/mainnet-export40.car"));
    const byHash = Map.groupBy(blocks, ({ cid }) => readCid(cid).hash);
    expect(byHash.get(hashes.blake2b256)?.length).toBe(1580);
    expect(byHash.get(hashes.sha256)?.length).toBe(1);
  });

  it("reads the same blocks whatever the chunks", async () => {
    const file = readData("chain/mainnet-chain4.car");
    const whole = decodeCar(file).blocks;
    for (const size of [1, 7, 1000, 65_536]) {
      const some = size === 1 ? file.subarray(0, 20_000) : file;
      const seen: CarBlock[] = [];
      try {
        for await (const block of carBlocks(cut(some, size))) seen.push(block);
      } catch (error) {
        if (size !== 1) throw error; // the shortened file ends inside a section
      }
      expect(seen.length).toBe(size === 1 ? seen.length : whole.length);
      seen.forEach((block, i) => {
        expect(block.offset).toBe(whole[i]?.offset);
        expect(Buffer.compare(block.bytes, (whole[i] as CarBlock).bytes)).toBe(0);
      });
      expect(seen.length).toBeGreaterThan(10);
    }
  });

  it("gives the header before any block is asked for", async () => {
    const file = readData("chain/mainnet-export40.car");
    const car = await readCar(cut(file, 4096));
    expect(car.roots.length).toBe(1);
    let count = 0;
    for await (const batch of car.batches) count += batch.length;
    expect(count).toBe(1581);
  });
});

function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
