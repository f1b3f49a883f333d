import { cidOf, runSync, toCid } from "@copse/ipld";
import { equalBytes, isCopseError } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { describe, expect } from "vitest";
import { proveRead, verifyProof } from "../../src/proof/index.ts";
import { madeState } from "../made-state.ts";
import { fileOf, headerOn } from "./real-state.ts";

const allowed = [
  "proof/",
  "state/",
  "path/",
  "hamt/",
  "amt/",
  "cbor/",
  "cid/",
  "address/",
  "amount/",
  "varint/",
  "bitfield/",
];
const isAllowed = (error: unknown): boolean => allowed.some((prefix) => isCopseError(error, prefix));

const paths = ["actors/f04/state/claims/f01000", "actors/f01000/state/info", "actors/f0999", "actors/f04/head/0"];
const proofs = [0, 7, 16].flatMap((actors) => {
  const { root, store } = madeState(actors);
  return paths.map((path) => runSync(proveRead({ header: headerOn(root), paths: [path] }), store));
});

describe("proofs of state", () => {
  fuzz(
    "files",
    proofs.map(({ file }) => file),
    (bytes) => verifyProof(bytes),
    isAllowed,
  );

  // descriptors under their own hashes, before blocks that fit the first of them
  const [proof] = proofs;
  fuzz(
    "descriptors",
    proofs.map(({ blocks }) => blocks[0]?.[1] as Uint8Array),
    (bytes) => verifyProof(fileOf([[cidOf(bytes), bytes], ...(proof?.blocks.slice(1) ?? [])])),
    isAllowed,
  );

  // a damaged block under its own hash is not linked to: the read misses the one it stands for, unless it is the state root
  fuzz(
    "state roots",
    proofs.map(
      ({ header, blocks }) =>
        blocks.find(([cid]) => toCid(cid).equals(header.parentStateRoot))?.[1] ?? new Uint8Array(),
    ),
    (bytes) => {
      const header = headerOn(toCid(cidOf(bytes)));
      const store = { getSync: (cid: Uint8Array) => (equalBytes(cid, cidOf(bytes)) ? bytes : undefined) };
      const made = runSync(proveRead({ header, paths: ["version"] }), store);
      expect(verifyProof(made.file).reads).toEqual(made.reads);
    },
    (error) => isAllowed(error) || isCopseError(error, "host/block-missing"),
  );
});
