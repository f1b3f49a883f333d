import { blockError, type ChainReader, type LinkedTipset, verdictOf } from "@copse/chain";
import { type BeaconBelow, beaconBelow, beaconSearchDepth, checkBeacons } from "@copse/chain/validate";
import type { Network, Tipset } from "@copse/types";
import { decodeTipset } from "./decode-tipset.ts";
import { type SignatureChecker, settleAll } from "./signatures.ts";
import type { Stage } from "./stage.ts";

/** What checking beacons needs. */
export interface BeaconStageNeeds {
  readonly network: Network;
  readonly reader: ChainReader;
  readonly signatures: SignatureChecker;
}

/** Statement 5: the beacon entries of every header verify. */
export function beaconStage({ network, reader, signatures }: BeaconStageNeeds): Stage {
  return {
    level: "beacon-checked",
    size: 256,
    width: 3,
    async check(run, { signal }) {
      const tipsets = run.filter(({ height }) => height > 0).map(decodeTipset);
      const [first] = tipsets;
      if (first === undefined) return { counts: {} };
      const found = checkBeacons(network, tipsets, entryBelow(reader, first));
      const [faults = []] = await settleAll([found], signatures, { signal });
      const verdict = verdictOf(faults);
      if (verdict.kind === "invalid") throw blockError(verdict.fault);
      const unresolved = new Set(faults.map(({ facts }) => facts.height));
      const below = tipsets.filter(({ height }) => unresolved.has(height));
      const open = below.reduce((sum, { blocks }) => sum + (blocks[0]?.beaconEntries.length ?? 0), 0);
      return { unresolved, counts: { beacons: Math.max(0, found.entries - open) } };
    },
  };
}

/** The newest beacon entry below a tipset, found as the reference finds it: at most so many tipsets down. */
export function entryBelow(reader: Pick<ChainReader, "ancestors">, tipset: Tipset): BeaconBelow {
  const below: LinkedTipset[] = [];
  for (const parent of reader.ancestors(tipset.parents)) {
    below.push(parent);
    const entries = decodeTipset(parent).blocks[0]?.beaconEntries.length ?? 0;
    if (entries > 0 || below.length > beaconSearchDepth) break;
  }
  let found: BeaconBelow | undefined;
  for (const parent of below.reverse()) found = beaconBelow(decodeTipset(parent), found);
  return found ?? { height: -1, entry: { round: 0, signature: new Uint8Array(0) }, age: beaconSearchDepth };
}
