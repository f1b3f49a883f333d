import { utf8 } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { chainKey, merkleProof, merkleRoot, tipsetLeaf, verifyMerkleProof } from "../src/index.ts";
import { chain0 } from "./golden.ts";

const values = Array.from({ length: 33 }, (_, i) => utf8(`value ${i}`));

describe("Merkle proofs", () => {
  it("show each value of trees of every size, and whether more follow", () => {
    for (let count = 1; count <= values.length; count++) {
      const some = values.slice(0, count);
      const root = merkleRoot(some);
      for (let index = 0; index < count; index++) {
        const proof = merkleProof(some, index);
        expect(proof).toHaveLength(Math.ceil(Math.log2(count)));
        const value = some[index] as Uint8Array;
        expect(verifyMerkleProof(root, index, value, proof)).toEqual({ isValid: true, more: index < count - 1 });
        expect(verifyMerkleProof(root, index, utf8("other"), proof).isValid).toBe(false);
        const wrong = proof.map((hash, i) => (i === 0 ? new Uint8Array(32).fill(1) : hash));
        if (proof.length > 0) expect(verifyMerkleProof(root, index, value, wrong).isValid).toBe(false);
        for (const other of [index + 1, index ^ 1, index + 2 ** proof.length])
          expect(verifyMerkleProof(root, other, value, proof).isValid).toBe(false);
      }
    }
  });

  it("are refused where they are none", () => {
    const root = merkleRoot(values);
    const proof = merkleProof(values, 0);
    const value = values[0] as Uint8Array;
    for (const index of [-1, 0.5, Number.NaN]) expect(verifyMerkleProof(root, index, value, proof).isValid).toBe(false);
    expect(verifyMerkleProof(root, 0, value, proof.slice(1)).isValid).toBe(false);
    expect(verifyMerkleProof(root, 0, value, [...proof, ...proof]).isValid).toBe(false);
    expect(verifyMerkleProof(root, 0, value, [new Uint8Array(31)]).isValid).toBe(false);
    expect(
      verifyMerkleProof(
        root,
        0,
        value,
        Array.from({ length: 32 }, () => root),
      ).isValid,
    ).toBe(false);
    for (const index of [-1, 33, 0.5])
      expect(() => merkleProof(values, index)).toThrow(expect.objectContaining({ code: "f3/proof-malformed" }));
  });

  it("show one tipset of a chain", () => {
    const leaves = chain0.map(tipsetLeaf);
    expect(verifyMerkleProof(chainKey(chain0), 1, leaves[1] as Uint8Array, merkleProof(leaves, 1))).toEqual({
      isValid: true,
      more: true,
    });
  });

  it("have a root of zeros where there is nothing", () => {
    expect(merkleRoot([])).toEqual(new Uint8Array(32));
  });
});
