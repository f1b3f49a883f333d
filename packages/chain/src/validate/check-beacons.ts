import { equalBytes } from "@copse/primitives";
import { type BeaconEntry, type BlockHeader, drandAt, type Network, type Tipset } from "@copse/types";
import { blockText } from "./block-text.ts";
import { type BeaconBelow, beaconSearchDepth, blockValues } from "./block-values.ts";
import type { BlockFacts } from "./errors.ts";
import { type Findings, fault, findings, type RuleChecks } from "./verdict.ts";

/** The findings of {@link checkBeacons}. */
export interface CheckedBeacons extends RuleChecks {
  /** Entries whose signatures are among `checks`, each once per tipset. */
  readonly entries: number;
  /** Entries taken by rule, unverified: the first after a genesis, and the older one of two where the beacon changes. */
  readonly accepted: number;
  /** What the tipset above the run must know: hand it to the next run. */
  readonly last: BeaconBelow;
}

/** The genesis tipset as seen from the first tipset above it. */
export function beaconBelow(tipset: Tipset, below?: BeaconBelow): BeaconBelow {
  const entry = tipset.blocks[0]?.beaconEntries.at(-1);
  if (entry !== undefined) return { height: tipset.height, entry, age: 0 };
  const age = (below?.age ?? 0) + 1;
  return { height: tipset.height, entry: below?.entry ?? noEntry, age: below === undefined ? beaconSearchDepth : age };
}

const noEntry: BeaconEntry = { round: 0, signature: new Uint8Array(0) };

/**
 * Checks the beacon entries of linked tipsets: their number and rounds at once; their signatures are handed back.
 *
 * @param tipsets - oldest first, each the parent of the next
 * @param below - what is under the first: `beaconBelow(parent)`, or `last` of the run below
 * @see lotus:chain/beacon/beacon.go ValidateBlockValues
 * @example
 * const { checks, last } = checkBeacons(mainnet, tipsets, beaconBelow(genesis));
 */
export function checkBeacons(network: Network, tipsets: readonly Tipset[], below: BeaconBelow): CheckedBeacons {
  const found = findings();
  const counts = { entries: 0, accepted: 0 };
  let last = below;
  for (const tipset of tipsets) {
    for (const [i, header] of distinctEntries(tipset, found)) {
      checkHeader(network, header, blockText(tipset, i), last, found, counts);
    }
    last = beaconBelow(tipset, last);
  }
  return { ...found, ...counts, last };
}

// Honest blocks of a tipset carry equal entries, so the first stands for all. Where one differs either may be the wrong
// one: both are checked, and that they differ marks neither.
function distinctEntries(tipset: Tipset, found: Findings): [number, BlockHeader][] {
  const first = tipset.blocks[0] as BlockHeader;
  const distinct: [number, BlockHeader][] = [[0, first]];
  for (const [i, block] of tipset.blocks.entries()) {
    if (i === 0 || equalEntries(first.beaconEntries, block.beaconEntries)) continue;
    const facts = { block: blockText(tipset, i), height: block.height, first: blockText(tipset, 0) };
    found.faults.push(fault("unresolved", "block/beacon-entries-differ", facts));
    distinct.push([i, block]);
  }
  return distinct;
}

function equalEntries(a: readonly BeaconEntry[], b: readonly BeaconEntry[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((entry, i) => equalEntry(entry, b[i] as BeaconEntry));
}

function equalEntry(a: BeaconEntry, b: BeaconEntry): boolean {
  return a.round === b.round && equalBytes(a.signature, b.signature);
}

function checkHeader(
  network: Network,
  header: BlockHeader,
  block: string,
  below: BeaconBelow,
  found: Findings,
  counts: { entries: number; accepted: number },
): void {
  const { height } = header;
  const values = blockValues(network, header, below);
  if (values.broken !== undefined) {
    const { code, facts } = values.broken;
    found.faults.push(fault("invalid", code, { block, height, ...facts } as BlockFacts[typeof code]));
    return;
  }
  counts.accepted += values.accepted;
  counts.entries += values.verify.length;
  const { scheme, publicKey, name: beacon } = drandAt(network, height).beacon;
  for (const [{ round, signature }, previous] of values.verify) {
    const check = { kind: "beacon", scheme, publicKey, round, signature } as const;
    found.checks.push(scheme === "chained" ? { ...check, previous: previous.signature } : check);
    found.otherwise.push(fault("invalid", "block/beacon-signature-wrong", { block, height, round, beacon }));
  }
}
