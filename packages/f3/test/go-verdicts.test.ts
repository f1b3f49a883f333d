import { installFastest } from "@copse/crypto/fastest";
import { CborReader, toCid } from "@copse/ipld";
import { CopseError } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import { beforeAll, describe, expect, it } from "vitest";
import {
  createPowerTable,
  decodeCertificate,
  decodePowerEntries,
  type F3Position,
  type F3Tipset,
  type FinalityCertificate,
  verifyCertificates,
} from "../src/index.ts";
import { counting, jsonVector } from "./go-chain.ts";

/** Certificates that are signed as they should be, but for one rule each, and what go-f3 says. */
interface Scenario {
  readonly name: string;
  readonly rule: string;
  readonly network: string;
  readonly table: string;
  readonly first: number;
  readonly base?: string;
  readonly certificates: readonly string[];
  readonly go: { readonly accepted: number; readonly class?: string; readonly message?: string };
}

const { scenarios, tables } = jsonVector<{
  scenarios: Scenario[];
  tables: { name: string; entries: string }[];
}>("go-verdicts.json");

/** Our codes for each class of go-f3's errors. `decode`: bytes that are refused before anything is verified. */
const codes: Readonly<Record<string, readonly string[]>> = {
  instance: ["f3/instance-wrong"],
  "chain-too-long": ["f3/chain-too-long"],
  "chain-empty": ["f3/chain-empty"],
  epochs: ["f3/epoch-not-increasing"],
  base: ["f3/base-mismatch"],
  quorum: ["f3/quorum-missed"],
  signature: ["f3/signature-wrong", "f3/signature-malformed"],
  signers: ["f3/signers-malformed"],
  "signer-unknown": ["f3/signer-unknown"],
  "signer-powerless": ["f3/signer-powerless"],
  "tipset-key-empty": ["f3/tipset-key-malformed"],
  "tipset-table-too-long": ["f3/cid-unsupported"],
  "delta-order": ["f3/delta-out-of-order"],
  "delta-empty": ["f3/delta-empty"],
  "delta-same-key": ["f3/delta-key-unchanged"],
  "delta-key-without-power": ["f3/delta-key-without-power"],
  "delta-power-not-positive": ["f3/delta-power-not-positive"],
  "delta-key-missing": ["f3/delta-key-missing"],
  "delta-negative": ["f3/delta-power-negative"],
  "table-cid": ["f3/power-table-mismatch"],
  key: ["f3/key-malformed"],
};

/** What go-f3 accepts and we do not: how many certificates are good before, and our code. */
const stricter: Readonly<Record<string, readonly [accepted: number, code: string]>> = {
  // names that lead to no block of the chain
  "key of 37 bytes": [0, "f3/tipset-key-malformed"],
  "key with one byte more": [0, "f3/tipset-key-malformed"],
  "key of raw CIDs": [0, "f3/tipset-key-malformed"],
  "tipset's table CID raw": [0, "f3/cid-unsupported"],
  "tipset's table CID sha2-256": [0, "f3/cid-unsupported"],
  "tipset's table CID version 0": [0, "f3/cid-unsupported"],
  "tipset's table CID identity": [0, "f3/cid-unsupported"],
  // go-f3 reads the first 96 bytes of a signature, or 192 that are not compressed: one certificate in many forms
  "signature with a byte more": [0, "f3/signature-malformed"],
  "signature not compressed": [0, "f3/signature-malformed"],
  // numbers in another form than the one that is written
  "delta power with leading zeros": [0, "f3/number-malformed"],
  "delta power of 128 bytes": [0, "f3/number-malformed"],
  "delta power minus zero": [0, "f3/number-malformed"],
  "delta power zero, two bytes": [0, "f3/number-malformed"],
  // numbers that are not exact in JavaScript
  "epoch 2^53": [0, "cbor/out-of-range"],
  "instance 2^53": [0, "cbor/out-of-range"],
  // nobody's signature is a quorum of nobody: in go-f3 whoever comes then decides
  "table emptied": [0, "f3/power-table-empty"],
};

/** What both refuse, each for a reason of its own: what we say. */
const otherwise: Readonly<Record<string, string>> = {
  "chain null": "cbor/unexpected",
  "next table CID raw": "f3/cid-unsupported",
  "next table CID sha2-256": "f3/cid-unsupported",
  "next table CID version 0": "f3/cid-unsupported",
  "next table CID identity": "f3/cid-unsupported",
  "next table CID blake2b-512": "f3/cid-unsupported",
};

beforeAll(async () => {
  await installFastest();
});

describe("go-f3's verdicts", () => {
  it.each(scenarios.map((scenario) => [`${scenario.name}: ${scenario.rule}`, scenario] as const))(
    "%s",
    (_, { name, go, ...scenario }) => {
      const { accepted, code } = judge(scenario);
      const known = stricter[name];
      if (known !== undefined) {
        expect(go.accepted).toBeGreaterThan(accepted);
        expect([accepted, code]).toEqual(known);
        return;
      }
      expect(accepted).toBe(go.accepted);
      if (go.class === undefined) expect(code).toBeUndefined();
      else if (go.class === "decode" || go.class === "trailing") expect(code).toMatch(/^(cbor|f3)\//);
      else expect(otherwise[name] === undefined ? codes[go.class] : [otherwise[name]]).toContain(code);
    },
  );
});

type Case = Omit<Scenario, "name" | "go">;

function judge(scenario: Case): { readonly accepted: number; readonly code: string | undefined } {
  let undecoded: string | undefined;
  const certificates: FinalityCertificate[] = [];
  for (const text of scenario.certificates) {
    try {
      certificates.push(decodeCertificate(bytesOf(text)));
    } catch (error) {
      if (!(error instanceof CopseError)) throw error;
      undecoded = error.code;
      break;
    }
  }
  const options = { networkName: scenario.network, random: counting() };
  const result = verifyCertificates(positionOf(scenario), certificates, options);
  return { accepted: result.accepted, code: result.error?.code ?? undecoded };
}

function positionOf({ table, first, base }: Case): F3Position {
  const entries = tables.find(({ name }) => name === table)?.entries as string;
  return {
    nextInstance: first,
    powerTable: createPowerTable(decodePowerEntries(bytesOf(entries))),
    base: base === undefined ? undefined : tipsetOf(bytesOf(base)),
  };
}

function tipsetOf(bytes: Uint8Array): F3Tipset {
  const reader = new CborReader(bytes);
  reader.array(4);
  const epoch = reader.safeInt();
  const key = reader.bytes() as TipsetKey;
  return { epoch, key, powerTable: toCid(reader.link()), commitments: reader.bytes() };
}

function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, "base64"));
}
