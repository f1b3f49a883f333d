import { fromHex, isCopseError, utf8 } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { describe, expect } from "vitest";
import {
  decodeCertificate,
  decodePowerEntries,
  decodeSigners,
  encodeCertificate,
  encodePowerEntries,
  F3Error,
  parseManifest,
  verifyCertificates,
} from "../src/index.ts";
import { options, start } from "./golden.ts";
import { certificate0Hex, certificate1Hex, table0Hex } from "./golden-bytes.ts";

const certificates = [certificate0Hex, certificate1Hex].map(fromHex);
const coded = (error: unknown): boolean => error instanceof F3Error || isCopseError(error, "cbor/");

describe("fuzz", () => {
  fuzz(
    "certificates that are read are written as the same bytes",
    certificates,
    (bytes) => expect(encodeCertificate(decodeCertificate(bytes))).toEqual(bytes),
    coded,
  );

  fuzz(
    "certificates that are read verify or are refused with their instance",
    certificates,
    (bytes) => {
      const certificate = decodeCertificate(bytes);
      const { accepted, error, position } = verifyCertificates(start, [certificate], options);
      if (accepted === 1) expect(position.nextInstance).toBe(1);
      else expect(error?.facts).toMatchObject({ instance: 0 });
    },
    coded,
  );

  fuzz(
    "power entries that are read are written as the same bytes",
    [fromHex(table0Hex), Uint8Array.of(0x80)],
    (bytes) => expect(encodePowerEntries(decodePowerEntries(bytes))).toEqual(bytes),
    coded,
  );

  fuzz(
    "signers",
    ["3c", "54", "", "0c", "f4ff1f"].map(fromHex),
    (bytes) => {
      const signers = decodeSigners(bytes, 1000);
      expect(signers.every((signer, i) => signer < 1000 && (i === 0 || signer > (signers[i - 1] as number)))).toBe(
        true,
      );
    },
    coded,
  );

  fuzz(
    "manifests",
    ['{"NetworkName":"a","ProtocolVersion":7,"BootstrapEpoch":1000,"EC":{"Finality":900}}', "[]", '{"/":1}'].map(utf8),
    (bytes) => parseManifest(new TextDecoder().decode(bytes)),
    (error) => error instanceof F3Error && error.code === "f3/manifest-malformed",
  );
});
