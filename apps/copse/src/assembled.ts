import { type AssuranceLevel, type ChainStore, coversRange, type HeightRange } from "@copse/chain";
import { chainCidLength } from "@copse/ipld";
import { type Network, TipsetKey } from "@copse/types";
import { type EcFinalityStatus, ecFinality } from "./ec-finality.ts";
import type { F3Head } from "./f3/certificates.ts";
import { countLevels, type LevelCounts, levelLines } from "./levels.ts";
import type { Counts } from "./sync/counts.ts";

/** What the newest tipset rests on: whose word it is that this is the chain. */
export interface Anchor {
  /**
   * `import`: a file of the operator's. `peers`: heads that so many peers support. `f3`: the newest tipset that F3
   * finalized, where no peer told more. `stored`: as stored before.
   */
  readonly kind: "import" | "peers" | "f3" | "stored";
  readonly ids: readonly string[];
  /**
   * With `peers`: whether leaders of the head's chain were looked at before it was taken, and hold. Where not, no state was
   * to be had, and it is the heaviest that enough peers support.
   */
  readonly judged?: boolean;
}

/** One line that says what was assembled and how far it was checked. */
export interface AssembledReport {
  readonly genesis: string;
  readonly head: number;
  readonly headKey: readonly string[];
  readonly lowest: number;
  readonly tipsets: number;
  readonly headers: number;
  readonly beacons: number;
  readonly messageRoots: number;
  readonly messages: number;
  readonly blsAggregates: number;
  readonly secpSignatures: number;
  readonly delegatedSignatures: number;
  readonly unresolvedSenders: number;
  readonly leaders: number;
  readonly leadersOnOlderState: number;
  readonly weights: number;
  /** 0 says that nobody verified any: they are unchecked. */
  readonly winningProofs: number;
  readonly executedTipsets: number;
  readonly executedMessages: number;
  readonly anchor: Anchor;
  /** The newest certificate of F3; null where there is none. */
  readonly f3: {
    readonly instance: number;
    readonly height: number;
    readonly key: readonly string[];
    /** CID of the power table that validates the next instance. */
    readonly powerTable: string;
  } | null;
  /** What the count of blocks makes final, without F3. */
  readonly finality: EcFinalityStatus;
  /** Heights that reached each level, lowest first. */
  readonly assurance: Readonly<Partial<Record<AssuranceLevel, readonly HeightRange[]>>>;
  /** How much of the chain reached each level. */
  readonly levels: LevelCounts;
  /** Whether each statement of the table of "assembled to genesis" holds; `null` where there is nothing to judge. */
  readonly statements: Readonly<Record<string, boolean | null>>;
  /** Whether "assembled to genesis" may be said. */
  readonly toGenesis: boolean;
}

/** What the report is made from. */
export interface ReportNeeds {
  readonly store: ChainStore;
  readonly counts: Counts;
  readonly network: Network;
  readonly anchor: Anchor;
  /** Heights whose messages were to be checked; absent when none were. */
  readonly messages: HeightRange | undefined;
  /** The newest tipset that certificates finalize, where there are any. */
  readonly f3?: F3Head | undefined;
  /** Unit: seconds since 1970. */
  readonly now: number;
}

/**
 * Reads from the store what was assembled and checked; counts nothing that was not.
 *
 * Cost: two passes over the rows of the chain.
 *
 * @see the table of statements: docs/how-it-works/assurance.md
 */
export function assembledReport(needs: ReportNeeds): AssembledReport | undefined {
  const { store, network, anchor, f3, now } = needs;
  const head = store.head;
  if (head === undefined) return undefined;
  let tipsets = 0;
  let headers = 0;
  let lowest = head.height;
  for (const { key, height } of store.reader.tipsets({ from: 0, to: head.height })) {
    if (tipsets === 0) lowest = height;
    tipsets++;
    headers += key.length / chainCidLength;
  }
  const { assurance } = store;
  const genesis = store.reader.tipsetAt(0);
  const whole: HeightRange = { from: 0, to: head.height };
  const above: HeightRange = { from: 1, to: head.height };
  const linked = coversRange(assurance.linked, whole) && genesis !== undefined;
  const epochNow = Math.floor((now - network.genesisTime) / network.blockDelay);
  const pins = network.checkpoints.filter(({ height }) => height <= head.height);
  // of tipsets above our head it says nothing that could hold here
  const finalTo = f3 !== undefined && f3.height >= lowest && f3.height <= head.height ? f3 : undefined;
  const statements = {
    "1-hashes": linked,
    "2-links": linked,
    "3-heights-and-times": linked,
    "4-genesis": linked && TipsetKey.cids(genesis.key).some((cid) => cid.equals(network.genesisCid)),
    "5-beacons": head.height === 0 || coversRange(assurance["beacon-checked"], above),
    "6-weights": linked,
    "7-messages": needs.messages === undefined ? null : coversRange(assurance["messages-checked"], needs.messages),
    "8-checkpoints":
      pins.length === 0 ? null : linked && pins.every(({ height, cid }) => holds(store, height, cid.toString())),
    "9-f3": finalTo === undefined ? null : coversRange(assurance["f3-final"], { from: lowest, to: finalTo.height }),
    "10-current": anchor.kind === "peers" ? anchor.ids.length >= 2 && epochNow - head.height <= 5 : null,
  };
  const failing = Object.entries(statements).filter(([name, holds_]) => holds_ === false && name !== "10-current");
  return {
    genesis: network.genesisCid.toString(),
    head: head.height,
    headKey: TipsetKey.cids(head.key).map(String),
    lowest,
    tipsets,
    headers,
    ...needs.counts,
    anchor,
    f3: f3 === undefined ? null : { ...f3, key: TipsetKey.cids(f3.key).map(String) },
    finality: ecFinality(store) ?? { ecFinalityThresholdDepth: -1, ecFinalizedTipSet: null },
    assurance: Object.fromEntries(Object.entries(assurance).filter(([, ranges]) => ranges.length > 0)),
    levels: countLevels(store.reader, assurance, head.height),
    statements,
    toGenesis: failing.length === 0,
  };
}

/** The report for people. */
export function assembledText(report: AssembledReport): string {
  const { head, headKey, genesis, lowest, toGenesis, anchor, levels, assurance, statements, finality } = report;
  const broken = Object.entries(statements).filter(([, holds_]) => holds_ === false);
  return [
    `head        ${head}  ${headKey.join(" ")}`,
    `assembled   ${toGenesis ? `to genesis ${genesis}` : `to height ${lowest}, not to genesis`}`,
    `anchor      ${anchor.kind}${anchor.ids.length === 0 ? "" : `: ${anchor.ids.join(" ")}`}${judgedText(anchor)}`,
    `EC finality ${finality.ecFinalizedTipSet === null ? "none by the count of blocks" : `height ${finality.ecFinalizedTipSet.Height}, ${finality.ecFinalityThresholdDepth} epochs below the head`}`,
    `statements  ${broken.length === 0 ? "none is broken" : `do not hold: ${broken.map(([name]) => name).join(", ")}`}`,
    "",
    ...levelLines(levels, assurance),
  ].join("\n");
}

function judgedText({ kind, judged }: Anchor): string {
  if (kind !== "peers") return "";
  return judged === true ? ", leaders of it hold" : ", by its weight alone: nobody could judge its leaders";
}

function holds(store: ChainStore, height: number, cid: string): boolean {
  const found = store.reader.tipsetAt(height);
  return found !== undefined && TipsetKey.cids(found.key).some((one) => one.toString() === cid);
}
