// Import of an F3 snapshot that go-f3's code made. COPSE_F3_KEEP: memory or lmdb; COPSE_F3_CHECK: all, or all but signatures
// (`unsigned`), which is still more than go-f3's import does. Prints one line of JSON, as the Go program beside does.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryDatabase } from "@copse/blockstore";
import { openLmdbDatabase } from "@copse/blockstore/lmdb";
import { installFastest } from "@copse/crypto/fastest";
import { bench } from "@copse/testkit/bench";
import { createF3Pool } from "../src/pool.ts";
import { type ImportedSnapshot, importF3Snapshot } from "../src/snapshot/index.ts";
import { type CertificateCheck, checkHere, rowsAsStore } from "../src/store/index.ts";
import { batchLength, settle, takeSteps } from "../src/verify.ts";
import { chainStream, cpuMs, maxRssMb, readChainManifest } from "./go-chain.ts";

await installFastest();
const manifest = readChainManifest();
const keep = process.env["COPSE_F3_KEEP"] ?? "memory";
const workers = Number(process.env["COPSE_F3_WORKERS"] ?? 0);
const kind = process.env["COPSE_F3_CHECK"] ?? "all";
const folder = mkdtempSync(join(tmpdir(), "copse-f3-bench-"));

/** All but signatures, in batches as verification takes them. For measurements only. */
const unsigned: CertificateCheck = {
  verify(start, certificates, { networkName }) {
    let position = start;
    for (let at = 0; at < certificates.length; at += batchLength) {
      const taken = takeSteps(position, certificates.slice(at, at + batchLength), { networkName, lookback: true });
      const result = settle(position, taken, undefined);
      position = result.position;
      if (result.error !== undefined) return { ...result, accepted: at + result.accepted };
    }
    return { position, accepted: certificates.length };
  },
};

async function importOnce(check: CertificateCheck): Promise<ImportedSnapshot> {
  const database = keep === "lmdb" ? await openLmdbDatabase(join(folder, "f3.mdb"), {}) : createMemoryDatabase();
  try {
    return await importF3Snapshot(chainStream(), rowsAsStore(database, "f3"), { manifest, check });
  } finally {
    await database.close();
  }
}

try {
  if (process.env["COPSE_F3_CHAIN"] === undefined) {
    const run = async (): Promise<number> => (await importOnce(unsigned)).added;
    await bench("f3/import of go-f3, all but signatures, memory", { given: () => undefined, run, unit: "certificate" });
  } else {
    const pool = workers === 0 ? undefined : createF3Pool({ workers });
    const check = kind === "unsigned" ? unsigned : (pool ?? checkHere((length) => randomBytes(length)));
    const [from, cpu] = [performance.now(), cpuMs()];
    const { added, bytes } = await importOnce(check);
    const [wall, cpuSeconds] = [(performance.now() - from) / 1000, (cpuMs() - cpu) / 1000];
    await pool?.close();
    const line = {
      who: "copse import",
      check: kind,
      keep,
      workers,
      added,
      bytes,
      wall,
      cpu: cpuSeconds,
      maxRssMB: maxRssMb(),
    };
    console.log(JSON.stringify(line));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
