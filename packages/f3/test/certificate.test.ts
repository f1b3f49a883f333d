import { CborWriter, toCid } from "@copse/ipld";
import { concatBytes, fromHex, toHex } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { decodeCertificate, decodePowerEntries, encodeCertificate, encodePowerEntries } from "../src/index.ts";
import { certificate0, certificate1, tipset } from "./golden.ts";
import { certificate0Hex, certificate1Hex, table0Hex } from "./golden-bytes.ts";
import { localChain } from "./local-chain.ts";

const bytes1 = fromHex(certificate1Hex);

describe("certificates in bytes", () => {
  it("come back as they were", () => {
    for (const certificate of localChain(12).certificates) {
      const bytes = encodeCertificate(certificate);
      expect(decodeCertificate(bytes)).toEqual(certificate);
      expect(encodeCertificate(decodeCertificate(bytes))).toEqual(bytes);
    }
  });

  it("own what they are read from", () => {
    const bytes = fromHex(certificate0Hex);
    const certificate = decodeCertificate(bytes);
    bytes.fill(0);
    expect(certificate).toEqual(certificate0);
  });

  it("may hold what is not valid, but well formed", () => {
    const odd = {
      ...certificate0,
      instance: Number.MAX_SAFE_INTEGER,
      chain: [],
      signers: new Uint8Array(0),
      signature: new Uint8Array(0),
      powerTableDelta: [{ id: 2n ** 64n - 1n, powerDelta: -(2n ** 1015n), signingKey: new Uint8Array(3) }],
    };
    expect(decodeCertificate(encodeCertificate(odd))).toEqual(odd);
    const negative = { ...certificate0, chain: [{ ...tipset(1, 1), epoch: -5 }] };
    expect(decodeCertificate(encodeCertificate(negative))).toEqual(negative);
  });

  it.each<[string, string, Uint8Array]>([
    ["a byte behind", "cbor/trailing-bytes", concatBytes(bytes1, Uint8Array.of(0))],
    ["an end that is missing", "cbor/cut", bytes1.subarray(0, -1)],
    ["another count of fields", "cbor/wrong-length", replaced("86", "85")],
    ["a chain of null", "cbor/unexpected", concatBytes(fromHex("8600f6"), fromHex(certificate0Hex.slice(6)))],
    ["an instance in a longer form", "cbor/not-minimal", concatBytes(fromHex("861801"), bytes1.subarray(2))],
    ["an instance past 2^53", "cbor/out-of-range", concatBytes(fromHex("861b0020000000000000"), bytes1.subarray(2))],
    ["signers of version 1", "f3/signers-malformed", replaced("4154", "4155")],
    ["a power with a leading zero", "f3/number-malformed", replaced("43000258", "4400000258")],
    ["a power with an odd sign", "f3/number-malformed", replaced("43000258", "43020258")],
    ["zero with a sign", "f3/number-malformed", replaced("43000258", "4100")],
    ["zero in a byte", "f3/number-malformed", replaced("43000258", "420000")],
    ["short commitments", "f3/length-wrong", replaced(`5820${"00".repeat(32)}82`, `581f${"00".repeat(31)}82`)],
  ])("are refused with %s", (_, code, bytes) => {
    expect(() => decodeCertificate(bytes)).toThrow(expect.objectContaining({ code }));
  });

  it("are bounded", () => {
    const head = bytes1.subarray(0, 2);
    const claims = [
      ["tipsets", concatBytes(head, fromHex("992001"))],
      ["a key", concatBytes(head, fromHex("8184005902f9"))],
      ["signers", concatBytes(upTo("4154"), fromHex("598001"))],
      ["a signature", concatBytes(upTo("5860a835"), fromHex("5a00200001"))],
      ["changes", concatBytes(upTo("831903e9430002").subarray(0, -1), fromHex("992001"))],
      ["a signing key", replaced("5830ac9b60", "5831ac9b60")],
      ["a power", replaced("43000258", `588100${"01".repeat(128)}`)],
    ] as const;
    for (const [what, bytes] of claims)
      expect(() => decodeCertificate(bytes), what).toThrow(expect.objectContaining({ code: "cbor/too-long" }));
  });

  it("are not written so that no one could read them", () => {
    const delta = certificate1.powerTableDelta[0] as (typeof certificate1.powerTableDelta)[number];
    const chain = Array.from({ length: 8193 }, () => tipset(1, 1));
    for (const [code, change] of [
      ["f3/too-long", { chain }],
      ["f3/too-long", { signers: new Uint8Array(32_769) }],
      ["f3/too-long", { signature: new Uint8Array((2 << 20) + 1) }],
      ["f3/too-long", { powerTableDelta: [{ ...delta, signingKey: new Uint8Array(49) }] }],
      ["f3/too-long", { powerTableDelta: [{ ...delta, powerDelta: 2n ** 1016n }] }],
      ["f3/too-long", { chain: [tipset(1, 21)] }],
      ["f3/length-wrong", { chain: [{ ...tipset(1, 1), commitments: new Uint8Array(0) }] }],
      ["cbor/out-of-range", { instance: -1 }],
    ] as const)
      expect(() => encodeCertificate({ ...certificate1, ...change })).toThrow(expect.objectContaining({ code }));
  });

  it("name CIDs of any kind: that they are none of a table is told later", () => {
    const identity = toCid(fromHex("01550001ff"));
    const supplementalData = { ...certificate0.supplementalData, powerTable: identity };
    const certificate = { ...certificate0, supplementalData };
    expect(decodeCertificate(encodeCertificate(certificate))).toEqual(certificate);
  });
});

describe("power entries in bytes", () => {
  it("keep their order", () => {
    const entries = decodePowerEntries(fromHex(table0Hex)).reverse();
    expect(decodePowerEntries(encodePowerEntries(entries))).toEqual(entries);
  });

  it("are refused where they are none", () => {
    const bytes = fromHex(table0Hex);
    for (const [code, malformed] of [
      ["cbor/trailing-bytes", concatBytes(bytes, bytes)],
      ["cbor/too-long", new CborWriter().array(8193).finish()],
      ["f3/number-malformed", fromHex(table0Hex.replace("430001f4", "43000001"))],
      ["cbor/too-long", fromHex(table0Hex.replace("583097", "583197"))],
    ] as const)
      expect(() => decodePowerEntries(malformed)).toThrow(expect.objectContaining({ code }));
  });
});

function replaced(hex: string, other: string): Uint8Array {
  expect(certificate1Hex).toContain(hex);
  return fromHex(toHex(bytes1).replace(hex, other));
}

function upTo(hex: string): Uint8Array {
  const at = certificate1Hex.indexOf(hex);
  expect(at).toBeGreaterThan(0);
  return bytes1.subarray(0, at / 2);
}
