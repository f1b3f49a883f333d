/** Reading and writing real CAR files, beside @ipld/car on the same bytes. */
import { installFastest } from "@copse/crypto/fastest";
import { verifyBlock } from "@copse/ipld";
import { dataFile, readData } from "@copse/testkit";
import { bench } from "@copse/testkit/bench";
import { CarBlockIterator, CarReader, CarWriter } from "@ipld/car";
import { decodeCar, encodeCar, readCar, writeCar } from "../src/index.ts";
import { openCarFile } from "../src/node.ts";

console.log((await installFastest()).join(", "));
const name = "chain/mainnet-export40.car";
const file = readData(name);
const megabytes = file.length / 1e6;
/** As a file stream gives it. */
const chunks = Array.from({ length: Math.ceil(file.length / 65_536) }, (_, i) =>
  file.subarray(i * 65_536, (i + 1) * 65_536),
);

async function theirs(check: boolean): Promise<number> {
  for await (const { cid, bytes } of await CarBlockIterator.fromIterable(stream())) {
    if (check && !verifyBlock(cid.bytes, bytes)) return 0;
  }
  return megabytes;
}

async function* stream(): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

await bench("car/read export40 stream checked", {
  given: () => undefined,
  run: async () => {
    for await (const _ of (await readCar(stream())).batches);
    return megabytes;
  },
  unit: "MB",
  beside: {
    "@ipld/car + hash": () => theirs(true),
    "@ipld/car, no hash": () => theirs(false),
  },
});

await bench("car/read export40 stream one by one checked", {
  given: () => undefined,
  run: async () => {
    for await (const _ of (await readCar(stream())).blocks);
    return megabytes;
  },
  unit: "MB",
  beside: { "@ipld/car + hash": () => theirs(true) },
});

await bench("car/read export40 stream unchecked", {
  given: () => undefined,
  run: async () => {
    for await (const _ of (await readCar(stream(), { verify: false })).batches);
    return megabytes;
  },
  unit: "MB",
  beside: { "@ipld/car": () => theirs(false) },
});

await bench("car/read export40 memory checked", {
  given: () => undefined,
  run: () => {
    decodeCar(file);
    return megabytes;
  },
  unit: "MB",
  beside: {
    "CarReader + hash": async () => {
      for await (const { cid, bytes } of (await CarReader.fromBytes(file)).blocks()) {
        if (!verifyBlock(cid.bytes, bytes)) return 0;
      }
      return megabytes;
    },
  },
});

const packed = dataFile("chain/mainnet-chain4.car.zst") as string;
await bench("car/read chain4.car.zst file checked", {
  given: () => undefined,
  run: async () => {
    await using car = await openCarFile(packed);
    for await (const _ of car.batches);
    return 1.107835;
  },
  unit: "MB",
});

const decoded = decodeCar(file);
const withCids = await (async () => {
  const reader = await CarReader.fromBytes(file);
  const blocks: { cid: Parameters<CarWriter["put"]>[0]["cid"]; bytes: Uint8Array }[] = [];
  for await (const block of reader.blocks()) blocks.push(block);
  return { roots: await reader.getRoots(), blocks };
})();

await bench("car/write export40 stream", {
  given: () => undefined,
  run: async () => {
    for await (const _ of writeCar(decoded.roots, decoded.blocks));
    return megabytes;
  },
  unit: "MB",
  beside: {
    "@ipld/car": async () => {
      const { writer, out } = CarWriter.create(withCids.roots);
      const drained = (async () => {
        for await (const _ of out);
      })();
      for (const block of withCids.blocks) await writer.put(block);
      await writer.close();
      await drained;
      return megabytes;
    },
  },
});

await bench("car/write export40 memory", {
  given: () => undefined,
  run: () => {
    encodeCar(decoded.roots, decoded.blocks);
    return megabytes;
  },
  unit: "MB",
});
