// The chain that benchmarks work on: made by go-f3's own code, outside the repository or the small one of the tests.
import { createReadStream, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { encodeUvarint, readUvarint } from "@copse/primitives";
import type { F3Manifest } from "@copse/types/networks";
import { parseManifest } from "../src/index.ts";
import { decodeSnapshotHeader, encodeSnapshotHeader } from "../src/snapshot/header.ts";

/** `COPSE_F3_CHAIN`: path of FILE.f3snap and FILE.manifest.json without their endings. */
export const chainPath: string =
  process.env["COPSE_F3_CHAIN"] ?? fileURLToPath(new URL("../test/vectors/go-chain", import.meta.url));
/** `COPSE_F3_COUNT`: certificates to take of it. Default all. */
const asked = process.env["COPSE_F3_COUNT"];
const mostHeaderBytes = 1 << 20;

export function readChainManifest(): F3Manifest {
  return parseManifest(readFileSync(`${chainPath}.manifest.json`, "utf8"));
}

/** The snapshot as a stream: the first certificates only where a count is asked for, and a header that says so. */
export async function* chainStream(): AsyncGenerator<Uint8Array> {
  const source = createReadStream(`${chainPath}.f3snap`, { highWaterMark: 1 << 18 });
  if (asked === undefined) {
    yield* source;
    return;
  }
  let held: Uint8Array = new Uint8Array(0);
  let left = -1; // certificates still wanted; the header is not there yet
  for await (const piece of source) {
    held = Buffer.concat([held, piece as Uint8Array]);
    if (left < 0) {
      if (held.length < mostHeaderBytes) continue;
      const { value, end } = readUvarint(held);
      const at = end + Number(value);
      const header = decodeSnapshotHeader(held.subarray(end, at));
      left = Number(asked);
      const bytes = encodeSnapshotHeader({ ...header, latestInstance: header.firstInstance + left - 1 });
      yield Buffer.concat([encodeUvarint(bytes.length), bytes]);
      held = held.subarray(at);
    }
    let at = 0;
    while (left > 0 && at + 10 < held.length) {
      const { value, end } = readUvarint(held, at);
      if (end + Number(value) > held.length) break;
      at = end + Number(value);
      left--;
    }
    yield held.slice(0, at);
    held = held.subarray(at);
    if (left === 0) return;
  }
}

/** Milliseconds of CPU of this process and all its threads. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

/** Most memory the process ever had. Unit: MB. */
export function maxRssMb(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}
