import { isStore, unionStoreOf } from "@copse/blockstore/compose";
import { dataFile, describeData, readData } from "@copse/testkit";
import { expect, it } from "vitest";
import { decodeCar } from "../src/index.ts";
import { openCarStore } from "../src/node.ts";

const names = ["chain/mainnet-chain4.forest.car.zst", "chain/mainnet-export40.car", "chain/calibnet-genesis.car"];

describeData("several CARs as one store", names, () => {
  it("gives every block of each, at once and later", async () => {
    const stores = await Promise.all(names.map((name) => openCarStore(dataFile(name) as string)));
    const union = unionStoreOf(stores);
    expect(isStore(union)).toBe(true);
    for (const name of ["chain/mainnet-chain4.car", ...names.slice(1)]) {
      for (const [i, { cid, bytes }] of decodeCar(readData(name)).blocks.entries()) {
        expect(Buffer.compare(union.getSync(cid) as Uint8Array, bytes)).toBe(0);
        if (i % 50 === 0) expect(await union.getBytes(cid)).toEqual(Uint8Array.from(bytes));
      }
    }
    for (const store of stores) await store.close();
    expect(() => stores[0]?.getSync(new Uint8Array(38).fill(1))).toThrow();
  });
});
