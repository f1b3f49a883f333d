import type { FinalityCertificate } from "@copse/f3";
import { readF3Snapshot, type VerifiedSnapshot, verifyF3Snapshot } from "@copse/f3/snapshot";
import type { CertificateCheck } from "@copse/f3/store";
import { TipsetKey } from "@copse/types";
import type { F3Manifest } from "@copse/types/networks";
import type { CID } from "multiformats/cid";
import type { BlockIndexBuilder } from "./block-index.ts";
import type { OnProgress, Report } from "./report.ts";
import { count, duration, size, whole } from "./words.ts";

/** What an F3 snapshot is verified with. */
export interface F3Needs {
  readonly manifest: F3Manifest;
  /** Chunks of the snapshot, from its start. */
  readonly source: () => AsyncIterable<Uint8Array>;
  /** What its container says it is. */
  readonly cid?: CID | undefined;
  readonly check: CertificateCheck;
  /** Certificates that are given to it at once: after each so many progress is told. */
  readonly together: number;
  /** Takes the blocks of all finalized tipsets. */
  readonly index: BlockIndexBuilder;
  readonly onProgress: OnProgress;
}

/**
 * Verifies an F3 snapshot from the manifest's power table to its last certificate.
 *
 * @throws {F3SnapshotError} {F3Error} what is wrong, and with which instance
 */
export async function verifyF3(needs: F3Needs): Promise<VerifiedSnapshot> {
  const { manifest, source, cid } = needs;
  const reader = await readF3Snapshot(source());
  await reader.close();
  const total = reader.header.latestInstance - reader.header.firstInstance + 1;
  return verifyF3Snapshot(source(), { manifest, cid, check: inParts(needs, total) });
}

/**
 * Verifies a file that is an F3 snapshot.
 *
 * @param now unit: milliseconds; only differences count
 * @throws as {@link verifyF3}
 */
export async function verifyF3File(needs: F3Needs, now: () => number): Promise<Report> {
  const start = now();
  const verified = await verifyF3(needs);
  return reportF3(needs.manifest, verified, now() - start);
}

/** Verifies some at a time, tells of each, and notes what those that hold have finalized. */
function inParts({ check, together, index, onProgress }: F3Needs, total: number): CertificateCheck {
  let done = 0;
  return {
    async verify(start, certificates, options) {
      let position = start;
      for (let at = 0; at < certificates.length; at += together) {
        const part = certificates.slice(at, at + together);
        const result = await check.verify(position, part, options);
        position = result.position;
        for (const certificate of part.slice(0, result.accepted)) noteChain(certificate, index);
        if (result.error !== undefined) return { ...result, accepted: at + result.accepted };
        done += part.length;
        onProgress({ phase: "verifying certificates", done, total });
      }
      return { position, accepted: certificates.length };
    },
  };
}

function noteChain({ chain }: FinalityCertificate, index: BlockIndexBuilder): void {
  for (const { epoch, key } of chain) index.add(epoch, key);
}

function reportF3(manifest: F3Manifest, verified: VerifiedSnapshot, ms: number): Report {
  const { header, certificates, latest, position, cid, bytes } = verified;
  const final = latest.chain.at(-1);
  const { entries } = position.powerTable;
  const power = entries.reduce((sum, entry) => sum + entry.power, 0n);
  return {
    kind: "f3-snapshot",
    verdict: "verified",
    headline: `F3 of ${manifest.networkName} has finalized epoch ${whole(final?.epoch ?? 0)}`,
    facts: [
      { label: "Network", value: manifest.networkName },
      {
        label: "Instances",
        value: `${whole(header.firstInstance)}–${whole(header.latestInstance)}, ${count(certificates, "certificate")}`,
      },
      { label: "Final tipset", value: `epoch ${whole(final?.epoch ?? 0)}` },
      { label: "Its blocks", value: final === undefined ? "" : TipsetKey.cids(final.key).join("\n"), form: "mono" },
      { label: "Trusted power table", value: `${manifest.initialPowerTable ?? "none"}`, form: "mono" },
      { label: "Power table now", value: position.powerTable.cid.toString(), form: "mono" },
      { label: "Members now", value: `${count(entries.length, "member")}, power ${power}` },
      { label: "Speed", value: `${whole((certificates / ms) * 1000)} certificates per second (${duration(ms)})` },
      { label: "Snapshot", value: cid.toString(), form: "mono" },
      { label: "File", value: size(bytes) },
    ],
    notes: [],
  };
}
