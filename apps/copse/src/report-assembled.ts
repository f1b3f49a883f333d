import type { Database, RowOp } from "@copse/blockstore";
import type { HeightRange } from "@copse/chain";
import { utf8 } from "@copse/primitives";
import { type Anchor, type AssembledReport, assembledReport } from "./assembled.ts";
import type { CommandContext } from "./commands/command.ts";
import { NodeError } from "./errors.ts";
import { levelLines } from "./levels.ts";
import type { CopseNode } from "./node-types.ts";
import { messageRange } from "./sync/assemble.ts";

/** What an assembled chain rests on, kept for those who ask later. */
export interface ReportBasis {
  readonly anchor: Anchor;
  /** Heights whose messages were to be checked. */
  readonly messages: HeightRange | undefined;
}

const table = "copse";
const key: Uint8Array = utf8("report");

/** The basis of the newest report in a repository. */
export function readBasis(database: Pick<Database, "rows">): ReportBasis {
  const row = database.rows(table).get(key);
  if (row === undefined) return { anchor: { kind: "stored", ids: [] }, messages: undefined };
  return JSON.parse(new TextDecoder().decode(row)) as ReportBasis;
}

function basisRow(basis: ReportBasis): RowOp {
  return { table, key, value: utf8(JSON.stringify(basis)) };
}

/**
 * Says what is assembled and how far it was checked, and keeps what that rests on.
 *
 * @throws {NodeError} `copse/not-assembled` where the whole chain was asked for and a statement does not hold
 */
export async function reportAssembled(node: CopseNode, anchor: Anchor, { output }: CommandContext): Promise<void> {
  const { store, network, options, counts } = node;
  const messages = messageRange(options.messages, { from: options.to, to: store.head?.height ?? 0 });
  await node.repo.database.commit({ rows: [basisRow({ anchor, messages })] });
  const f3 = node.f3?.client.head;
  const now = Date.now() / 1000;
  const report = assembledReport({ store, network, counts: counts.read(), anchor, messages, f3, now });
  if (report === undefined) return;
  node.metrics.heights.set({ what: "head" }, report.head);
  if (!output.json) output.event("summary", {}, summary(report));
  const facts = report as unknown as Record<string, unknown>;
  if (report.toGenesis) {
    output.event("assembled", facts, `assembled to genesis ${report.genesis}`);
    return;
  }
  output.event("assembled-partly", facts, `assembled to height ${report.lowest}, not to genesis`);
  if (options.to > 0) return; // as it was told
  const broken = Object.entries(report.statements).filter(([, holds]) => holds === false);
  throw new NodeError("copse/not-assembled", { why: `these do not hold: ${broken.map(([name]) => name).join(", ")}` });
}

function summary(report: AssembledReport): string {
  const { head, tipsets, headers, beacons, messageRoots, blsAggregates } = report;
  const { secpSignatures, delegatedSignatures, leaders, executedTipsets, executedMessages } = report;
  const counts =
    `head ${head}: ${tipsets} tipsets, ${headers} headers linked; ${beacons} beacon entries, ${messageRoots} message roots, ` +
    `${blsAggregates} BLS aggregates, ${secpSignatures} secp256k1 and ${delegatedSignatures} delegated signatures, ${leaders} leaders checked; ` +
    `${executedTipsets} tipsets with ${executedMessages} messages executed`;
  return [counts, ...levelLines(report.levels, report.assurance)].join("\n");
}
