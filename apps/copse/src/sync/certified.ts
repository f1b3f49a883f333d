import type { LinkedTipset } from "@copse/chain";
import { TipsetKey } from "@copse/types";
import { NodeError } from "../errors.ts";

/** A tipset that is final: a certificate of F3 names it. */
export interface CertifiedTipset {
  readonly key: TipsetKey;
  /** Its epoch, as the certificate says. */
  readonly height: number;
}

/** What is known of the chain before it is walked. */
export interface Certified {
  /** The highest; no chain that leaves it out is ours. */
  readonly newest: CertifiedTipset | undefined;
  /** The height of a certified tipset that a span was opened for. */
  heightOf(key: TipsetKey): number | undefined;
  /** The height of the highest such tipset below one; -1 where there is none. */
  below(height: number): number;
  /** Opens spans below certified tipsets, as many as may be open. */
  openSpans(): Promise<void>;
}

/**
 * Holds a run of linked tipsets against what is certified: a certified tipset has the epoch its certificate says, and a
 * chain that passes the height of the newest has that very tipset there.
 *
 * @param child height of the tipset above the run, where there is one
 * @throws {NodeError} `copse/not-certified`
 */
export function assertCertified(run: readonly LinkedTipset[], child: number | undefined, certified: Certified): void {
  const { newest } = certified;
  const [top] = run;
  if (top === undefined) return;
  for (const { key, height } of run) {
    const told = certified.heightOf(key);
    if (told === undefined || told === height) continue;
    const why = `its certificate says epoch ${told}, its headers are of height ${height}`;
    throw new NodeError("copse/not-certified", { tipset: TipsetKey.format(key), why });
  }
  if (newest === undefined || newest.height >= (child ?? top.height + 1)) return;
  const there = run.find(({ height }) => height <= newest.height);
  if (there === undefined || TipsetKey.equals(there.key, newest.key)) return;
  const why = `F3 finalized ${TipsetKey.format(newest.key)} at epoch ${newest.height}, which is no ancestor of it`;
  throw new NodeError("copse/not-certified", { tipset: TipsetKey.format(top.key), why });
}
