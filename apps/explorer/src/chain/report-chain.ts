import type { AssuranceLevel } from "@copse/chain";
import { type Network, TipsetKey } from "@copse/types";
import type { Fact, Report } from "../verify/report.ts";
import { count, size, whole } from "../verify/words.ts";
import type { Heights } from "./chain-tally.ts";
import type { CheckedChain } from "./verify-chain.ts";

const notWon =
  "Headers cost nothing to forge. The file holds no state that shows who won the newest blocks, and no F3 snapshot verified here makes them final: that they are on the network's own chain is not shown.";
const notFinal =
  "Whether there is a heavier chain, and whether the states that headers name are what the messages lead to, a file cannot show; an F3 snapshot, verified first, tells what is final.";
const olderState =
  "Where the state that the rules name is not in the file, an earlier one spoke for the miners: what it confirms holds as long as they had kept key and power.";
const noWinningProofs =
  "Winning proofs of spacetime are not verified here; election proofs, tickets and signatures are.";

/** What a chain proves, in words. */
export function reportChain(
  network: Network,
  chain: CheckedChain,
  file: { readonly kind: string; readonly blocks: number; readonly bytes: number },
): Report {
  const { head, headHeight, tally, finalHeight, genesis, tipsets, headers } = chain;
  const wonHead = headHeight === 0 || tally.ranges("leader-checked").at(-1)?.to === headHeight;
  const isFinal = finalHeight === headHeight;
  const facts: Fact[] = [
    { label: "Network", value: network.name },
    { label: "Head", value: `epoch ${whole(headHeight)}` },
    { label: "Head tipset", value: TipsetKey.cids(head).join("\n"), form: "mono" },
    { label: "Genesis", value: TipsetKey.cids(genesis).join("\n"), form: "mono" },
    { label: "Linked", value: `${count(tipsets, "tipset")}, ${count(headers, "header")}: ${ranges(chain, "linked")}` },
    { label: "Beacons", value: beacons(chain) },
    {
      label: "Messages",
      value:
        tally.messageRoots === 0
          ? "none in the file"
          : `${count(tally.messageRoots, "message root")}, ${count(tally.messages, "message")}, ` +
            `${count(tally.aggregates, "BLS aggregate")}, ${count(tally.signatures, "single signature")}, ` +
            `${count(tally.baseFees, "base fee")}: ${ranges(chain, "messages-checked")}`,
    },
    { label: "Leaders", value: leaders(chain) },
    { label: "Final by F3", value: finalText(finalHeight) },
    { label: "File", value: `${file.kind}, ${count(file.blocks, "block")}, ${size(file.bytes)}, every block hashed` },
  ];
  const notes = tally.open.map((says) => `Left open: ${says}`);
  if (tally.openCount > tally.open.length) notes.push(`Left open: ${tally.openCount - tally.open.length} more`);
  if (!isFinal) notes.push(wonHead ? notFinal : notWon);
  if (tally.leadersOnOlderState > 0) notes.push(olderState);
  if (tally.leaders > 0) notes.push(noWinningProofs);
  const isWhole = tally.openCount === 0 && (wonHead || isFinal);
  return {
    kind: "header-chain",
    verdict: isWhole ? "verified" : "partly",
    headline: `${count(headers, "header")} from epoch ${whole(headHeight)} down to the genesis of ${network.name}`,
    facts,
    notes,
  };
}

function beacons(chain: CheckedChain): string {
  const { beacons: verified, acceptedBeacons: accepted } = chain.tally;
  if (chain.headHeight === 0) return "none: genesis has no randomness";
  const more = accepted > 0 ? `, ${accepted} accepted by rule` : "";
  return `${count(verified, "drand entry", "drand entries")} verified${more}: ${ranges(chain, "beacon-checked")}`;
}

function leaders(chain: CheckedChain): string {
  const { leaders: found, leadersOnOlderState: older } = chain.tally;
  if (chain.headHeight === 0) return "none: nobody won genesis";
  if (found === 0) return "no state in the file to look them up in";
  const by = older > 0 ? `; ${whole(older)} by an earlier state than the rules name` : "";
  return `${count(found, "block")} won and signed by their miners: ${ranges(chain, "leader-checked")}${by}`;
}

function finalText(height: number | undefined): string {
  return height === undefined ? "not known: no F3 snapshot verified here covers it" : `up to epoch ${whole(height)}`;
}

function ranges({ tally }: CheckedChain, level: AssuranceLevel): string {
  const found = tally.ranges(level);
  const text = ({ from, to }: Heights): string => (from === to ? whole(from) : `${whole(from)}–${whole(to)}`);
  const [only] = found;
  if (only === undefined) return "no epoch";
  if (found.length === 1 && only.from === only.to) return `epoch ${text(only)}`;
  const shown = found.slice(0, 4).map(text).join(", ");
  return `epochs ${shown}${found.length > 4 ? `, and ${count(found.length - 4, "range")} more` : ""}`;
}
