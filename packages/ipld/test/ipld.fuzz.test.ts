import { fromHex, isCopseError, toHex } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import * as dagCbor from "@ipld/dag-cbor";
import { CID } from "multiformats/cid";
import { describe } from "vitest";
import { cidOf, links, readCid, toCid } from "../src/index.ts";

const cid = cidOf(Uint8Array.of(1));
const seeds = [
  dagCbor.encode([1, 2n ** 63n, -5, new Uint8Array(40), "text", toCid(cid), null, true, { a: 1, bb: [toCid(cid)] }]),
  dagCbor.encode([[[[[]]]], 1.5]),
  fromHex("8300008341008080"),
];

describe("fuzz", () => {
  fuzz(
    "links finds what @ipld/dag-cbor finds in all it accepts too",
    seeds,
    (bytes) => {
      const found = links(bytes).map(toHex);
      const oracle: string[] = [];
      const collect = (value: unknown): void => {
        const asCid = CID.asCID(value);
        if (asCid !== null) oracle.push(toHex(asCid.bytes));
        else if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value))
          for (const inner of Object.values(value)) collect(inner);
      };
      let value: unknown;
      try {
        value = dagCbor.decode(bytes);
      } catch {
        return; // it is stricter on map keys and text, which links does not read
      }
      collect(value);
      // maps come back in an order of their own: compare as sets
      if (found.toSorted().join() !== oracle.toSorted().join()) throw new Error(`${found} is not ${oracle}`);
    },
    (error) => isCopseError(error, "cbor/"),
  );
  fuzz(
    "readCid",
    [cid, CID.parse("bafkqactgnfwc6mjpnfxgs5a").bytes],
    (bytes) => void readCid(bytes),
    (error) => isCopseError(error, "cid/"),
  );
});
