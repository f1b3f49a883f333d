// Headers and messages of mainnet epochs 0 to 39, decoded and encoded again, beside @ipld/dag-cbor on the same bytes
// (which checks no types, addresses or amounts, and gives arrays).
import { dataFile, readData } from "@copse/testkit";
import { bench } from "@copse/testkit/bench";
import * as dagCbor from "@ipld/dag-cbor";
import {
  Address,
  blockCid,
  createTipset,
  decodeBlockHeader,
  decodeMessage,
  decodeSignedMessage,
  encodeBlockHeader,
  encodeMessage,
  encodeSignedMessage,
} from "../src/index.ts";
import { carBlocks } from "../test/car-walk.ts";

const file = "chain/mainnet-export40.car";
if (dataFile(file) === undefined) throw new Error(`${file} is not in the data folder: nothing to measure`);
const blocks = [...carBlocks(readData(file)).values()];

function decodable<T>(decode: (bytes: Uint8Array) => T): { bytes: Uint8Array[]; values: T[]; untyped: unknown[] } {
  const bytes = blocks.filter((block) => {
    try {
      decode(block);
      return true;
    } catch {
      return false;
    }
  });
  return { bytes, values: bytes.map(decode), untyped: bytes.map((block) => dagCbor.decode(block)) };
}

async function codec<T>(
  name: string,
  decode: (bytes: Uint8Array) => T,
  encode: (value: T) => Uint8Array,
): Promise<void> {
  const given = decodable(decode);
  const each = <U>(items: readonly U[], run: (item: U) => unknown): number => {
    for (const item of items) run(item);
    return items.length;
  };
  await bench(`types/${name} decode`, {
    unit: name,
    given: () => given,
    run: ({ bytes }) => each(bytes, decode),
    beside: { "@ipld/dag-cbor": ({ bytes }) => each(bytes, (block) => dagCbor.decode(block)) },
  });
  await bench(`types/${name} encode`, {
    unit: name,
    given: () => given,
    run: ({ values }) => each(values, encode),
    beside: { "@ipld/dag-cbor": ({ untyped }) => each(untyped, (value) => dagCbor.encode(value)) },
  });
  await bench(`types/${name} decode+encode`, {
    unit: name,
    given: () => given,
    run: ({ bytes }) => each(bytes, (block) => encode(decode(block))),
    beside: { "@ipld/dag-cbor": ({ bytes }) => each(bytes, (block) => dagCbor.encode(dagCbor.decode(block))) },
  });
}

await codec("header", decodeBlockHeader, encodeBlockHeader);
await codec("message", decodeMessage, encodeMessage);
await codec("signed-message", decodeSignedMessage, encodeSignedMessage);

const headers = decodable(decodeBlockHeader).values.filter((header) => header.height > 0);
const tipsets = [...Map.groupBy(headers, (header) => header.height).values()];
await bench("types/tipset create, CIDs unknown", {
  unit: "tipset",
  given: () => tipsets,
  run: (lists) => {
    for (const list of lists) createTipset(list);
    return lists.length;
  },
});
await bench("types/tipset create, CIDs known", {
  unit: "tipset",
  given: () => tipsets.map((list) => ({ list, cids: list.map(blockCid) })),
  run: (lists) => {
    for (const { list, cids } of lists) createTipset(list, cids);
    return lists.length;
  },
});
const texts = [
  "f01000",
  "f1xpbyy4tkdx5si2bgo37dubc2xwv6fum5tk57mia",
  "f3vvmn62lofvhjd2ugzca6sof2j2ubwok6cj4xxbfzz4yuxfkgobpihhd2thlanmsh3w2ptld2gqkn2jvlss4a",
];
await bench("types/address parse+format", {
  unit: "address",
  given: () => texts,
  run: (all) => {
    for (const text of all) Address.format(Address.parse(text));
    return all.length;
  },
});
