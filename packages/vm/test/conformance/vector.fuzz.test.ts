import { isCopseError, utf8 } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { describe } from "vitest";
import { parseVector } from "../../src/conformance.ts";
import { inventVector } from "./invented-vector.ts";

const seed = utf8(JSON.stringify(inventVector({ receipts: { events_root: null } })));

describe("vectors", () => {
  fuzz(
    "a message vector",
    [seed],
    async (bytes) => void (await parseVector(new TextDecoder().decode(bytes))),
    (error) => isCopseError(error, "vm/vector-") || isCopseError(error, "car/"),
  );
});
