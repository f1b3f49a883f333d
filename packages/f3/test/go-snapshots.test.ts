import { createMemoryDatabase } from "@copse/blockstore";
import { installFastest } from "@copse/crypto/fastest";
import { CopseError, concatBytes, fromHex } from "@copse/primitives";
import { beforeAll, describe, expect, it } from "vitest";
import { importF3Snapshot, verifyF3Snapshot } from "../src/snapshot/index.ts";
import { checkHere, openCertificateStore, rowsAsStore } from "../src/store/index.ts";
import { counting, jsonVector, readGoChain, vector } from "./go-chain.ts";
import { inPieces } from "./unsigned-chain.ts";

/** An edit of go-chain.f3snap, and what go-f3's import says to the result. */
interface Splice {
  readonly name: string;
  readonly at: number;
  readonly remove: number;
  readonly insert?: string;
  readonly rule: string;
  readonly go: string;
}

const { splices } = jsonVector<{ splices: Splice[] }>("go-snapshot-verdicts.json");
const bytes = vector("go-chain.f3snap");
const { manifest, start } = readGoChain();

/** What we say, and the instance it is said of. */
const verdicts: Readonly<Record<string, readonly [code: string, instance?: number]>> = {
  empty: ["f3/snapshot-cut"],
  "header only": ["f3/snapshot-incomplete", 0],
  "cut in the header": ["f3/snapshot-cut"],
  "cut after a certificate": ["f3/snapshot-incomplete", 39],
  "cut after a length": ["f3/snapshot-cut", 39],
  "cut in a length": ["f3/snapshot-cut", 39],
  "cut in a certificate": ["f3/snapshot-cut", 39],
  "cut in the last certificate": ["f3/snapshot-cut", 63],
  "a certificate missing": ["f3/snapshot-gap", 29],
  "a certificate twice": ["f3/snapshot-gap", 30],
  "two swapped": ["f3/snapshot-gap", 29],
  "a certificate more": ["f3/snapshot-trailing", 64],
  "bytes after the end": ["f3/snapshot-trailing", 64],
  "a zero record in between": ["f3/snapshot-certificate-malformed", 19],
  "version 2": ["f3/snapshot-version-unknown"],
  "version 0": ["f3/snapshot-version-unknown"],
  "first instance 1": ["f3/snapshot-other-start", 1],
  "latest instance less": ["f3/snapshot-trailing", 63],
  "latest instance more": ["f3/snapshot-incomplete", 64],
  "latest below first": ["f3/snapshot-trailing", 1],
  "a member less": ["f3/snapshot-other-table", 0],
  "members swapped": ["f3/snapshot-header-malformed"],
  "no members": ["f3/snapshot-header-malformed"],
  "length of the header not shortest": ["f3/snapshot-length-malformed"],
  "length of 2^40": ["f3/snapshot-too-long", 19],
  "a signature of another certificate": ["f3/signature-wrong", 19],
  "another block in a tipset": ["f3/base-mismatch", 19],
  "signers without quorum": ["f3/quorum-missed", 19],
  "a delta missing": ["f3/power-table-mismatch", 16],
  "another next table": ["f3/power-table-mismatch", 19],
  "a byte after a certificate": ["f3/snapshot-certificate-malformed", 19],
  "a certificate cut, its length right": ["f3/snapshot-certificate-malformed", 19],
};

/** What go-f3 imports although it should not: its import checks no signature, and the table only now and then. */
const imports = [
  "as it is",
  "version 2",
  "version 0",
  "length of the header not shortest",
  "a signature of another certificate",
  "another block in a tipset",
  "signers without quorum",
  "another next table",
  "a byte after a certificate",
];

beforeAll(async () => {
  await installFastest();
});

describe("snapshots that go-f3 judged", () => {
  it("are refused where go-f3 refuses them", () => {
    expect(splices.filter(({ go }) => go === "imported").map(({ name }) => name)).toEqual(imports);
    expect(splices.map(({ name }) => name).sort()).toEqual(["as it is", ...Object.keys(verdicts)].sort());
  });

  it.each(splices.map((splice) => [`${splice.name}: ${splice.rule}`, splice] as const))("%s", async (_, splice) => {
    const edited = edit(splice);
    const check = checkHere(counting());
    const kv = rowsAsStore(createMemoryDatabase(), "f3");
    const root = { ...manifest, initialPowerTable: start.powerTable };
    const store = await openCertificateStore(kv, root);
    const said = [
      await verdictOf(() => verifyF3Snapshot(inPieces(edited, 777), { manifest, check })),
      await verdictOf(() => importF3Snapshot(inPieces(edited, 777), store, { manifest, check })),
    ];
    const expected = verdicts[splice.name];
    expect(said).toEqual([expected, expected]);
    expect(store.latest?.instance).toBe(expected === undefined ? 63 : undefined);
    expect((await openCertificateStore(kv, root)).latest?.instance).toBe(store.latest?.instance);
  });
});

async function verdictOf(run: () => Promise<unknown>): Promise<unknown> {
  try {
    await run();
    return undefined;
  } catch (error) {
    if (!(error instanceof CopseError)) throw error;
    const { instance } = error.facts as { instance?: number };
    return instance === undefined ? [error.code] : [error.code, instance];
  }
}

function edit({ at, remove, insert }: Splice): Uint8Array {
  return concatBytes(bytes.subarray(0, at), fromHex(insert ?? ""), bytes.subarray(at + remove));
}
