import { engineNames, nobleEngine, useEngine } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { fromHex } from "@copse/primitives";
import {
  createPowerTable,
  decodeCertificate,
  decodePowerEntries,
  encodeCertificate,
  verifyCertificates,
} from "../src/index.ts";
import { createF3Pool, webThread } from "../src/pool.ts";
import type { F3Position, FinalityCertificate } from "../src/types.ts";
import type { Verified } from "../src/verify.ts";

interface Input {
  readonly worker: string;
  readonly table: string;
  readonly certificates: readonly string[];
}

/** Verifies certificates in a page: with noble, with Wasm, and in workers; good ones, and such as are damaged. */
export default async function verify({ worker, table, certificates }: Input): Promise<unknown> {
  const powerTable = createPowerTable(decodePowerEntries(fromHex(table)));
  const start: F3Position = { nextInstance: 0, powerTable, base: undefined };
  const good = certificates.map((hex) => decodeCertificate(fromHex(hex)));
  const swapped = good.map((one, i): FinalityCertificate => {
    return { ...one, signature: (good[(i + 1) % good.length] as FinalityCertificate).signature };
  });
  const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
  const options = { networkName: "filecoin", random };
  const told = ({ accepted, error, position }: Verified): unknown[] => [
    accepted,
    error?.code ?? "good",
    position.powerTable.cid.toString(),
  ];
  const here = (): unknown[] => [good, swapped].map((list) => told(verifyCertificates(start, list, options)));
  useEngine(nobleEngine);
  const noble = here();
  await installFastest();
  const wasm = here();
  const pool = createF3Pool({ workers: 2, start: webThread(() => new Worker(worker, { type: "module" })) });
  const pooled: unknown[] = [];
  for (const list of [good, swapped]) pooled.push(told(await pool.verify(start, list, options)));
  await pool.close();
  const again = good.map((one) => encodeCertificate(one).length);
  return { bls: engineNames().bls, noble, wasm, pooled, again };
}
