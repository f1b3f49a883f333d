// Certificates that go-f3 made, verified from the trust root on: the first one with nothing known, then the others. Prints
// one line of JSON, as the Go program beside does (README.md); COPSE_F3_WORKERS=N has a pool of N threads do it.
import { randomBytes } from "node:crypto";
import { installFastest } from "@copse/crypto/fastest";
import { bench } from "@copse/testkit/bench";
import { createCertificateVerifier, type F3Position, type FinalityCertificate, trustRoot } from "../src/index.ts";
import { createF3Pool } from "../src/pool.ts";
import { readF3Snapshot, snapshotTable } from "../src/snapshot/index.ts";
import type { CertificateCheck } from "../src/store/index.ts";
import { chainStream, cpuMs, maxRssMb, readChainManifest } from "./go-chain.ts";

const engines = await installFastest();
const manifest = readChainManifest();
const { networkName } = manifest;
const reader = await readF3Snapshot(chainStream());
const start = trustRoot(manifest, snapshotTable(reader.header));
const members = start.powerTable.entries.length;
const certificates: FinalityCertificate[] = [];
const [decodedFrom, decodedCpu] = [performance.now(), cpuMs()];
for await (const { certificate } of reader.certificates) certificates.push(certificate);
const decodeMs = performance.now() - decodedFrom;
const decodeCpuMs = cpuMs() - decodedCpu;
const random = (length: number): Uint8Array => randomBytes(length);
const workers = Number(process.env["COPSE_F3_WORKERS"] ?? 0);

if (process.env["COPSE_F3_CHAIN"] === undefined) await small();
else await once();

/** The small chain, again and again. */
async function small(): Promise<void> {
  const [first, ...rest] = certificates as [FinalityCertificate, ...FinalityCertificate[]];
  const id = `of go-f3, ${members} members`;
  await bench(`f3/verify ${id}, cold`, {
    given: () => undefined,
    run: () => check(createCertificateVerifier({ networkName, random }).verify(start, [first]), 1).accepted,
    unit: "certificate",
  });
  const verifier = createCertificateVerifier({ networkName, random });
  const { position } = verifier.verify(start, [first]);
  await bench(`f3/verify ${id}, steady`, {
    given: () => undefined,
    run: () => check(verifier.verify(position, rest), rest.length).accepted,
    unit: "certificate",
  });
}

/** A long chain, once. */
async function once(): Promise<void> {
  const pool = workers === 0 ? undefined : createF3Pool({ workers });
  const verifier = createCertificateVerifier({ networkName, random });
  const verify = async (position: F3Position, list: readonly FinalityCertificate[]) => {
    const [from, cpu] = [performance.now(), cpuMs()];
    const checker: CertificateCheck = pool ?? verifier;
    const result = check(await checker.verify(position, list, { networkName }), list.length);
    return { position: result.position, ms: performance.now() - from, cpuMs: cpuMs() - cpu };
  };
  const cold = await verify(start, certificates.slice(0, 1));
  const rest = certificates.slice(1);
  const steady = await verify(cold.position, rest);
  await pool?.close();
  const line = {
    who: "copse",
    certificates: certificates.length,
    members: steady.position.powerTable.entries.length,
    decodeMs,
    decodeCpuMs,
    coldMs: cold.ms,
    coldCpuMs: cold.cpuMs,
    steadyPerSecond: (rest.length * 1000) / steady.ms,
    steadyPerCpuSecond: (rest.length * 1000) / steady.cpuMs,
    wall: (cold.ms + steady.ms) / 1000,
    cpu: (cold.cpuMs + steady.cpuMs) / 1000,
    maxRssMB: maxRssMb(),
    workers,
    bls: engines.find((engine) => engine.startsWith("bls")),
  };
  console.log(JSON.stringify(line));
}

function check<T extends { readonly accepted: number; readonly error?: Error }>(result: T, count: number): T {
  if (result.accepted !== count) throw new Error(`${result.accepted} of ${count}`, { cause: result.error });
  return result;
}
