import { verifyF3Snapshot } from "@copse/f3/snapshot";
import type { CertificateCheck } from "@copse/f3/store";
import { TipsetKey } from "@copse/types";
import type { CID } from "multiformats/cid";
import type { CommandContext } from "../commands/command.ts";
import { NodeError } from "../errors.ts";
import { openF3Input } from "../f3-files/f3-input.ts";
import { type Trust, trustOf, trustTableOf } from "../f3-files/manifests.ts";
import { verifierThreads } from "../f3-files/verifier-threads.ts";

/** A certificate that makes a header final. */
export interface FinalHeader {
  readonly instance: number;
  readonly network: string;
  /** What the certificates rest on, in words. */
  readonly rootOfTrust: string;
}

/**
 * Verifies F3 data from its trust root to its end, and finds the certificate whose chain holds the tipset of a header.
 *
 * @throws {NodeError} `copse/not-final`
 * @throws {F3SnapshotError} {F3Error} what is wrong with the data
 */
export async function findFinal(
  context: CommandContext,
  file: string,
  header: CID,
  height: number,
): Promise<FinalHeader> {
  await using input = await openF3Input(context, file);
  await using threads = verifierThreads(context);
  let trust: Trust | undefined;
  let instance: number | undefined;
  const holds = (key: TipsetKey): boolean => TipsetKey.cids(key).some((cid) => cid.equals(header));
  const check: CertificateCheck = {
    async verify(position, certificates, options) {
      const verified = await threads.verify(position, certificates, options);
      for (const certificate of certificates.slice(0, verified.accepted)) {
        const { chain } = certificate;
        if (chain.some(({ epoch, key }) => epoch === height && holds(key))) instance ??= certificate.instance;
      }
      return verified;
    },
  };
  const { latest } = await verifyF3Snapshot(input.source, {
    manifest(head) {
      trust = trustOf(context, head);
      return trust.manifest;
    },
    trustTable: trustTableOf(context),
    check,
    cid: input.cid,
    signal: context.signal,
  });
  const epoch = latest.chain.at(-1)?.epoch ?? 0;
  if (instance === undefined)
    throw new NodeError("copse/not-final", { header: header.toString(), height, file, epoch });
  const { says, manifest } = trust as Trust;
  return { instance, network: manifest.networkName, rootOfTrust: says };
}
