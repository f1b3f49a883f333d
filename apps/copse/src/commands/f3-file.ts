import { createPowerTable } from "@copse/f3";
import { type F3SnapshotEntry, F3SnapshotError, readF3Snapshot, verifyF3Snapshot } from "@copse/f3/snapshot";
import { equalBytes } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { openF3Input } from "../f3-files/f3-input.ts";
import { tipsetText, totalPower } from "../f3-files/f3-text.ts";
import { advising, type Trust, trustOf, trustTableOf } from "../f3-files/manifests.ts";
import { verifierThreads } from "../f3-files/verifier-threads.ts";
import { createProgress } from "../progress.ts";
import { needed } from "./car-input.ts";
import type { CommandContext } from "./command.ts";

/** `copse f3 info` */
export async function f3Info(context: CommandContext): Promise<number> {
  const { output, signal, terminal } = context;
  await using input = await openF3Input(context, needed(context, 0));
  const reader = await readF3Snapshot(input.source, { signal });
  const { firstInstance: first, latestInstance: latest, initialPowerTable, version } = reader.header;
  const progress = createProgress(terminal);
  let [shortest, longest, last] = [Number.POSITIVE_INFINITY, 0, undefined as F3SnapshotEntry | undefined];
  let bytes = 0;
  try {
    for await (const entry of reader.certificates) {
      shortest = Math.min(shortest, entry.bytes.length);
      longest = Math.max(longest, entry.bytes.length);
      bytes += entry.bytes.length;
      last = entry;
      if (entry.instance % 4096 === 0) progress.update("read", entry.instance - first, latest - first + 1);
    }
  } finally {
    progress.stop();
  }
  const { cid } = reader;
  if (input.cid !== undefined && cid !== undefined && !equalBytes(input.cid.bytes, cid.bytes)) {
    throw new F3SnapshotError("f3/snapshot-other-cid", { expected: input.cid.toString(), found: cid.toString() });
  }
  const certificates = latest - first + 1;
  const table = createPowerTable(initialPowerTable);
  const head = last?.certificate.chain.at(-1);
  const document = {
    file: input.name,
    container: input.container,
    compression: input.compression,
    fileBytes: input.fileBytes,
    cid: cid?.toString(),
    bytes: reader.bytes,
    version,
    first,
    latest,
    certificates,
    certificateBytes: { least: shortest, mean: Math.round(bytes / certificates), most: longest },
    initialPowerTable: { cid: table.cid.toString(), members: table.entries.length, power: totalPower(table) },
    head: head && { epoch: head.epoch, cids: TipsetKey.cids(head.key).map(String) },
    nextPowerTable: last?.certificate.supplementalData.powerTable.toString(),
    verified: false,
  };
  output.answer(document, () => {
    const size = input.fileBytes === undefined ? "" : `, ${input.fileBytes} B`;
    const { least, mean, most } = document.certificateBytes;
    return [
      `file: ${input.container}${input.compression === "zstd" ? " in zstd" : ""}${size}`,
      `F3 data: ${cid}, ${reader.bytes} B, version ${version}`,
      `instances: ${first} to ${latest}: ${certificates} certificates of ${least} to ${most} B, ${mean} B on average`,
      `initial power table: ${table.cid}, ${table.entries.length} members`,
      `next power table: ${document.nextPowerTable}`,
      `head: ${tipsetText(head)}`,
      "nothing was verified",
    ].join("\n");
  });
  return 0;
}

/** `copse f3 verify` */
export async function f3Verify(context: CommandContext): Promise<number> {
  const { output, signal, terminal } = context;
  await using input = await openF3Input(context, needed(context, 0));
  const progress = createProgress(terminal);
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  await using threads = verifierThreads(context);
  try {
    let trust: Trust | undefined;
    const verified = verifyF3Snapshot(input.source, {
      manifest(header) {
        trust = trustOf(context, header);
        return trust.manifest;
      },
      trustTable: trustTableOf(context),
      check: threads,
      cid: input.cid,
      signal,
      onProgress: ({ first, latest, verified }) =>
        progress.update("verify", verified, latest - first + 1, `${Math.round(verified / seconds())}/s`),
    });
    const done = await advising(verified);
    progress.stop();
    const took = seconds();
    const { says, manifest } = trust as Trust;
    const { header, latest, position } = done;
    const head = latest.chain.at(-1);
    const document = {
      file: input.name,
      network: manifest.networkName,
      rootOfTrust: says,
      cid: done.cid.toString(),
      bytes: done.bytes,
      first: header.firstInstance,
      latest: header.latestInstance,
      certificates: done.certificates,
      finalTipset: head && { epoch: head.epoch, cids: TipsetKey.cids(head.key).map(String) },
      initialPowerTable: createPowerTable(header.initialPowerTable).cid.toString(),
      nextPowerTable: position.powerTable.cid.toString(),
      seconds: Number(took.toFixed(3)),
      certificatesPerSecond: Number((done.certificates / took).toFixed(1)),
      verified: true,
    };
    output.answer(document, () =>
      [
        `verified: instances ${document.first} to ${document.latest} of ${document.network}`,
        `root of trust: ${says}, power table ${document.initialPowerTable}`,
        `final tipset: ${tipsetText(head)}`,
        `power table of instance ${position.nextInstance}: ${document.nextPowerTable}`,
        `F3 data: ${document.cid}, ${document.bytes} B`,
        `${document.certificates} certificates in ${took.toFixed(1)} s: ${document.certificatesPerSecond} a second`,
      ].join("\n"),
    );
    return 0;
  } finally {
    progress.stop();
  }
}
