import type { Database, RowOp } from "@copse/blockstore";
import type { HeightRange } from "@copse/chain";
import { utf8 } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { type Anchor, type AssembledReport, assembledReport } from "./assembled.ts";
import type { CommandContext } from "./commands/command.ts";
import { NodeError } from "./errors.ts";
import { levelLines } from "./levels.ts";
import type { CopseNode } from "./node-types.ts";
import type { MessageScope } from "./options.ts";
import { messageRange } from "./sync/assemble.ts";

/** What an assembled chain rests on, kept for those who ask later. */
interface ReportBasis {
  readonly anchor: Anchor;
  /** CIDs of the head it is about. */
  readonly head: readonly string[];
  /** Whose messages were to be checked, above what height. */
  readonly messages: MessageScope;
  readonly to: number;
}

const table = "copse";
const key: Uint8Array = utf8("report");

/**
 * What the stored chain rests on, by the newest report in a repository. Where the head is another by now, what was told of
 * that one says nothing of it.
 *
 * @returns the anchor, and the heights up to the head whose messages were to be checked
 */
export function readBasis(
  database: Pick<Database, "rows">,
  head: { readonly key: TipsetKey; readonly height: number } | undefined,
): { readonly anchor: Anchor; readonly messages: HeightRange | undefined } {
  const stored: Anchor = { kind: "stored", ids: [] };
  const row = database.rows(table).get(key);
  if (row === undefined || head === undefined) return { anchor: stored, messages: undefined };
  const basis = JSON.parse(new TextDecoder().decode(row)) as Partial<ReportBasis>;
  if (basis.head === undefined || basis.messages === undefined) return { anchor: stored, messages: undefined }; // as it was written once
  const isItsHead = basis.head.join() === TipsetKey.cids(head.key).join();
  return {
    anchor: isItsHead && basis.anchor !== undefined ? basis.anchor : stored,
    messages: messageRange(basis.messages, { from: basis.to ?? 0, to: head.height }),
  };
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
  const head = TipsetKey.cids(store.head?.key ?? TipsetKey.empty).map(String);
  const basis = { anchor, head, messages: options.messages, to: options.to };
  await node.repo.database.commit({ rows: [basisRow(basis)] });
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
