import { fromHex, toHex } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { blake2xs } from "../src/blake2xs.ts";

const keys = [
  "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb",
  "a572cbea904d67468808c8eb50a9450c9721db309128012543902d0ac358a62ae28f75bb8f1c7c42c39a8c5529bf0f4e",
  "89ece308f9d1f0131765212deca99697b112d61f9be9a5f1f3780a51335b3ff981747a0b2ca2179b96d2c0c9024e5224",
];

describe("blake2xs", () => {
  it("gives what kyber's gives for three keys", () => {
    expect(toHex(blake2xs(fromHex(keys.join("")), 48))).toBe(
      "d68bf08f032f88617599956b98a4d61aa004c55af3d9a4548dce9d9638df67a01c1ab6eda2b130eedbc6e0b5dcc60716",
    );
  });

  it("gives prefixes of one output", () => {
    const whole = blake2xs(Uint8Array.of(1), 1000);
    for (const length of [0, 1, 31, 32, 33, 999]) {
      expect(blake2xs(Uint8Array.of(1), length)).toEqual(whole.subarray(0, length));
    }
  });

  it("refuses lengths that are none", () => {
    for (const length of [-1, 0.5, Number.NaN, 2 ** 38]) {
      expect(() => blake2xs(new Uint8Array(0), length)).toThrow(
        expect.objectContaining({ code: "crypto/output-length-out-of-range" }),
      );
    }
  });
});
