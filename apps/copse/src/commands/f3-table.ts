import { applyPowerTableDelta, type PowerTable } from "@copse/f3";
import { F3SnapshotError, readF3Snapshot, snapshotTable } from "@copse/f3/snapshot";
import { equalBytes } from "@copse/primitives";
import type { CID } from "multiformats/cid";
import { NodeError } from "../errors.ts";
import { openF3Input } from "../f3-files/f3-input.ts";
import { totalPower } from "../f3-files/f3-text.ts";
import { withCertificates } from "../f3-files/repo-certificates.ts";
import { countFlag } from "./car-input.ts";
import type { CommandContext } from "./command.ts";

interface Found {
  readonly network?: string;
  readonly instance: number;
  readonly table: PowerTable;
  readonly verified: boolean;
}

/** `copse f3 table` */
export async function f3ShowTable(context: CommandContext): Promise<number> {
  const wanted = countFlag(context, "instance", 0, Number.MAX_SAFE_INTEGER);
  const [file] = context.args;
  if (file !== undefined) return show(context, await tableOfFile(context, file, wanted));
  return withCertificates(context, async (store) => {
    const instance = wanted ?? (await store.position()).nextInstance;
    const next = (store.latest?.instance ?? store.first - 1) + 1;
    if (instance < store.first || instance > next) throw absent(instance, store.first, next);
    const table = await store.powerTable(instance, { signal: context.signal });
    return show(context, { network: store.networkName, instance, table, verified: true });
  });
}

/** The table as a file has it: what its certificates change, and the CIDs they sign; no signature is looked at. */
async function tableOfFile(context: CommandContext, file: string, wanted: number | undefined): Promise<Found> {
  await using input = await openF3Input(context, file);
  const reader = await readF3Snapshot(input.source, { signal: context.signal });
  const { firstInstance: first, latestInstance: latest } = reader.header;
  const instance = wanted ?? latest + 1;
  if (instance < first || instance > latest + 1) {
    await reader.close();
    throw absent(instance, first, latest + 1);
  }
  let table = snapshotTable(reader.header);
  let signed: CID = table.cid;
  if (instance === first) await reader.close();
  else {
    for await (const entry of reader.certificates) {
      const { powerTableDelta, supplementalData } = entry.certificate;
      table = applyPowerTableDelta(table, powerTableDelta);
      signed = supplementalData.powerTable;
      if (entry.instance === instance - 1) break;
    }
  }
  if (equalBytes(signed.bytes, table.cid.bytes)) return { instance, table, verified: false };
  const facts = { instance, expected: signed.toString(), found: table.cid.toString(), network: input.name };
  throw new F3SnapshotError("f3/snapshot-other-table", facts);
}

function show({ output }: CommandContext, { network, instance, table, verified }: Found): number {
  const { entries } = table;
  const power = totalPower(table);
  const document = {
    network,
    instance,
    cid: table.cid.toString(),
    members: entries.length,
    power,
    verified,
    // as Lotus and go-f3 print it
    table: entries.map(({ id, power: own, publicKey }) => ({ ID: Number(id), Power: String(own), PubKey: publicKey })),
  };
  output.answer(document, () =>
    [
      `power table of instance ${instance}: ${table.cid}, ${entries.length} members, power ${power}`,
      ...entries.map(({ id, power: own, publicKey }) => `f0${id} ${own} ${Buffer.from(publicKey).toString("hex")}`),
      ...(verified ? [] : ["no signature was verified"]),
    ].join("\n"),
  );
  return 0;
}

function absent(instance: number, first: number, next: number): NodeError {
  return new NodeError("copse/absent", { what: `power table of instance ${instance}: there are ${first} to ${next}` });
}
