import { isCopseError } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { describe } from "vitest";
import { importF3Snapshot, readF3Snapshot } from "../../src/snapshot/index.ts";
import { OpenStore } from "../store/kinds.ts";
import { formCheck, inPieces, snapshotOf, unsignedChain } from "../unsigned-chain.ts";

const made = unsignedChain(12);
const small = snapshotOf(unsignedChain(2));
const seeds = [snapshotOf(made), small, small.subarray(0, 300), snapshotOf(unsignedChain(1, { first: 9 }))];
const allowed = (error: unknown): boolean => isCopseError(error, "f3/");

describe("F3 snapshots", () => {
  fuzz(
    "stream",
    seeds,
    async (bytes) => {
      const reader = await readF3Snapshot(inPieces(bytes, 1 + ((bytes[0] ?? 0) % 97)));
      for await (const { certificate } of reader.certificates) void certificate.chain;
    },
    allowed,
  );

  fuzz(
    "import",
    seeds,
    async (bytes) => {
      const kv = new OpenStore();
      try {
        await importF3Snapshot([bytes], kv, { manifest: made.manifest, check: formCheck() });
      } catch (error) {
        if (kv.content() !== "") throw new Error("rows are left", { cause: error });
        throw error;
      }
    },
    allowed,
  );
});
